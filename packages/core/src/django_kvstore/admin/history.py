"""Every change in the admin's own history."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest

from .model import KeyValueStore

FLAGS = {"added": ADDITION, "changed": CHANGE, "deleted": DELETION}


def note(request: HttpRequest, what: str, alias: str, key: str, message: str = "") -> None:
    """Note that the user added, changed or deleted the entry of that store."""
    # The manager's log_action() is gone from Django 6; the model is what all versions have.
    user: Any = request.user
    LogEntry.objects.create(
        user_id=user.pk,
        content_type=ContentType.objects.get_for_model(KeyValueStore, for_concrete_model=False),
        object_id=alias,
        object_repr=f"{alias}: {key}"[:200],
        action_flag=FLAGS[what],
        change_message=json.dumps([{what: {"name": "entry", "object": message or key}}])[:10_000],
    )
