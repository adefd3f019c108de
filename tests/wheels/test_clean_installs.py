"""Each distribution, alone in an empty environment: it works, and brings no neighbour."""

from __future__ import annotations

from pathlib import Path

import pytest

from wheels.distribution import BACKENDS, CORE, DISTRIBUTIONS, Distribution
from wheels.environment import Environment

pytestmark = [pytest.mark.wheels, pytest.mark.usefixtures("archives")]

VERSION = CORE.installed.version

LOAD = """
import sys
from importlib.metadata import entry_points
for scheme in sys.argv[1:]:
    (found,) = entry_points(group="kvstore.backends", name=scheme)
    found.load()
"""

MISSING = """
import sys
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
settings.configure(KEY_VALUE_STORE_BACKEND=sys.argv[1] + "://somewhere")
from django_kvstore import kvstore, models
try:
    kvstore.get("key")
except ImproperlyConfigured as error:
    print(error)
"""


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "environment")


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
def test_alone_it_brings_no_neighbour(distribution: Distribution, environment: Environment) -> None:
    # The core is named too: an installer takes a pre-release only from a requirement that asks.
    environment.install(f"{CORE.name}=={VERSION}", f"{distribution.name}=={VERSION}")
    environment.check()
    installed = environment.installed()
    assert {CORE.name, distribution.name} <= installed
    others = set(DISTRIBUTIONS) - {CORE, distribution}
    neighbours = {other.name for other in others}.union(*(other.clients for other in others))
    assert installed & (neighbours - CORE.clients - distribution.clients) == set()
    environment.run(LOAD, *distribution.schemes)


def test_the_core_alone_says_what_to_install(environment: Environment) -> None:
    environment.install(f"{CORE.name}=={VERSION}")
    for backend in BACKENDS:
        for scheme in backend.schemes:
            assert f"pip install {backend.name}" in environment.run(MISSING, scheme)


def test_an_extra_installs_its_engine(environment: Environment) -> None:
    environment.install(f"{CORE.name}[locmem]=={VERSION}")
    assert environment.installed() >= {CORE.name, "django-kvstore-locmem"}
    assert "django-kvstore-db" not in environment.installed()
    environment.run(LOAD, "locmem")
