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
from django.test import SimpleTestCase, TestCase, override_settings

from django_kvstore import Unavailable, get_kvstore, kvstore, kvstores
from django_kvstore.test import IsolatedStoresMixin

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
from django_kvstore.test import IsolatedStoresMixin


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
    done = run("-m", "pytest", "-q", "-p", "no:django", "-p", "no:cacheprovider", *workers)
    assert "12 passed" in done.stdout
    assert run("-c", LEFT).stdout == "0 cells are left\n"


def test_pytests_setting(project: Path, run: Run) -> None:
    run("-m", "django", "kvstore", "provision")
    (project / "pytest.ini").write_text("[pytest]\nkvstore_isolation = true\n")
    (project / "test_shop.py").write_text(PYTESTS.format(fixture="request"))
    done = run("-m", "pytest", "-q", "-p", "no:django", "-p", "no:cacheprovider")
    assert "12 passed" in done.stdout
    assert run("-c", LEFT).stdout == "0 cells are left\n"


#: As pytest-django has it: databases are out of reach but for tests that ask for them.
DATABASES = """
import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

allowed = BaseDatabaseWrapper.ensure_connection


def refuse(self):
    raise RuntimeError("Database access not allowed, use a mark.")


BaseDatabaseWrapper.ensure_connection = refuse


@pytest.fixture
def _django_db_helper():
    BaseDatabaseWrapper.ensure_connection = allowed
    yield
    BaseDatabaseWrapper.ensure_connection = refuse


@pytest.fixture
def db(_django_db_helper):
    pass
"""

WITH_DATABASES = """
from django_kvstore import kvstore


def test_order(isolated_kvstores, db):
    kvstore.set("key", 1)


def test_asked_for_later(isolated_kvstores, request):
    request.getfixturevalue("db")
    assert kvstore.get("key") is None
"""


def test_databases_that_are_out_of_reach_at_the_end_are_no_error(project: Path, run: Run) -> None:
    run("-m", "django", "kvstore", "provision")
    (project / "conftest.py").write_text(DATABASES)
    (project / "test_shop.py").write_text(WITH_DATABASES)
    done = run("-m", "pytest", "-q", "-p", "no:django", "-p", "no:cacheprovider")
    assert "2 passed" in done.stdout
    assert "error" not in done.stdout
    assert run("-c", LEFT).stdout == "0 cells are left\n"


BROKEN = """
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError
from django.test import TestCase

from django_kvstore import kvstore, kvstores
from django_kvstore.test import IsolatedStoresMixin


class TestBroken(IsolatedStoresMixin, TestCase):
    def test_one(self):
        kvstore.set("key", 1)
        kvstores["other"].set("key", 1)
        row = {"app_label": "shop", "model": "basket"}
        ContentType.objects.create(**row)
        with self.assertRaises(IntegrityError):
            ContentType.objects.create(**row)

    def test_two(self):
        self.assertEqual(kvstore.count(), 0)
        self.assertEqual(kvstores["other"].backend.count(""), 0)
"""


def test_a_transaction_that_a_test_has_broken_is_no_error(project: Path, run: Run) -> None:
    settings = project / "settings.py"
    settings.write_text(SETTINGS.replace('["', '["django.contrib.contenttypes", "'))
    (project / "shop" / "tests.py").write_text(BROKEN)
    done = run("-m", "django", "test")
    assert re.search(r"Ran 2 tests", done.stderr)


class Outcomes(IsolatedStoresMixin, SimpleTestCase):
    """Run by the test below, not by pytest."""

    __test__ = False

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        kvstore.set("key", "the class's")

    def test_store(self) -> None:
        assert "key" not in kvstore
        kvstore.set("key", "the test's")
        kvstore.namespace("within").set("key", "the test's")
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
            unittest.TestSuite([Outcomes("test_store")]).run(result)
            assert result.testsRun == 1
            assert not result.failures
            assert not result.errors
            assert kvstore.get("key") == "outside"
        assert kvstores["default"] is before
        assert before.backend.count("") == 1, "nothing of the tests is left"
    finally:
        kvstore.clear()


OTHERS = {"default": "locmem://iso-within", "other": "locmem://iso-within?namespace=o"}


class Changes(IsolatedStoresMixin, SimpleTestCase):
    """Run by the test below, not by pytest."""

    __test__ = False

    def test_store(self) -> None:
        kvstore.set("key", "before")
        with override_settings(KEY_VALUE_STORES=OTHERS):
            assert "key" not in kvstore
            kvstore.set("key", "within")
            kvstores["other"].set("key", "within")
            with override_settings(SECRET_KEY="another, which makes all stores anew"):
                assert kvstore.get("key") == "within"
        assert kvstore.get("key") == "before"


@override_settings(KEY_VALUE_STORES=OTHERS)
class ChangesOfClass(IsolatedStoresMixin, TestCase):
    """Run by the test below, not by pytest."""

    __test__ = False

    @classmethod
    def setUpTestData(cls) -> None:
        kvstore.set("key", "the class's")
        kvstores["other"].set("key", "the class's")

    def test_store(self) -> None:
        assert "key" not in kvstore
        kvstore.set("key", "the test's")


@pytest.mark.parametrize("case", [Changes, ChangesOfClass])
@override_settings(KEY_VALUE_STORES={"default": "locmem://iso", "other": "locmem://iso-other"})
def test_nothing_is_left_where_the_settings_change_within(case: type[SimpleTestCase]) -> None:
    kvstore.set("key", "outside")
    try:
        result = unittest.TestResult()
        unittest.TestSuite([case("test_store")]).run(result)
        assert result.testsRun == 1
        assert (result.failures, result.errors) == ([], [])
        assert kvstore.get("key") == "outside"
        assert kvstore.backend.count("") == 1
        assert get_kvstore("locmem://iso-within").backend.count("") == 0
    finally:
        kvstore.clear()


@override_settings(
    KEY_VALUE_STORES={"default": "locmem://one", "other": "locmem://other", "third": "locmem://3"}
)
def test_an_engine_that_fails_at_the_end_does_not_keep_the_others_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(prefix: str) -> None:
        raise Unavailable("it is gone")

    def end() -> None:
        with kvstores.isolated():
            for store in kvstores.all():
                store.set("key", 1)
            monkeypatch.setattr(kvstores["other"].backend, "clear", fail)

    with pytest.raises(Unavailable, match="it is gone"):
        end()
    monkeypatch.undo()
    assert [store.backend.count("test-") for store in kvstores.all()] == [0, 1, 0]
    kvstores["other"].backend.clear("test-")
