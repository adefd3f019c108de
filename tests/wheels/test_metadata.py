"""The distributions agree with each other: one version, one licence, one table of schemes.

``hatch run test tests/wheels`` reads the metadata of the checkout, ``hatch run wheels:test`` that
of the built wheels.
"""

from __future__ import annotations

import pytest
from packaging.utils import canonicalize_name

from wheels.distribution import (
    BACKENDS,
    CORE,
    DISTRIBUTIONS,
    PACKAGES,
    ROOT,
    TESTING,
    Distribution,
)

VERSION = CORE.installed.version
SCHEMES = {scheme: backend for backend in BACKENDS for scheme in backend.schemes}

each = pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
each_backend = pytest.mark.parametrize("backend", BACKENDS, ids=str)


def test_no_package_is_forgotten_here() -> None:
    folders = {path.parent.name for path in PACKAGES.glob("*/pyproject.toml")}
    assert folders == {distribution.folder for distribution in DISTRIBUTIONS}


@each
def test_versions_are_in_lockstep(distribution: Distribution) -> None:
    assert distribution.installed.version == VERSION


@each
def test_it_requires_its_clients_and_nothing_more(distribution: Distribution) -> None:
    core = set() if distribution is CORE else {CORE.name}
    assert distribution.requires() == distribution.clients | core


@each_backend
def test_a_backend_requires_the_core_of_its_own_version(backend: Distribution) -> None:
    (core,) = (r for r in backend.requirements() if canonicalize_name(r.name) == CORE.name)
    assert str(core.specifier) == f"=={VERSION}"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_extra_of_a_scheme_is_one_requirement(scheme: str) -> None:
    (requirement,) = CORE.requirements(scheme)
    assert canonicalize_name(requirement.name) == SCHEMES[scheme].name
    assert str(requirement.specifier) == f"=={VERSION}"


def test_the_extra_all_is_every_scheme() -> None:
    names = {canonicalize_name(requirement.name) for requirement in CORE.requirements("all")}
    assert names == {backend.name for backend in BACKENDS}


@each_backend
def test_a_backend_claims_its_scheme_and_its_old_names(backend: Distribution) -> None:
    assert backend.entry_points("kvstore.backends") == dict.fromkeys(
        backend.schemes, backend.module
    )


def test_the_core_claims_no_scheme() -> None:
    assert CORE.entry_points("kvstore.backends") == {}


def test_the_core_offers_its_serializers() -> None:
    assert set(CORE.entry_points("kvstore.serializers")) == {"typed", "json", "pickle"}


def test_the_pytest_plugin_comes_with_the_contract() -> None:
    offering = [each for each in DISTRIBUTIONS if each.entry_points("pytest11")]
    assert offering == [TESTING]
    (requirement,) = CORE.requirements("testing")
    assert canonicalize_name(requirement.name) == TESTING.name
    assert str(requirement.specifier) == f"=={VERSION}"


@each
def test_every_entry_point_loads(distribution: Distribution) -> None:
    for entry_point in distribution.installed.entry_points:
        assert entry_point.load() is not None


@each
def test_shared_facts_are_shared(distribution: Distribution) -> None:
    theirs, ours = distribution.installed.metadata, CORE.installed.metadata
    assert theirs["Name"] == distribution.name
    assert theirs["License-Expression"] == "BSD-3-Clause"
    assert theirs["Requires-Python"] == ">=3.11"
    assert theirs.get_all("Classifier") == ours.get_all("Classifier")
    assert theirs["Summary"].endswith(".")
    assert len(theirs.get_all("Project-URL", [])) == 5


@each
def test_the_licence_is_the_one_of_the_root(distribution: Distribution) -> None:
    assert (distribution.path / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
