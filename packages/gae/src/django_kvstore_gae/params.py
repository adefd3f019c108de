"""How the parameters that only this backend has are read.

``gae://project/namespace?kind=Session&credentials=/etc/service-account.json``
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any


def read_kind(text: Any) -> str:
    """Read an entity's kind: up to 1,500 bytes, and not one of Datastore's own like ``__x__``."""
    if not isinstance(text, str) or not 0 < len(text.encode()) <= 1500:
        raise ValueError("a kind is a text of 1 to 1,500 bytes")
    if re.fullmatch("__.*__", text, re.DOTALL):
        raise ValueError("kinds like '__x__' are reserved")
    return text


def read_database(text: Any) -> str:
    """Read a database's id; "(default)", as gcloud shows it, is the empty one in requests."""
    if not isinstance(text, str):
        raise ValueError("a database's id is a text")
    return "" if text == "(default)" else text


def read_credentials(value: Any) -> str | dict[str, Any] | None:
    """Read the path of a service account's key file, or take the dict that such a file holds."""
    if value is None or isinstance(value, dict):
        return value
    if isinstance(value, Mapping):
        return dict(value)
    return os.fspath(value) or None
