"""The pages themselves: the stores, a store's keys, an entry, and what deletes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_protect

from django_kvstore.errors import InvalidValue, KVStoreError
from django_kvstore.keys import key_problem
from django_kvstore.options import DEFAULT_TTL
from django_kvstore.store import Store
from django_kvstore.stores import kvstores

from . import editing
from .forms import FOR_EVER, SECONDS, AddForm, ValueForm
from .history import note
from .inspection import Inspection, inspect, load
from .model import KeyValueStore
from .overview import overview
from .permissions import may, may_any
from .scopes import Scope, scopes

if TYPE_CHECKING:
    _Base = ModelAdmin[KeyValueStore]
else:
    _Base = ModelAdmin

#: Keys on a page.
PAGE = 100


class StoreAdmin(_Base):
    """The stores in the place of a model's rows."""

    def get_urls(self) -> list[URLPattern]:
        """Return the pages' addresses; the first has the name that the admin's index links to."""
        pages: list[tuple[str, Callable[..., HttpResponse], str]] = [
            ("", self.stores, "changelist"),
            ("<str:alias>/", self.keys, "keys"),
            ("<str:alias>/add/", self.add, "entry_add"),
            ("<str:alias>/entry/", self.entry, "entry"),
            ("<str:alias>/delete/", self.delete, "entry_delete"),
            ("<str:alias>/flush/", self.flush, "flush"),
        ]
        prefix = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path(route, self.admin_site.admin_view(view), name=f"{prefix}_{name}")
            for route, view, name in pages
        ]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_any(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_any(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # The pages.

    def stores(self, request: HttpRequest) -> HttpResponse:
        """Every store that the user may see: what it is, what it can do, how it is."""
        if not may_any(request):
            raise PermissionDenied
        shown = [
            {**overview(alias), "url": self._url("keys", alias)}
            for alias in kvstores
            if may(request, "view", alias)
        ]
        return self._page(request, "stores", _("Key-value stores"), {"stores": shown})

    def keys(self, request: HttpRequest, alias: str) -> HttpResponse:
        """A page of keys, or for an engine that cannot list them a form for one key."""
        store = self._open(request, "view", alias)
        scope = self._scope(request, store)
        prefix = request.GET.get("q", "")
        context: dict[str, Any] = {
            "alias": store.alias,
            "scope": scope,
            "scopes": [(each, self._url("keys", alias, scope=each.name)) for each in scopes(store)],
            "q": prefix,
            "iterable": store.backend.iterable,
            "may_change": may(request, "change", store.alias),
            "may_delete": may(request, "delete", store.alias),
            "may_flush": may(request, "flush", store.alias) and store.backend.clearable,
        }
        if not store.backend.iterable:
            if prefix:
                return self._go("entry", alias, key=prefix, scope=scope.name)
        else:
            try:
                context |= self._list(request, scope, prefix)
            except KVStoreError as error:
                context["problem"] = str(error)
        return self._page(request, "keys", store.alias, context, alias)

    def _list(self, request: HttpRequest, scope: Scope, prefix: str) -> dict[str, Any]:
        store = scope.store
        start = scope.prefix + prefix
        problem = start and key_problem(start, 1024)
        if problem:
            return {"problem": problem}
        cursor = request.GET.get("cursor") or None
        cells, following = store.backend.scan(store.coder.prefix(start), cursor, PAGE)
        found = (inspect(store, store.coder.key(cell), raw, in_list=True) for cell, raw in cells)
        alias = request.resolver_match.kwargs["alias"]  # type: ignore[union-attr]
        rows = [
            {
                "entry": entry,
                "shown": entry.key[len(scope.prefix) :],
                "url": self._url("entry", alias, key=entry.key, scope=scope.name),
            }
            for entry in found
            if entry is not None
        ]
        here = {"scope": scope.name, "q": prefix}
        return {
            "rows": rows,
            "first": self._url("keys", alias, **here) if cursor else "",
            "next": self._url("keys", alias, cursor=following, **here) if following else "",
        }

    @method_decorator(csrf_protect)
    def entry(self, request: HttpRequest, alias: str) -> HttpResponse:
        """One entry: its value, and where allowed a form to change it."""
        store = self._open(request, "view", alias)
        scope, key = self._scope(request, store), request.GET.get("key", "")
        problem = key_problem(key, 1024)
        found = None if problem else self._try(request, lambda: load(scope.store, key))
        if found is None:
            messages.warning(request, problem or _("There is no entry “%s”.") % key)
            return self._go("keys", alias, scope=scope.name)
        may_change = may(request, "change", store.alias) and store.backend.atomic
        form = ValueForm(initial={"value": found.text, "seen": found.digest})
        context: dict[str, Any] = {"conflict": False}
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            form = ValueForm(request.POST)
            if form.is_valid():
                outcome = self._save(request, scope, found, form)
                if outcome is True:
                    return self._go("keys", alias, scope=scope.name)
                # Theirs is shown beside what was typed; saving again is over theirs, knowingly.
                context["conflict"] = outcome is False
                form.data = {**form.data.dict(), "seen": found.digest}  # type: ignore[attr-defined]
        context |= {
            "alias": store.alias,
            "entry": found,
            "form": form,
            "may_change": may_change and found.editable,
            "may_delete": may(request, "delete", store.alias),
            "delete_url": self._url("entry_delete", alias, scope=scope.name),
        }
        return self._page(request, "entry", key, context, alias)

    def _save(
        self, request: HttpRequest, scope: Scope, found: Inspection, form: ValueForm
    ) -> bool | None:
        """Return True when saved, False for a conflict, None when the form has an error now."""
        data = form.cleaned_data
        ttl = _ttl(data)
        if ttl is DEFAULT_TTL:
            ttl = scope.store.ttl(found.key)
        try:
            saved = editing.replace(scope.store, found.key, data["seen"], data["value"], ttl)
        except InvalidValue as error:
            form.add_error("value", f"{error.reason} {error.hint}")
            return None
        except KVStoreError as error:
            form.add_error(None, str(error))
            return None
        if saved:
            note(request, "changed", scope.store.alias, found.key)
            messages.success(request, _("The entry “%s” was changed.") % found.key)
        return saved

    @method_decorator(csrf_protect)
    def add(self, request: HttpRequest, alias: str) -> HttpResponse:
        """A form for a new entry."""
        store = self._open(request, "change", alias)
        form = AddForm(store, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            key = form.cleaned_data["key"]
            try:
                added = store.add(key, form.cleaned_data["value"], _ttl(form.cleaned_data))
            except KVStoreError as error:
                form.add_error(None, str(error))
            else:
                if added:
                    note(request, "added", store.alias, key)
                    messages.success(request, _("The entry “%s” was added.") % key)
                    return self._go("keys", alias)
                form.add_error("key", _("There is an entry of this key already."))
        context = {"alias": store.alias, "form": form}
        return self._page(request, "add", _("Add entry"), context, alias)

    @method_decorator(csrf_protect)
    def delete(self, request: HttpRequest, alias: str) -> HttpResponse:
        """Ask, then delete the chosen entries; only POST."""
        store = self._open(request, "delete", alias)
        scope, keys = self._scope(request, store), request.POST.getlist("key")
        if request.method != "POST" or not keys:
            messages.warning(request, _("Choose the entries to delete."))
            return self._go("keys", alias, scope=scope.name)
        if "confirmed" not in request.POST:
            context = {"alias": store.alias, "keys": keys, "seen": request.POST.get("seen", "")}
            return self._page(request, "delete", _("Are you sure?"), context, alias)
        seen = request.POST.get("seen", "")
        if seen and len(keys) == 1 and store.backend.atomic:
            deleted = keys if editing.remove(scope.store, keys[0], seen) else []
            if not deleted:
                messages.error(
                    request, _("Somebody else has changed or deleted it meanwhile; look again.")
                )
        else:
            deleted = [key for key in keys if scope.store.delete(key)]
        for key in deleted:
            note(request, "deleted", store.alias, key)
        if deleted:
            told = ngettext("%d entry was deleted.", "%d entries were deleted.", len(deleted))
            messages.success(request, told % len(deleted))
        return self._go("keys", alias, scope=scope.name)

    @method_decorator(csrf_protect)
    def flush(self, request: HttpRequest, alias: str) -> HttpResponse:
        """Ask, then delete every entry of a prefix, or of the store."""
        store = self._open(request, "flush", alias)
        scope = self._scope(request, store)
        prefix = request.POST.get("q", request.GET.get("q", ""))
        whole = scope.prefix + prefix
        if request.method == "POST":
            try:
                deleted = scope.store.clear(whole)
            except KVStoreError as error:
                messages.error(request, str(error))
            else:
                note(request, "deleted", store.alias, whole + "*", _("all of “%s”") % whole)
                number = _("All entries") if deleted is None else deleted
                messages.success(request, _("Deleted: %s.") % number)
            return self._go("keys", alias, scope=scope.name)
        count = scope.store.count(whole) if store.backend.iterable else None
        context = {"alias": store.alias, "prefix": whole, "q": prefix, "count": count}
        return self._page(request, "flush", _("Are you sure?"), context, alias)

    # What the pages share.

    def _open(self, request: HttpRequest, action: str, alias: str) -> Store:
        name = unquote(alias)
        if name not in kvstores:
            raise Http404(_("There is no store “%s”.") % name)
        if not may(request, action, name):
            raise PermissionDenied
        try:
            return kvstores[name]
        except ImproperlyConfigured as error:
            raise Http404(str(error)) from error

    def _scope(self, request: HttpRequest, store: Store) -> Scope:
        name = request.GET.get("scope", "")
        for scope in scopes(store):
            if scope.name == name:
                return scope
        return Scope("", _("All keys"), store)

    def _try(self, request: HttpRequest, read: Callable[[], Inspection | None]) -> Any:
        try:
            return read()
        except KVStoreError as error:
            messages.error(request, str(error))
            return None

    def _url(self, name: str, alias: str = "", **query: str) -> str:
        prefix = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}"
        # Aliases come quoted from a page's own address, and plain from the settings.
        arguments = [quote(unquote(alias))] if alias else []
        found = {key: value for key, value in query.items() if value}
        return reverse(f"{prefix}_{name}", args=arguments) + (
            f"?{urlencode(found)}" if found else ""
        )

    def _go(self, name: str, alias: str, **query: str) -> HttpResponse:
        return HttpResponseRedirect(self._url(name, alias, **query))

    def _page(
        self,
        request: HttpRequest,
        template: str,
        title: str,
        context: dict[str, Any],
        alias: str = "",
    ) -> HttpResponse:
        more = {"keys_url": self._url("keys", alias), "add_url": self._url("entry_add", alias)}
        more["flush_url"] = self._url(
            "flush", alias, scope=request.GET.get("scope", ""), q=request.GET.get("q", "")
        )
        more["delete_url"] = self._url("entry_delete", alias, scope=request.GET.get("scope", ""))
        whole = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "stores_url": self._url("changelist"),
            **(more if alias else {}),
            **context,
        }
        return TemplateResponse(request, f"admin/django_kvstore/{template}.html", whole)


def _ttl(data: dict[str, Any]) -> Any:
    if data["expiry"] == SECONDS:
        return data["seconds"]
    return None if data["expiry"] == FOR_EVER else DEFAULT_TTL
