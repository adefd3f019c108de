"""The Django application: system checks, and tables made by ``migrate``.

``INSTALLED_APPS = [..., "django_kvstore"]``

The stores work without it; it is what lets Django see them.
"""

from __future__ import annotations

import sys
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from .checks import check_databases, check_deployment, check_models, check_stores
from .config import StoreConfig, configured_entries


class KVStoreConfig(AppConfig):
    """Connects the stores to Django."""

    name = "django_kvstore"
    verbose_name = _("Key-value stores")

    def ready(self) -> None:
        register(check_stores)
        register(check_models)
        register(check_databases, Tags.database)
        register(check_deployment, deploy=True)
        post_migrate.connect(_provision, sender=self)
        if apps.is_installed("django.contrib.admin"):
            post_migrate.connect(_make_permissions, sender=self)


def _provision(*, using: str, verbosity: int = 1, stdout: Any = None, **kwargs: Any) -> None:
    """Create what the stores need in a database that was migrated or, in tests, flushed."""
    for alias, entry in configured_entries().items():
        try:
            # Not the backend of `kvstores`: a store that was taken from there during a test is
            # emptied after it, and this one may be in a database that the test does not use.
            backend = StoreConfig.read(alias, entry).open_backend()
            concerned = backend.provisions_on_migrate(using)
        except ImproperlyConfigured:
            continue  # The system checks report it, unless they are silenced.
        if concerned and backend.provision() and verbosity >= 1:
            # In the form of the lines above it, which report migrations.
            line = f"  Creating what the store '{alias}' needs... OK\n"
            (stdout or sys.stdout).write(line)


def _make_permissions(**kwargs: Any) -> None:
    # The admin's models cannot be imported before every application's models are, nor at all where
    # it is not installed.
    from .admin.permissions import make_permissions

    make_permissions(**kwargs)
