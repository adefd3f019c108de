"""Who may do what with which store: four permissions for each alias.

``django_kvstore.view_counters`` (keys and values), ``change_``, ``delete_`` and ``flush_counters``
(whole prefixes and stores). Nobody but a superuser has one until it is given. Every page asks for
the first, so the others are of use only together with it.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from django.apps.registry import Apps
from django.contrib.contenttypes.models import ContentType
from django.db import router
from django.http import HttpRequest

from django_kvstore.stores import kvstores

from .model import KeyValueStore

ACTIONS: Final = ("view", "change", "delete", "flush")
#: The longest alias that stands in a permission's name as it is; Django has room for a hundred.
_ALIAS: Final = 90


def codename(action: str, alias: str) -> str:
    """Return the name of a permission, without the application's label."""
    if len(alias) > _ALIAS:
        # Cut alone, two aliases could share their permissions.
        alias = f"{alias[:60]}-{hashlib.sha256(alias.encode()).hexdigest()[:20]}"
    return f"{action}_{alias}"


def may(request: HttpRequest, action: str, alias: str) -> bool:
    """Say whether the user may do that with the store."""
    user: Any = request.user
    return bool(user.has_perm(f"django_kvstore.{codename(action, alias)}"))


def may_any(request: HttpRequest) -> bool:
    """Say whether the user may see any store."""
    return any(may(request, "view", alias) for alias in kvstores)


def make_permissions(*, using: str, apps: Apps, **kwargs: Any) -> None:
    """Make the permissions of every configured store, after ``migrate``."""
    try:
        permissions = apps.get_model("auth", "Permission")
    except LookupError:
        return  # ``migrate contenttypes`` alone: there is no table yet
    if not router.allow_migrate_model(using, permissions):
        return
    manager = ContentType.objects.db_manager(using)
    content_type = manager.get_for_model(KeyValueStore, for_concrete_model=False)
    there = permissions.objects.using(using).filter(content_type_id=content_type.pk)
    known = set(there.values_list("codename", flat=True))
    permissions.objects.using(using).bulk_create(
        permissions(
            codename=codename(action, alias),
            content_type_id=content_type.pk,
            name=f"Can {action} the store '{alias}'"[:255],
        )
        for alias in kvstores
        for action in ACTIONS
        if codename(action, alias) not in known
    )
