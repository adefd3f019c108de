"""The Django settings that a run of the checks has, here and in the processes it starts.

``ensure_django()`` before the first store is made.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import django
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connections

_MINIMUM: Final[dict[str, Any]] = {
    "SECRET_KEY": "the contract's own, and no secret",
    "INSTALLED_APPS": ["django_kvstore"],
    "USE_TZ": True,
}

#: What a child process needs to know of its parent's settings to open the same store.
_INHERITED: Final = (
    "DATABASES",
    "DATABASE_ROUTERS",
    "INSTALLED_APPS",
    "KEY_VALUE_STORES",
    "KEY_VALUE_STORE_BACKEND",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "USE_TZ",
)


def ensure_django(wanted: Mapping[str, Any] | None = None) -> None:
    """Set Django up, with `wanted` or the least there is, unless a project has done so."""
    if not settings.configured and not os.environ.get("DJANGO_SETTINGS_MODULE"):
        settings.configure(**(wanted or _MINIMUM))
    if not apps.ready:
        django.setup()


def usable_databases() -> list[str]:
    """Return the aliases of Django's databases that answer here; none without a project."""
    found = []
    for connection in connections.all():
        # Such an answer is pytest-django's RuntimeError, or that there is no database at all.
        with suppress(RuntimeError, ImproperlyConfigured, Error):
            connection.ensure_connection()
            found.append(connection.alias)
    return found


def inherited_settings() -> dict[str, Any]:
    """Return the settings by which another process opens this one's stores."""
    return {name: getattr(settings, name) for name in _INHERITED if hasattr(settings, name)}
