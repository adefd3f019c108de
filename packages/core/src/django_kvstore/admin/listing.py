"""The page of a store's keys; for an engine that cannot list them, of one key."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.core.signing import BadSignature, Signer
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from django_kvstore.errors import KVStoreError
from django_kvstore.keys import key_problem

from .forms import ESCAPES
from .inspection import Inspection, inspect, load
from .scopes import SOURCES, find_scope
from .spelling import show, spell
from .visit import Visit, address

#: Keys on a page.
PAGE: Final = 100
#: Longer keys are shown cut: they are whole on their own page.
KEY_CHARACTERS: Final = 160


def keys(visit: Visit) -> HttpResponse:
    """A page of keys that begin with what was typed, or whether there is that very key."""
    if "name" in visit.request.GET:
        return _go_to_scope(visit)
    context: dict[str, Any] = {
        "tools": "admin/django_kvstore/tools.html",
        "iterable": visit.store.backend.iterable,
        "clearable": visit.store.backend.clearable,
        "q": visit.request.GET.get("q", ""),
        "escapes": "escapes" in visit.request.GET,
        "escapes_label": ESCAPES,
    }
    try:
        if context["iterable"]:
            context |= _list(visit)
        elif context["q"]:
            found = _look_up(visit, visit.scope.key(visit.typed))
            if isinstance(found, HttpResponse):
                return found
            context |= found
    except (KVStoreError, ValueError) as error:
        context["problem"] = str(error)
    try:
        context["filters"] = _filters(visit)
    except KVStoreError as error:
        messages.error(visit.request, str(error))
    return visit.render("keys", _title(visit), **context)


def _go_to_scope(visit: Visit) -> HttpResponse:
    name = f"{visit.request.GET.get('kind', '')}:{spell(visit.request.GET['name'])}"
    if find_scope(visit.store, name) is None:
        messages.warning(visit.request, _("There is no such name."))
        name = ""
    return HttpResponseRedirect(address(visit.admin, "change", visit.alias, scope=name))


def _title(visit: Visit) -> str:
    return f"{visit.alias}: {visit.scope.title}" if visit.scope.name else visit.alias


def _look_up(visit: Visit, key: str) -> HttpResponse | dict[str, Any]:
    if load(visit.scope.store, key) is not None:
        return visit.go("entry", key=key)
    return {"missing": spell(visit.scope.shown(key))}


def _list(visit: Visit) -> dict[str, Any]:
    store, start = visit.scope.store, visit.scope.start(visit.typed)
    problem = key_problem(start, 1024) if start else None
    if problem:
        return {"problem": str(problem)}
    # A cursor is where the engine goes on reading, whosever cells those are: it must be our own.
    signer = Signer(salt=f"django_kvstore.admin.cursor:{visit.alias}:{visit.scope.name}:{start}")
    signed, cursor = visit.request.GET.get("cursor"), None
    if signed:
        try:
            cursor = str(signer.unsign_object(signed))
        except (BadSignature, ValueError):
            return {"problem": _("This is no address of a page; go to the first one.")}
    cells, following = store.backend.scan(store.coder.prefix(start), cursor, PAGE)
    found = (inspect(store, store.coder.key(cell), raw, in_list=True) for cell, raw in cells)
    return {
        "rows": [_row(visit, entry) for entry in found if entry is not None],
        "first": visit.here("change", cursor="") if cursor else "",
        "next": visit.here("change", cursor=signer.sign_object(following)) if following else "",
    }


def _row(visit: Visit, entry: Inspection) -> dict[str, Any]:
    name = visit.scope.shown(entry.key) or entry.key
    cut = name[:KEY_CHARACTERS]
    return {
        "entry": entry,
        "token": spell(entry.key),
        "name": spell(cut),
        "shown": show(cut),
        "cut": cut != name,
        "url": visit.here("entry", key=entry.key),
    }


def _filters(visit: Visit) -> list[dict[str, Any]]:
    """Return for each kind of scope those there are, and what to ask for where there are more."""
    found = []
    for source in SOURCES:
        if source.serves(visit.store):
            listed = [
                {
                    "title": scope.title,
                    "url": address(visit.admin, "change", visit.alias, scope=scope.name),
                    "selected": scope.name == visit.scope.name,
                }
                for scope in source.listed(visit.store)
            ]
            asks = {"kind": source.kind, "asks": source.asks, "title": source.title}
            found.append({**asks, "scopes": listed})
    return found
