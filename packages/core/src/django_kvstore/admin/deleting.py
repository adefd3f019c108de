"""The pages that ask before they delete: chosen entries, or all that begin alike."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_kvstore.errors import KVStoreError

from . import editing
from .history import note_flush, note_unfinished
from .spelling import read_spelled, show, spell
from .visit import Visit


def delete(visit: Visit) -> HttpResponse:
    """Ask, then delete the chosen entries."""
    visit.require("delete")
    request = visit.request
    asked = request.POST if request.method == "POST" else request.GET
    try:
        chosen = [read_spelled(token) for token in asked.getlist("key")]
    except ValueError:
        chosen = []
    if not chosen:
        messages.warning(request, _("Choose the entries to delete."))
        return visit.go("change")
    seen = asked.get("seen", "")
    if request.method != "POST" or "confirmed" not in request.POST:
        keys = [(spell(key), show(visit.scope.shown(key))) for key in chosen]
        title = _("Are you sure?")
        return visit.render("delete", title, crumb=_("Delete"), keys=keys, seen=seen)
    if seen and len(chosen) == 1 and visit.store.backend.atomic:
        deleted = _delete_seen(visit, chosen[0], seen)
    else:
        deleted = _delete_each(visit, chosen)
    if deleted:
        told = ngettext("%d entry was deleted.", "%d entries were deleted.", deleted)
        messages.success(request, told % deleted)
    return visit.go("change")


def _delete_seen(visit: Visit, key: str, seen: str) -> int:
    """Delete the entry unless somebody has changed it since the user looked at it."""
    store = visit.scope.store
    if visit.change("deleted", key, lambda: editing.remove(store, key, seen)):
        return 1
    told = _("Somebody else has changed or deleted this entry since you saw it. Look again.")
    messages.error(visit.request, told)
    return 0


def _delete_each(visit: Visit, keys: list[str]) -> int:
    deleted = 0
    for key in keys:
        try:
            deleted += visit.change("deleted", key, partial(visit.scope.store.delete, key))
        except KVStoreError as error:
            messages.error(visit.request, str(error))
            break
    return deleted


def flush(visit: Visit) -> HttpResponse:
    """Ask, then delete every entry that begins with what was searched for, or all of them."""
    visit.require("flush")
    try:
        start = visit.scope.start(visit.typed)
    except ValueError as error:
        messages.error(visit.request, str(error))
        return visit.go("change")
    store = visit.scope.store
    if visit.request.method != "POST":
        count = store.count(start) if store.backend.iterable else None
        shown = show(start) if start else ""
        return visit.render(
            "flush", _("Are you sure?"), crumb=_("Delete"), start=shown, count=count
        )
    name = visit.name(start) if start or visit.scope.store is not visit.store else ""
    try:
        deleted = store.clear(start)
    except KVStoreError as error:
        # Some may be gone already.
        note_unfinished(visit.request, "deleted", visit.alias, f"{name}*", str(error))
        messages.error(visit.request, str(error))
        return visit.go("change")
    note_flush(visit.request, visit.alias, name)
    if deleted is None:
        messages.success(visit.request, _("All entries were deleted."))
    else:
        told = ngettext("%d entry was deleted.", "%d entries were deleted.", deleted)
        messages.success(visit.request, told % deleted)
    return visit.go("change")
