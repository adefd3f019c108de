"""Every change in the admin's own history."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from .model import KeyValueStore

FLAGS: Final = {"added": ADDITION, "changed": CHANGE, "deleted": DELETION}
#: The history keeps messages in English and translates them when it is looked at.
ENTRY: Final = gettext_noop("entry")
VALUE: Final = gettext_noop("value")
EXPIRY: Final = gettext_noop("expiry")


def note(
    request: HttpRequest, what: str, alias: str, name: str, fields: Iterable[str] = ()
) -> None:
    """Note that the user added, changed or deleted the entry; of a change, also what of it."""
    told: dict[str, Any] = {"name": ENTRY, "object": name}
    if what == "changed":
        told["fields"] = list(fields)
    _write(request, what, alias, name, json.dumps([{what: told}]))


def note_unfinished(request: HttpRequest, what: str, alias: str, name: str, error: str) -> None:
    """Note that the user tried, and that nobody knows what came of it."""
    _write(request, what, alias, name, _("Tried: %s") % error)


def note_flush(request: HttpRequest, alias: str, name: str) -> None:
    """Note that the user deleted every entry whose key begins with that."""
    told = {"name": gettext_noop("all entries of"), "object": f"{alias}: {name}*"}
    _write(request, "deleted", alias, f"{name}*", json.dumps([{"deleted": told}]))


def _write(request: HttpRequest, what: str, alias: str, name: str, message: str) -> None:
    user: Any = request.user
    LogEntry.objects.create(
        user_id=user.pk,
        content_type=ContentType.objects.get_for_model(KeyValueStore, for_concrete_model=False),
        object_id=alias,
        object_repr=f"{alias}: {name}"[:200],
        action_flag=FLAGS[what],
        change_message=message,
    )
