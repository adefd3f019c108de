"""Finding the backend of a scheme among the installed distributions.

A backend's package says ``@hookimpl def kvstore_backend(): return MyBackend`` and names itself
under the entry-point group ``kvstore.backends``; no plugin but the one asked for is imported.
"""

from __future__ import annotations

import difflib
import functools
from importlib.metadata import PackageNotFoundError, distributions, requires
from typing import Final, cast

import pluggy
from django.core.exceptions import ImproperlyConfigured

from .backend import Backend
from .rivals import refuse_rivals

GROUP: Final = "kvstore.backends"
SERIALIZER_GROUP: Final = "kvstore.serializers"

hookspec = pluggy.HookspecMarker("kvstore")
hookimpl = pluggy.HookimplMarker("kvstore")


class Hooks:
    """The hooks that a backend's package may implement."""

    @hookspec(firstresult=True)
    def kvstore_backend(self) -> type[Backend]:
        """Return the class of the backend; called once a process, when a store first needs it."""
        raise NotImplementedError


@functools.cache
def claims(group: str) -> dict[str, list[str]]:
    """Return which distributions claim each name of an entry-point group.

    One distribution found twice on the path, as with editable installs, counts once.
    """
    found: dict[str, set[str]] = {}
    for distribution in distributions():
        for entry_point in distribution.entry_points:
            if entry_point.group == group:
                found.setdefault(entry_point.name, set()).add(distribution.metadata["Name"])
    return {name: sorted(names) for name, names in sorted(found.items())}


@functools.cache
def known_distributions() -> dict[str, str]:
    """Return the distribution that serves each scheme which django-kvstore itself knows of.

    Read from the package's own extras, so that the code names no engine.
    """
    try:
        lines = requires("django-kvstore") or []
    except PackageNotFoundError:  # a source tree that was never installed
        return {}
    known: dict[str, str] = {}
    for line in lines:
        requirement, _, marker = line.partition(";")
        name = requirement.split("[")[0].split("==")[0].strip()
        if "extra ==" in marker and name.startswith("django-kvstore-"):
            known.setdefault(marker.split("extra ==")[1].strip().strip("\"'"), name)
    for extra in ("all", "testing"):
        known.pop(extra, None)
    return known


@functools.cache
def load_backend(scheme: str) -> type[Backend]:
    """Return the backend's class; raises ``ImproperlyConfigured`` that says what to install."""
    refuse_rivals("scheme", scheme, claims(GROUP).get(scheme, []))
    manager = pluggy.PluginManager("kvstore")
    manager.add_hookspecs(Hooks)
    try:
        loaded = manager.load_setuptools_entrypoints(GROUP, name=scheme)
    except Exception as error:
        owners = ", ".join(claims(GROUP).get(scheme, ["its distribution"]))
        raise ImproperlyConfigured(
            f"The backend of the scheme '{scheme}' could not be imported: {error!r}. "
            f"Reinstall {owners}, or report the error to its authors."
        ) from error
    if not loaded:
        raise ImproperlyConfigured(_unknown_scheme(scheme))
    backend = cast("type[Backend] | None", manager.hook.kvstore_backend())
    if not (isinstance(backend, type) and issubclass(backend, Backend)):
        raise ImproperlyConfigured(
            f"The plugin of the scheme '{scheme}' answers {backend!r} to the hook "
            f"kvstore_backend(); it must return a class derived from django_kvstore.Backend."
        )
    return backend


def _unknown_scheme(scheme: str) -> str:
    installed, known = claims(GROUP), known_distributions()
    if scheme in known:
        mend = f"Its backend is not installed: run 'pip install {known[scheme]}'."
    else:
        near = difflib.get_close_matches(scheme, [*installed, *known], n=1)
        mend = "A backend from elsewhere must be installed in this environment."
        if near:
            mend = f"Did you mean '{near[0]}'?"
            if near[0] not in installed:
                mend += f" That one needs 'pip install {known[near[0]]}'."
    return (
        f"There is no backend for the scheme '{scheme}'. {mend} "
        f"Installed schemes: {', '.join(installed) or 'none'}."
    )
