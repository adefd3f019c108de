"""Who may do what with which store: four permissions for each alias.

``django_kvstore.view_counters`` (keys and values), ``change_``, ``delete_`` and ``flush_counters``
(whole prefixes and stores). Nobody but a superuser has one until it is given.
"""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest

from django_kvstore.stores import kvstores

from .model import KeyValueStore

ACTIONS: Final = ("view", "change", "delete", "flush")


def codename(action: str, alias: str) -> str:
    """Return the name of a permission, without the application's label."""
    return f"{action}_{alias}"[:100]


def may(request: HttpRequest, action: str, alias: str) -> bool:
    """Say whether the user may do that with the store."""
    user: Any = request.user
    return bool(user.has_perm(f"django_kvstore.{codename(action, alias)}"))


def may_any(request: HttpRequest) -> bool:
    """Say whether the user may see any store."""
    return any(may(request, "view", alias) for alias in kvstores)


def make_permissions(*, using: str, **kwargs: Any) -> None:
    """Make the permissions of every configured store, after ``migrate``."""
    content_type = ContentType.objects.db_manager(using).get_for_model(
        KeyValueStore, for_concrete_model=False
    )
    for alias in kvstores:
        for action in ACTIONS:
            Permission.objects.using(using).get_or_create(
                codename=codename(action, alias),
                content_type=content_type,
                defaults={"name": f"Can {action} the store '{alias}'"[:255]},
            )
