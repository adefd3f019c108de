"""What the tests of built wheels start from: the archives that ``hatch run wheels:build`` left."""

from __future__ import annotations

from pathlib import Path

import pytest

from wheels.distribution import DIST


@pytest.fixture(scope="session")
def archives() -> list[Path]:
    """The archives in dist/. None there is an error, not a skip."""
    found = sorted(DIST.glob("*")) if DIST.is_dir() else []
    assert found, "dist/ is empty: these tests belong to `hatch run wheels:test`"
    return found
