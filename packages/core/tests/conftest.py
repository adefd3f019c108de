"""What the core's tests share: stores in memory, and values of every kind that is promised."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from django_kvstore import Store, get_kvstore


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty store of this test alone."""
    opened = get_kvstore(f"locmem://{uuid.uuid4().hex}")
    yield opened
    opened.clear()
