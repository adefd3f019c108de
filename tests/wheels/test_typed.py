"""An application is type-checked, strictly, against the installed wheels, as its authors would."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from wheels.distribution import CORE, DISTRIBUTIONS, SCAFFOLD, TESTING
from wheels.environment import Environment

pytestmark = [pytest.mark.wheels, pytest.mark.usefixtures("archives")]

SHOP = Path(__file__).with_name("shop")
VERSION = CORE.installed.version

CONFIGURATION = """
[mypy]
strict = True
enable_error_code = ignore-without-code
"""


@pytest.mark.parametrize("stubs", [(), ("django-stubs",)], ids=["without-stubs", "with-stubs"])
def test_a_strict_application_has_no_complaint(stubs: tuple[str, ...], tmp_path: Path) -> None:
    # Django has no types of its own: with or without those of others, ours are what they are.
    environment = Environment(tmp_path / "environment")
    ours = set(DISTRIBUTIONS) - {CORE, SCAFFOLD, TESTING}
    environment.install(
        f"{CORE.name}[testing]=={VERSION}",
        *(f"{each.name}=={VERSION}" for each in ours),
        "mypy",
        *stubs,
    )
    place = tmp_path / "application"
    shutil.copytree(SHOP, place / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    (place / "mypy.ini").write_text(CONFIGURATION)
    # Every mistake in it is told to be one, and an `ignore` of none would be a complaint.
    said = environment.run_module("mypy", "--cache-dir", "cache", "shop", folder=place)
    assert "Success: no issues found in 4 source files" in said
