"""What the page on testing shows are tests that pass, under both runners, and prove isolation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .page import DOCS, read_page

_SETTINGS = """
SECRET_KEY = "of no use to anybody"
INSTALLED_APPS = ["django_kvstore"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
KEY_VALUE_STORES = {"default": "locmem://"}
"""
_ONE_MORE = """
def test_isolated_by_the_setting():
    from django_kvstore import kvstore
    assert kvstore.incr("baskets") == 1
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the page's tests in it, and with the settings that it shows."""
    blocks = read_page(DOCS / "testing.md")
    tests = [one.text for one in blocks if one.language == "python" and "def test_" in one.text]
    assert len(tests) == 2
    (ini,) = (one.text for one in blocks if one.language == "ini")
    (tmp_path / "test_page.py").write_text("\n\n".join(tests) + _ONE_MORE, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(ini, encoding="utf-8")
    (tmp_path / "project.py").write_text(_SETTINGS, encoding="utf-8")
    (tmp_path / "conftest.py").write_text("import django\n\ndjango.setup()\n", encoding="utf-8")
    return tmp_path


def run(project: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "project", "PYTHONPATH": str(project)},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_tests_pass_under_pytest(project: Path) -> None:
    assert "4 passed" in run(project, "pytest", "-p", "no:django", "-p", "no:cacheprovider")


def test_the_tests_pass_under_djangos_runner(project: Path) -> None:
    assert "Ran 2 tests" in run(project, "django", "test")


def test_without_isolation_they_would_fail(project: Path) -> None:
    page = project / "test_page.py"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("IsolatedStoresMixin, ", ""), encoding="utf-8")
    with pytest.raises(AssertionError, match="2 != 1"):
        run(project, "django", "test")
