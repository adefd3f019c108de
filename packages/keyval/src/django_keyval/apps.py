"""The Django application, for ``manage.py keyval`` and the settings' checks."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from django_kvstore import kvstores

from .names import LONGEST_NAMESPACE


class KeyValConfig(AppConfig):
    """``INSTALLED_APPS = [..., "django_kvstore", "django_keyval"]``."""

    name = "django_keyval"
    verbose_name = _("Named keys and values")

    def ready(self) -> None:
        register(check_store)


def check_store(**kwargs: Any) -> list[CheckMessage]:
    """The store that KEYVAL_STORE names is there, and can do what KeyVal needs."""
    alias = getattr(settings, "KEYVAL_STORE", "default")
    try:
        known = list(kvstores)
    except ImproperlyConfigured:
        return []  # django_kvstore's own checks tell
    if alias not in known:
        return [
            Error(
                f"KEYVAL_STORE names the store '{alias}', which the settings do not have.",
                hint=f"KEY_VALUE_STORES has: {', '.join(known) or 'none'}.",
                id="django_keyval.E001",
            )
        ]
    try:
        store = kvstores[alias]
    except ImproperlyConfigured:
        return []
    if not store.backend.atomic:
        return [
            Error(
                f"The store '{alias}' cannot change an entry in one step, as KeyVal needs.",
                hint="Let KEYVAL_STORE name a store whose engine is atomic.",
                id="django_keyval.E002",
            )
        ]
    if len(store.options.namespace) > LONGEST_NAMESPACE:
        return [
            Error(
                f"The namespace of the store '{alias}' has over {LONGEST_NAMESPACE} characters; "
                "KeyVal needs room for what it adds.",
                hint="Let KEYVAL_STORE name a store with a shorter NAMESPACE.",
                id="django_keyval.E003",
            )
        ]
    return []
