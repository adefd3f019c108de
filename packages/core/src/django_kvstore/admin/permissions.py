"""Who may do what with which store: four permissions for each alias.

``django_kvstore.view_counters`` (keys and values), ``change_``, ``delete_`` and ``flush_counters``
(whole prefixes and stores). Nobody but a superuser has one until it is given. Every page asks for
the first, so the others are of use only together with it.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from django.apps import apps as installed
from django.apps.registry import Apps
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


def make_permissions(*, using: str, apps: Apps = installed, **kwargs: Any) -> None:
    """Create the permissions of every configured store, after ``migrate`` and ``flush``.

    `apps` are the models as the migrations have left them; ``flush`` sends none, because it runs
    no migrations.
    """
    try:
        permissions = apps.get_model("auth", "Permission")
        content_types = apps.get_model("contenttypes", "ContentType")
    except LookupError:
        return  # ``migrate contenttypes`` alone: there is no table yet.
    if not router.allow_migrate_model(using, permissions):
        return
    # Not by the manager's cache: what it remembers may be from before the flush.
    content_type, _ = content_types.objects.using(using).get_or_create(
        app_label=KeyValueStore._meta.app_label, model=KeyValueStore._meta.model_name
    )
    existing = permissions.objects.using(using).filter(content_type_id=content_type.pk)
    known = set(existing.values_list("codename", flat=True))
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
