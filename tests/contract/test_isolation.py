"""Empty stores for each test of an application, under every runner and in parallel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unittest
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import SimpleTestCase, override_settings

from django_kvstore import kvstore, kvstores
from django_kvstore.testing import IsolatedStoresMixin

SETTINGS = """
from pathlib import Path

SECRET_KEY = "for a test"
USE_TZ = True
INSTALLED_APPS = ["django_kvstore", "shop"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(__file__).parent / "db.sqlite3",
        "TEST": {"NAME": Path(__file__).parent / "test.sqlite3"},
        "OPTIONS": {"timeout": 60},
    }
}
KEY_VALUE_STORES = {"default": "db://kvstore", "other": "locmem://"}
"""

UNITTESTS = """
from django.test import TestCase, TransactionTestCase

from django_kvstore import kvstore, kvstores
from django_kvstore.testing import IsolatedStoresMixin


class Counts:
    def look(self):
        for store in kvstores.all():
            self.assertEqual(list(store.keys()), [])
            self.assertEqual(store.incr("hits"), 1)
            store.set("value", self.id())
            self.assertEqual(store.get("value"), self.id())
        self.assertTrue(kvstore.options.namespace.startswith("test-"))
"""

TEST_CLASS = """

class Test{number}(Counts, IsolatedStoresMixin, {base}):
    def test_one(self):
        self.look()

    def test_two(self):
        self.look()
"""

PYTESTS = """
import pytest

from django_kvstore import kvstore, kvstores


@pytest.mark.parametrize("number", range(12))
def test_stores_are_empty(number, {fixture}):
    for store in kvstores.all():
        assert list(store.keys()) == []
        assert store.incr("hits") == 1
    assert kvstore.options.namespace.startswith("test-")
"""

LEFT = """
import django; django.setup()
from django_kvstore import get_kvstore
print(get_kvstore("db://kvstore").backend.count(""), "cells are left")
"""


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with a database in a file."""
    (tmp_path / "settings.py").write_text(SETTINGS)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    return tmp_path


@pytest.fixture
def run(project: Path) -> Run:
    """Run Python in the project; an error is one of the test."""
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("PYTEST_")}
    environment |= {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(project)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, cwd=project, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run


@pytest.mark.parametrize("parallel", ["1", "2"])
def test_djangos_runner(project: Path, run: Run, parallel: str) -> None:
    bases = ["TestCase", "TransactionTestCase"] * 2
    classes = (TEST_CLASS.format(number=number, base=base) for number, base in enumerate(bases))
    (project / "shop" / "tests.py").write_text(UNITTESTS + "".join(classes))
    done = run("-m", "django", "test", "--parallel", parallel)
    assert re.search(r"Ran 8 tests", done.stderr)


@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n", "2"]], ids=["alone", "xdist"])
def test_pytests_fixture(project: Path, run: Run, workers: list[str]) -> None:
    run("-m", "django", "kvstore", "provision")
    (project / "test_shop.py").write_text(PYTESTS.format(fixture="isolated_kvstores"))
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", *workers)
    assert "12 passed" in done.stdout
    assert run("-c", LEFT).stdout == "0 cells are left\n"


def test_pytests_setting(project: Path, run: Run) -> None:
    run("-m", "django", "kvstore", "provision")
    (project / "pytest.ini").write_text("[pytest]\nkvstore_isolation = true\n")
    (project / "test_shop.py").write_text(PYTESTS.format(fixture="request"))
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "12 passed" in done.stdout
    assert run("-c", LEFT).stdout == "0 cells are left\n"


class Outcomes(IsolatedStoresMixin, SimpleTestCase):
    """Run by the test below, not by pytest."""

    __test__ = False

    def test_store(self) -> None:
        assert "key" not in kvstore
        kvstore.set("key", "the test's")
        kvstores["other"].set("key", "the test's")


@override_settings(
    KEY_VALUE_STORES={"default": "locmem://iso", "other": "locmem://iso?namespace=o"}
)
def test_stores_outside_are_as_they_were() -> None:
    kvstore.set("key", "outside")
    before = kvstores["default"]
    try:
        for _ in range(2):
            result = unittest.TestResult()
            Outcomes("test_store").run(result)
            assert result.testsRun == 1
            assert not result.failures
            assert not result.errors
            assert kvstore.get("key") == "outside"
        assert kvstores["default"] is before
        assert before.backend.count("") == 1, "nothing of the tests is left"
    finally:
        kvstore.clear()
