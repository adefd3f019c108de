"""What the settings say of stores: one dict for each alias.

``KEY_VALUE_STORE_BACKEND = "db://kvstore"``, or several::

    KEY_VALUE_STORES = {
        "default": "db://kvstore",
        "counters": {"URL": "memcached://10.0.0.1:11211", "TTL": 300, "OPTIONS": {"timeout": 1}},
    }
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .backend import Backend
from .legacy import LegacyBackend
from .options import PARAMS, StoreOptions
from .params import ParamValues, read_params, secret_names, shown_names
from .redaction import Redactor
from .url import StoreURL

DEFAULT_ALIAS: Final = "default"
SETTINGS: Final = frozenset({"KEY_VALUE_STORE_BACKEND", "KEY_VALUE_STORES"})


@dataclass(frozen=True)
class StoreConfig:
    """One store as configured: its URL taken apart, and everything said besides the URL.

    `given` are the entries of the settings' dict but URL and OPTIONS, in lower case; `engine` are
    the OPTIONS.
    """

    alias: str
    url: StoreURL
    given: Mapping[str, Any]
    engine: Mapping[str, Any] = field(repr=False)

    @classmethod
    def read(cls, alias: str, entry: object) -> StoreConfig:
        """Read one entry of the settings; raises ``ImproperlyConfigured``."""
        __traceback_hide__ = True  # see `redaction`
        if isinstance(entry, str):
            entry = {"URL": entry}
        if not isinstance(entry, Mapping) or "URL" not in entry:
            raise ImproperlyConfigured(
                f"The store '{alias}' is neither a URL nor a dict with one: write "
                f"{{'URL': 'db://kvstore'}}."
            )
        try:
            url = StoreURL.parse(entry["URL"])
        except ValueError as error:
            raise ImproperlyConfigured(f"The URL of the store '{alias}': {error}.") from None
        options = entry.get("OPTIONS")
        every = [*entry, *(options if isinstance(options, Mapping) else ())]
        odd = [name for name in every if not isinstance(name, str)]
        if odd:
            raise ImproperlyConfigured(
                f"The store '{alias}' has the name {odd[0]!r} among its options, which is no "
                "str: write 'TTL', say."
            )
        given = {name.lower(): value for name, value in entry.items() if name != "URL"}
        engine = given.pop("options", {})
        unknown = sorted(set(given) - StoreOptions.names())
        if unknown or not isinstance(engine, Mapping):
            problem = (
                f"knows no '{unknown[0].upper()}'" if unknown else "has OPTIONS that are no dict"
            )
            names = ", ".join(name.upper() for name in sorted(StoreOptions.names()))
            raise ImproperlyConfigured(
                f"The store '{alias}' {problem}: an entry of KEY_VALUE_STORES takes URL, {names}, "
                f"and what the engine takes in OPTIONS."
            )
        # Which parameters are secrets is not known before the backend is.
        return cls(alias, replace(url, hidden=frozenset(url.params)), given, engine)

    @classmethod
    def of_url(cls, url: str) -> StoreConfig:
        """Read a URL of no alias, for which it stands itself; raises ``ImproperlyConfigured``."""
        __traceback_hide__ = True
        try:
            parsed = StoreURL.parse(url)
        except ValueError as error:
            raise ImproperlyConfigured(f"The URL of a store: {error}.") from None
        # What is declared nowhere may be a secret: one misspelt, or of a backend that is not there.
        known = StoreOptions.names()
        with suppress(ImproperlyConfigured):
            known |= shown_names(cls("", parsed, {}, {}).backend_class().params)
        hidden = [name for name in parsed.params if name.lower() not in known]
        shown = replace(parsed, hidden=frozenset(hidden))
        return cls(str(shown), shown, {}, {})

    def backend_class(self) -> type[Backend]:
        """Return the class of the store's backend; raises ``ImproperlyConfigured``."""
        if "." in self.url.scheme:
            return LegacyBackend
        # What finds plugins takes longer to import than all of the core, and is needed only now.
        from .plugins import load_backend

        try:
            return load_backend(self.url.scheme)
        except ImproperlyConfigured as error:
            told = self._hide(f"The store '{self.alias}': {error}")
            raise ImproperlyConfigured(told) from error.__cause__

    def read_options(self) -> StoreOptions:
        """Return the options that every store takes; raises ``ImproperlyConfigured``."""
        asked = {n: v for n, v in self.url.params.items() if n.lower() in StoreOptions.names()}
        return StoreOptions(**self._read(PARAMS, asked, self.given))

    def open_backend(self) -> Backend:
        """Make the backend, without any I/O; raises ``ImproperlyConfigured``."""
        backend_class = self.backend_class()
        __traceback_hide__ = True
        asked = {n: v for n, v in self.url.params.items() if n.lower() not in StoreOptions.names()}
        if backend_class is LegacyBackend:
            given = {**asked, **self.engine}
            try:
                return backend_class(self.alias, self.url, ParamValues(given, given))
            except ImproperlyConfigured as error:
                raise ImproperlyConfigured(self._hide(str(error))) from error.__cause__
        params = self._read(backend_class.params, asked, self.engine)
        url = replace(self.url, hidden=frozenset(secret_names(backend_class.params)))
        try:
            return backend_class(self.alias, url, params)
        except ValueError as error:
            told = f"The store '{self.alias}' ({self.url.scheme}): {error}."
            raise ImproperlyConfigured(self._hide(told, backend_class.params, params)) from None

    def _read(
        self, declared: tuple[Any, ...], in_url: Mapping[str, Any], beside: Mapping[str, Any]
    ) -> dict[str, Any]:
        __traceback_hide__ = True
        where = f"The store '{self.alias}' ({self.url.scheme})"
        try:
            # Both at once, so that one thing said twice is told and not resolved by some rule.
            both = in_url.keys() & beside.keys()
            if both:
                raise ValueError(
                    f"{where} is given '{min(both)}' in its URL and beside it: keep one of them."
                )
            return read_params(declared, {**in_url, **beside}, where=where)
        except ValueError as error:
            raise ImproperlyConfigured(self._hide(str(error), declared, beside)) from None

    def _hide(
        self,
        text: str,
        declared: tuple[Any, ...] = (),
        options: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the text without secrets, and without what may be a password in a wrong place."""
        return Redactor(self.url, declared, options or {}, also=self.url.suspects)(text)


def read_settings() -> dict[str, StoreConfig]:
    """Return the configured stores by alias; raises ``ImproperlyConfigured``."""
    entries = configured_entries()
    return {alias: StoreConfig.read(alias, entry) for alias, entry in entries.items()}


def whole_url(entry: object) -> object:
    """Return the URL that alone says which keys the entry's store has; None if it does not."""
    __traceback_hide__ = True
    if not isinstance(entry, Mapping):
        return entry
    if any(value and str(name).lower() == "namespace" for name, value in entry.items()):
        return None
    return entry.get("URL")


class Entries(dict[str, Any]):
    """The settings' entries by alias; ``repr`` shows the aliases alone."""

    def __repr__(self) -> str:
        return repr(list(self))


def configured_entries() -> Entries:
    """Return what the two settings say, by alias, each entry as it stands."""
    __traceback_hide__ = True
    stores = getattr(settings, "KEY_VALUE_STORES", None) or {}
    single = getattr(settings, "KEY_VALUE_STORE_BACKEND", None)
    if not isinstance(stores, Mapping):
        raise ImproperlyConfigured(
            "KEY_VALUE_STORES must be a dict of aliases and their URLs: "
            "{'default': 'db://kvstore'}, say."
        )
    for alias in stores:
        if not isinstance(alias, str) or not alias:
            raise ImproperlyConfigured(
                f"KEY_VALUE_STORES has the alias {alias!r}; an alias is a str of some characters."
            )
    if single is None:
        return Entries(stores)
    if DEFAULT_ALIAS in stores:
        raise ImproperlyConfigured(
            "KEY_VALUE_STORE_BACKEND and KEY_VALUE_STORES['default'] both name the default store; "
            "keep one of them."
        )
    return Entries({DEFAULT_ALIAS: single, **stores})
