"""A visit: one request for a page of one store, and what every such page needs.

``visit.require("change"); visit.scope.store.get("key"); return visit.render("entry", …)``
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlencode

import django
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from django_kvstore.errors import OutcomeUnknown
from django_kvstore.store import Store
from django_kvstore.stores import kvstores

from .history import note, note_unfinished
from .model import KeyValueStore
from .permissions import ACTIONS, may
from .scopes import Scope, find_scope
from .spelling import read_spelled, spell

if TYPE_CHECKING:
    Admin = ModelAdmin[KeyValueStore]
else:
    Admin = ModelAdmin

T = TypeVar("T")

#: From 6.1 on, Django's own templates have the tools beside the title and breadcrumbs in a list.
MODERN: Final = django.VERSION >= (6, 1)


class Visit:
    """Who asks for which store and which part of it; made after the alias was found in order."""

    def __init__(self, admin: Admin, request: HttpRequest, alias: str) -> None:
        self.admin = admin
        self.request = request
        self.alias = alias

    @cached_property
    def store(self) -> Store:
        """The store; raises ``ImproperlyConfigured``."""
        return kvstores[self.alias]

    @cached_property
    def scope(self) -> Scope:
        """The part of the store that the address names, or all of it; raises ``Http404``."""
        found = find_scope(self.store, self.request.GET.get("scope", ""))
        if found is None:
            # Never all of the store in its place: somebody may be about to delete it.
            raise Http404(_("There is no such part of the store “%s”.") % self.alias)
        return found

    @property
    def typed(self) -> str:
        """What was searched for; raises ``ValueError`` for a wrong escape."""
        typed = self.request.GET.get("q", "")
        return read_spelled(typed) if "escapes" in self.request.GET else typed

    def may(self, action: str) -> bool:
        """Say whether the user may do that with the store."""
        return may(self.request, action, self.alias)

    def require(self, action: str) -> None:
        """Raise ``PermissionDenied`` unless the user may."""
        if not self.may(action):
            raise PermissionDenied

    def change(self, what: str, key: str, act: Callable[[], T], fields: Iterable[str] = ()) -> T:
        """Run `act`, and note in the history that it was done, or that nobody knows."""
        try:
            done = act()
        except OutcomeUnknown as error:
            note_unfinished(self.request, what, self.alias, self.name(key), str(error))
            raise
        if done:
            note(self.request, what, self.alias, self.name(key), fields)
        return done

    def name(self, key: str) -> str:
        """Return the key as the history has it: found again, whichever part of the store it is."""
        if self.scope.store is self.store:
            return spell(key)
        return f"{self.scope.name}: {spell(self.scope.shown(key))}"

    def url(self, page: str, **query: str) -> str:
        """Return the address of a page about the same part of the store."""
        return address(self.admin, page, self.alias, scope=self.scope.name, **query)

    def here(self, page: str, **query: str) -> str:
        """Return the address of a page that leads back to this page of the list."""
        asked = {name: self.request.GET.get(name, "") for name in ("q", "escapes", "cursor")}
        return self.url(page, **{**asked, **query})

    def go(self, page: str, **query: str) -> HttpResponse:
        """Send the user there."""
        return HttpResponseRedirect(self.here(page, **query))

    def render(self, template: str, title: str, **context: Any) -> HttpResponse:
        """Return a page of the store."""
        urls = {f"{page}_url": self.here(page) for page in ("change", "add", "delete", "flush")}
        mays = {f"may_{action}": self.may(action) for action in ACTIONS}
        known = {"alias": self.alias, "scope": self.scope, "atomic": self.store.backend.atomic}
        history = {
            "history_url": address(self.admin, "history", self.alias),
            "store_url": address(self.admin, "change", self.alias),
        }
        whole = {**urls, **mays, **known, **history, **context}
        return render(self.admin, self.request, template, title, whole)

    def render_problem(self, error: Exception) -> HttpResponse:
        """Return a page that says what is wrong with the engine."""
        store_url = address(self.admin, "change", self.alias)
        context = {"alias": self.alias, "store_url": store_url, "problem": str(error)}
        return render(self.admin, self.request, "problem", self.alias, context)


def address(admin: Admin, page: str, alias: str = "", **query: str) -> str:
    """Return the address of a page of the admin."""
    name = f"{admin.admin_site.name}:{admin.opts.app_label}_{admin.opts.model_name}_{page}"
    found = {key: value for key, value in query.items() if value}
    path = reverse(name, args=[quote(alias)] if alias else [])
    return f"{path}?{urlencode(found)}" if found else path


def render(
    admin: Admin, request: HttpRequest, template: str, title: str, context: dict[str, Any]
) -> HttpResponse:
    """Return a page of the admin; `title` is text."""
    request.current_app = admin.admin_site.name
    whole = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": title,
        "changelist_url": address(admin, "changelist"),
        "modern": MODERN,
        **context,
    }
    return TemplateResponse(request, f"admin/django_kvstore/{template}.html", whole)
