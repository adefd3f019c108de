"""Each distribution, alone in an empty environment: it works, brings no neighbour, and goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from wheels.distribution import (
    BACKENDS,
    CORE,
    DISTRIBUTIONS,
    KEYVAL,
    SCAFFOLD,
    TESTING,
    Distribution,
)
from wheels.environment import Environment
from wheels.uses import COMPLETE, GONE, KEYVAL_ALONE, LOAD, STORES, URLS, expected

pytestmark = [pytest.mark.wheels, pytest.mark.usefixtures("archives")]

VERSION = CORE.installed.version

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


ISOLATED = """
from django.conf import settings
from django_kvstore_testing import Contract

settings.configure(KEY_VALUE_STORES={})

def test_nothing_is_configured(isolated_kvstores):
    assert list(isolated_kvstores) == []
"""


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "environment")


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
def test_alone_it_works_and_brings_no_neighbour(
    distribution: Distribution, kind: str, environment: Environment
) -> None:
    # The core is named too: an installer takes a pre-release only from a requirement that asks.
    core = [f"{CORE.name}=={VERSION}"] if distribution is not CORE else []
    environment.install(*core, str(getattr(distribution, kind)))
    environment.check()
    installed = environment.installed()
    assert {CORE.name, distribution.name} <= installed
    others = set(DISTRIBUTIONS) - {CORE, distribution}
    neighbours = {other.name for other in others}.union(*(other.clients for other in others))
    assert installed & (neighbours - CORE.clients - distribution.clients) == set()
    use(distribution, environment)

    environment.uninstall(distribution.name)
    assert environment.installed() == installed - {distribution.name}
    environment.run(GONE, distribution.stem, distribution.module)
    if distribution is not CORE:
        environment.run(COMPLETE, *sorted(installed - {distribution.name}))
        assert "pip install django-kvstore-db" in environment.run(MISSING, "db")


def use(distribution: Distribution, environment: Environment) -> None:
    """Do with it what it is for."""
    if distribution in BACKENDS:
        environment.run(LOAD, *distribution.schemes)
        (scheme, *_) = distribution.schemes
        assert environment.run(STORES, f"{scheme}={URLS[scheme]}") == expected(scheme)
    elif distribution is KEYVAL:
        assert "site" in environment.run(KEYVAL_ALONE)
    elif distribution is SCAFFOLD:
        place = environment.folder.parent
        environment.run_script("django-kvstore-scaffold", "shelf", folder=place)
        assert (place / "django-kvstore-shelf" / "pyproject.toml").exists()
    elif distribution is TESTING:
        place = environment.folder.parent
        (place / "test_shop.py").write_text(ISOLATED)
        said = environment.run_module("pytest", "-q", "test_shop.py", folder=place)
        assert "1 passed" in said
    else:
        assert "pip install django-kvstore-db" in environment.run(MISSING, "db")


def test_memcached_brings_no_library_of_another_engine(environment: Environment) -> None:
    environment.install(f"{CORE.name}=={VERSION}", f"django-kvstore-memcached=={VERSION}")
    installed = environment.installed()
    assert "pymemcache" in installed
    assert not {"boto3", "botocore", "google-cloud-datastore", "grpcio"} & installed


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
