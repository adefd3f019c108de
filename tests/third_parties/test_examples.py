"""The distributions that the guides are about keep the contract, and are what the guides say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .third_party import EXAMPLES, ThirdParty

#: The checks of a network, and of an engine that refuses, concern neither; those of an outage only
#: the one with an engine of its own.
SKIPPED = {"folder": 2, "signed": 3}
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/pyproject.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_an_example_passes_its_tests_and_the_whole_contract(name: str, tmp_path: Path) -> None:
    party = ThirdParty.copy_of(EXAMPLES / name, tmp_path)
    said = party.run("pytest", "-q", "-p", "no:cacheprovider")
    assert re.search(rf"^4\d\d passed, {SKIPPED[name]} skipped in", said, re.MULTILINE), said


def test_there_is_one_example_of_each_kind() -> None:
    groups = [set(ThirdParty(EXAMPLES / name).project["entry-points"]) for name in NAMES]
    assert groups == [{"kvstore.backends"}, {"kvstore.serializers"}]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_a_whole_distribution(name: str) -> None:
    folder, root = EXAMPLES / name, EXAMPLES.parents[1]
    assert (folder / "LICENSE").read_bytes() == (root / "LICENSE").read_bytes()
    assert (folder / "README.md").exists()
    (package,) = (folder / "src").iterdir()
    assert (package / "py.typed").exists()
