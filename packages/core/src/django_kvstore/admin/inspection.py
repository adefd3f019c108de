"""What an entry is, for a page to show: decoded without running any code, and never in full.

A value is shown as typed JSON (see `django_kvstore.typed_json`), which is what is edited too.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.timezone import make_naive

from django_kvstore import records, split
from django_kvstore.coder import is_past
from django_kvstore.errors import KVStoreError
from django_kvstore.options import MISSING
from django_kvstore.store import Store
from django_kvstore.typed_json import to_json

from .spelling import escape_unseen

#: Longer texts are shown cut, and cannot be edited in a form.
SHOWN_CHARACTERS: Final = 100_000
#: In a list, larger records are not decoded to tell their type.
LIST_BYTES: Final = 64 * 1024


@dataclass(frozen=True)
class Inspection:
    """An entry as shown. `problem` says why `text` is empty; `digest` stands for the record.

    `plain` is the value as it reads, where that is more than one line; `sound` is False where the
    bytes are no record at all.
    """

    key: str
    size: int
    digest: str
    expires_at: float | None = None
    type: str = ""
    text: str = ""
    plain: str = ""
    problem: str = ""
    whole: bool = True
    sound: bool = True

    @property
    def editable(self) -> bool:
        """The text is all of the value, and it comes back from it."""
        return self.whole and not self.problem

    @property
    def expires(self) -> datetime | None:
        """When it expires, as the project's templates want it."""
        if self.expires_at is None:
            return None
        try:
            when = datetime.fromtimestamp(self.expires_at, UTC)
            return when if settings.USE_TZ else make_naive(when)
        except (ValueError, OverflowError, OSError):
            return datetime(9998, 1, 1, tzinfo=UTC)  # no store of ours wrote that


def digest(record: bytes) -> str:
    """Return what stands for the record in a form, to find out whether it has changed."""
    return hashlib.sha256(record).hexdigest()


def inspect(store: Store, key: str, record: bytes, *, in_list: bool = False) -> Inspection | None:
    """Look at a record; None when it has expired."""
    known: dict[str, Any] = {"key": key, "size": len(record), "digest": digest(record)}
    cell = store.coder.cell(key)
    try:
        flags, _code, known["expires_at"], payload = store.coder.unpack(cell, record)
        if flags & records.IS_SPLIT:
            known["size"] = split.read_head(payload).size
    except (KVStoreError, records.BadRecord) as error:
        return Inspection(**known, problem=_reason(error), sound=False)
    if is_past(known["expires_at"]):
        return None
    if in_list and known["size"] > LIST_BYTES:
        return Inspection(**known, whole=False)
    try:
        value = store.coder.decode(cell, record, safely=True)
    except (KVStoreError, ImproperlyConfigured) as error:
        return Inspection(**known, problem=_reason(error))
    if value is MISSING:
        return None
    known["type"] = type(value).__name__
    return Inspection(**known) if in_list else _read(known, value)


def load(store: Store, key: str) -> Inspection | None:
    """Read an entry and look at it; None when there is none."""
    record = store.backend.get(store.coder.cell(key))
    return None if record is None else inspect(store, key, record)


def _read(known: dict[str, Any], value: Any) -> Inspection:
    try:
        text = escape_unseen(json.dumps(to_json(value), ensure_ascii=False, indent=2))
    except (TypeError, ValueError, RecursionError) as error:
        return Inspection(**known, problem=_reason(error))
    return Inspection(
        **known,
        text=text[:SHOWN_CHARACTERS],
        plain=_plain(value),
        whole=len(text) <= SHOWN_CHARACTERS,
    )


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return ""
    elif not (isinstance(value, str) and "\n" in value):
        return ""
    shown: str = value[:SHOWN_CHARACTERS]
    return escape_unseen(shown.replace("\r\n", "\n"))


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "the value is nested too deeply to be shown."
    return error.reason if isinstance(error, KVStoreError) else str(error)
