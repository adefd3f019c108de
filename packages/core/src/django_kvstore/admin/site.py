"""The stores in Django's admin, in the place of a model's rows: which page is where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import connections, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from django_kvstore.errors import KVStoreError
from django_kvstore.stores import kvstores

from .deleting import delete, flush
from .entry import add, entry
from .listing import keys
from .model import KeyValueStore
from .overview import overviews
from .permissions import may, may_any
from .visit import Admin, Visit, address, render

Page = Callable[[Visit], HttpResponse]


def history(visit: Visit) -> HttpResponse:
    """What was changed here, by whom: the page that Django has for any model."""
    return visit.admin.history_view(visit.request, quote(visit.alias))


#: The pages of one store. The first has the name by which Django's history and index link to it.
PAGES: Final[tuple[tuple[str, str, Page], ...]] = (
    ("", "change", keys),
    ("entry/", "entry", entry),
    ("add/", "add", add),
    ("delete/", "delete", delete),
    ("flush/", "flush", flush),
    ("history/", "history", history),
)


class StoreAdmin(Admin):
    """Every page asks for its permissions itself: they are a store's, and not the model's."""

    def get_urls(self) -> list[URLPattern]:
        """Return the pages' addresses."""
        prefix = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("", self._apart(self.stores), name=f"{prefix}_changelist"),
            *(
                path(f"<str:alias>/{route}", self._view(page), name=f"{prefix}_{name}")
                for route, name, page in PAGES
            ),
        ]

    def stores(self, request: HttpRequest) -> HttpResponse:
        """Every store that the user may see: what it is, what it can do, how it is."""
        if not may_any(request):
            raise PermissionDenied
        shown = overviews(alias for alias in kvstores if may(request, "view", alias))
        for told in shown:
            told["url"] = address(self, "change", told["alias"])
        return render(self, request, "stores", _("Key-value stores"), {"stores": shown})

    def _view(self, page: Page) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, alias: str) -> HttpResponse:
            visit = Visit(self, request, unquote(alias))
            visit.require("view")
            if visit.alias not in kvstores:
                raise Http404(_("There is no store “%s”.") % visit.alias)
            try:
                return page(visit)
            except (KVStoreError, ImproperlyConfigured) as error:
                return visit.render_problem(error)

        return self._apart(view)

    def _apart(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        """Let staff alone see it, and keep it out of ATOMIC_REQUESTS.

        What an engine answers with an error is shown, and noted in the history: that must not be
        undone with the transaction that the error has spoilt.
        """
        made: Callable[..., HttpResponse] = self.admin_site.admin_view(view)
        for database in connections:
            made = transaction.non_atomic_requests(using=database)(made)
        return made

    # What Django asks of a model.

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> KeyValueStore | None:
        """Return what stands for the store."""
        return KeyValueStore(alias=object_id) if object_id in kvstores else None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_any(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_any(request) if obj is None else may(request, "view", obj.alias)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
