"""The tests of ``hatch run wheels:test`` are run on the wheels, not on the checkout beside them."""

from __future__ import annotations

import importlib
import sysconfig
from pathlib import Path

import pytest

from wheels.distribution import DIST, DISTRIBUTIONS, Distribution

pytestmark = pytest.mark.wheels


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
def test_what_is_imported_was_installed_from_a_wheel(distribution: Distribution) -> None:
    module = importlib.import_module(distribution.module)
    assert module.__file__ is not None
    assert Path(module.__file__).is_relative_to(sysconfig.get_path("purelib"))
    assert DIST.as_uri() in (distribution.installed.read_text("direct_url.json") or "")
