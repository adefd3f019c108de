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
from .stores import kvstores


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
    for alias in kvstores:
        try:
            backend = kvstores[alias].backend
        except ImproperlyConfigured:
            continue  # the checks tell, or have been silenced
        if backend.provisions_on_migrate(using) and backend.provision() and verbosity >= 1:
            # In the form of the lines above it, which tell of migrations.
            line = f"  Creating what the store '{alias}' needs... OK\n"
            (stdout or sys.stdout).write(line)


def _make_permissions(**kwargs: Any) -> None:
    # The admin's models cannot be imported before every application's models are, nor at all where
    # it is not installed.
    from .admin.permissions import make_permissions

    make_permissions(**kwargs)
