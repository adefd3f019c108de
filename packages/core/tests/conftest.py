"""What the core's tests share: stores in memory, and values of every kind that is promised."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from hypothesis import settings as profile

from django_kvstore import Store, get_kvstore

# Machines differ; a slow one is no failure. With those of the contract these make ten thousand.
profile.register_profile("kvstore", deadline=None, max_examples=1000)
profile.load_profile("kvstore")


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty store of this test alone."""
    opened = get_kvstore(f"locmem://{uuid.uuid4().hex}")
    yield opened
    opened.clear()
