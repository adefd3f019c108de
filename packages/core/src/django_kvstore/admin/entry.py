"""The page of one entry, and the page that adds one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils.translation import gettext as _

from django_kvstore.errors import InvalidValue, KVStoreError
from django_kvstore.options import MISSING

from . import editing
from .forms import KEEP, AddForm, ExpiryForm, ValueForm
from .history import EXPIRY, VALUE
from .inspection import Inspection, load
from .spelling import show, spell
from .visit import Visit


def entry(visit: Visit) -> HttpResponse:
    """One entry: its value, and where allowed a form to change it."""
    key = visit.request.GET.get("key", "")
    if visit.request.method == "POST":
        return _change(visit, key)
    found = load(visit.scope.store, key)
    if found is None:
        messages.warning(visit.request, _("There is no entry “%s”.") % _named(visit, key))
        return visit.go("change")
    return _show(visit, key, found, _form(found))


def _form(found: Inspection) -> ExpiryForm:
    initial = {"seen": found.digest, "expiry": KEEP}
    if found.editable:
        return ValueForm(initial={**initial, "value": found.text})
    return ExpiryForm(initial=initial)


def _change(visit: Visit, key: str) -> HttpResponse:
    visit.require("change")
    if not visit.store.backend.atomic:
        raise PermissionDenied
    posted = visit.request.POST
    form = ValueForm(posted) if "value" in posted else ExpiryForm(posted)
    found, conflict = None, ""
    valid = _is_valid(visit, key, form)  # whatever comes now, what was typed is shown again
    try:
        found = load(visit.scope.store, key)
        seen = posted.get("seen", editing.NOTHING)
        if seen != (found.digest if found else editing.NOTHING):
            conflict = "changed" if found else "deleted"
        elif valid:
            if _save(visit, key, seen, form, found):
                told = _("The entry “%s” was changed.") % _named(visit, key)
                messages.success(visit.request, told)
                return visit.go("change")
            found = load(visit.scope.store, key)
            conflict = "changed" if found else "deleted"
    except InvalidValue as error:
        _refuse(form, error)
    except KVStoreError as error:
        form.add_error(None, str(error))
    if conflict:
        # Theirs is shown beside what was typed; saving again is over theirs, knowingly.
        form.again(found.digest if found else editing.NOTHING)
    return _show(visit, key, found, form, conflict)


def _save(visit: Visit, key: str, seen: str, form: ExpiryForm, found: Inspection | None) -> bool:
    store, value = visit.scope.store, form.value
    expires = form.expires(visit.scope, found)
    fields = [] if value is MISSING else [VALUE]
    if form.cleaned_data["expiry"] != KEEP:
        fields.append(EXPIRY)

    def save() -> bool:
        if value is MISSING:
            return editing.retime(store, key, seen, expires)
        return editing.replace(store, key, seen, value, expires)

    return visit.change("changed" if found else "added", key, save, fields)


def _show(
    visit: Visit, key: str, found: Inspection | None, form: ExpiryForm, conflict: str = ""
) -> HttpResponse:
    may_change = visit.may("change") and visit.store.backend.atomic
    typed = isinstance(form, ValueForm) and form.is_bound
    name = _named(visit, key)
    return visit.render(
        "entry",
        name,
        crumb=name,
        entry=found,
        shown=show(visit.scope.shown(key)),
        conflict=conflict,
        form=form,
        may_change=may_change and (typed or found is None or found.sound),
        delete_url=visit.here("delete", key=spell(key), seen=found.digest if found else ""),
    )


def add(visit: Visit) -> HttpResponse:
    """A form for a new entry."""
    visit.require("change")
    posted = visit.request.method == "POST"
    typed = {name: visit.request.GET.get(name, "") for name in ("key", "escapes")}
    form = AddForm(visit.scope, visit.request.POST if posted else None, initial=typed)
    if posted and form.is_valid() and _is_valid(visit, form.cleaned_data["key"], form):
        try:
            if _add(visit, form.cleaned_data["key"], form.value, form.ttl()):
                return visit.go("change")
            form.add_error("key", _("There is an entry of this key already."))
        except InvalidValue as error:
            _refuse(form, error)
        except KVStoreError as error:
            form.add_error(None, str(error))
    return visit.render("add", _("Add entry"), crumb=_("Add entry"), form=form)


def _is_valid(visit: Visit, key: str, form: ExpiryForm) -> bool:
    """Say whether the form is valid, and its value what the model of that key accepts."""
    if not form.is_valid():
        return False
    # A part of the store with a namespace of its own holds no objects of models.
    if not isinstance(form, ValueForm) or visit.scope.store is not visit.store:
        return True
    return form.clean_object(visit.alias, key)


def _add(visit: Visit, key: str, value: Any, ttl: Any) -> bool:
    added = visit.change("added", key, lambda: visit.scope.store.add(key, value, ttl))
    if added:
        told = _("The entry “%s” was added.") % _named(visit, key)
        messages.success(visit.request, told)
    return added


def _refuse(form: ExpiryForm, error: InvalidValue) -> None:
    where = "value" if "value" in form.fields else None
    form.add_error(where, f"{error.reason} {error.hint}")


def _named(visit: Visit, key: str) -> str:
    return spell(visit.scope.shown(key))
