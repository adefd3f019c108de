"""What an entry is, for a page to show: decoded without running any code, and never in full.

A value is shown as typed JSON (see `django_kvstore.typed_json`), which is what is edited too.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

from django_kvstore import records
from django_kvstore.coder import is_gone
from django_kvstore.errors import KVStoreError
from django_kvstore.options import MISSING
from django_kvstore.store import Store
from django_kvstore.typed_json import to_json

#: Longer texts are shown cut, and cannot be edited in a form.
SHOWN_CHARACTERS: Final = 100_000
#: In a list, larger records are not decoded to tell their type.
LIST_BYTES: Final = 64 * 1024


@dataclass(frozen=True)
class Inspection:
    """An entry as shown. `problem` says why `text` is empty; `digest` stands for the record."""

    key: str
    size: int
    expires: datetime | None
    digest: str
    type: str = ""
    text: str = ""
    problem: str = ""
    whole: bool = True

    @property
    def editable(self) -> bool:
        """The text is all of the value, and it comes back from it."""
        return self.whole and not self.problem


def digest(record: bytes) -> str:
    """Return what stands for the record in a form, to find out whether it has changed."""
    return hashlib.sha256(record).hexdigest()


def inspect(store: Store, key: str, record: bytes, *, in_list: bool = False) -> Inspection | None:
    """Look at a record; None when it has expired."""
    if is_gone(record):
        return None
    expires = records.expiry(record)
    when = None if expires is None else datetime.fromtimestamp(expires, timezone.utc)
    known: dict[str, Any] = {
        "key": key,
        "size": len(record),
        "expires": when,
        "digest": digest(record),
    }
    if in_list and len(record) > LIST_BYTES:
        return Inspection(**known, type="…", whole=False)
    try:
        value = store.coder.decode(store.coder.cell(key), record, safely=True)
    except KVStoreError as error:
        return Inspection(**known, problem=error.reason)
    if value is MISSING:
        return None
    name = type(value).__name__
    if in_list:
        return Inspection(**known, type=name)
    try:
        text = json.dumps(to_json(value), ensure_ascii=False, indent=2)
    except TypeError as error:
        return Inspection(**known, type=name, problem=str(error))
    whole = len(text) <= SHOWN_CHARACTERS
    return Inspection(**known, type=name, text=text[:SHOWN_CHARACTERS], whole=whole)


def load(store: Store, key: str) -> Inspection | None:
    """Read an entry and look at it; None when there is none."""
    record = store.backend.get(store.coder.cell(key))
    return None if record is None else inspect(store, key, record)
