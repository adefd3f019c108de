"""Any two engines live together, and one of them goes without hurting the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest

from wheels.distribution import BACKENDS, CORE, Distribution
from wheels.environment import Environment
from wheels.uses import COMPLETE, GONE, STORES, URLS, expected

pytestmark = pytest.mark.wheels

VERSION = CORE.installed.version


@pytest.fixture(scope="module")
def furnished(
    tmp_path_factory: pytest.TempPathFactory, archives: list[object]
) -> Iterator[Environment]:
    """The core and what the engines need, and no engine."""
    made = Environment(tmp_path_factory.mktemp("pairs") / "environment")
    made.install(*(f"{each.name}=={VERSION}" for each in (CORE, *BACKENDS)))
    made.uninstall(*(backend.name for backend in BACKENDS))
    return made


@pytest.mark.parametrize(
    ("one", "other"), [*combinations(BACKENDS, 2)], ids=lambda backend: str(backend)
)
def test_one_of_two_engines_goes_without_hurting_the_other(
    one: Distribution, other: Distribution, furnished: Environment
) -> None:
    for kept, gone in ((one, other), (other, one)):
        furnished.install_alone(one.wheel, other.wheel)
        furnished.check()
        furnished.uninstall(gone.name)
        furnished.check()
        furnished.run(COMPLETE, CORE.name, kept.name)
        furnished.run(GONE, gone.stem)
        stores = [f"{backend.folder}={URLS[backend.folder]}" for backend in (kept, gone)]
        works, missing, rest = furnished.run(STORES, *stores).partition(f"{gone} is missing:")
        assert works == expected(kept.folder)
        assert missing
        assert f"pip install {gone.name}" in rest
        furnished.uninstall(kept.name)
