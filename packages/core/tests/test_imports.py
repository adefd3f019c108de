"""What importing costs, seen from fresh processes."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import django_kvstore

ENGINES = ("django_kvstore_", "pymemcache", "boto3", "botocore", "google", "sqlite3", "psycopg")


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "statement",
    [
        "import django_kvstore",
        "from django_kvstore import kvstore, kvstores",
        "from django_kvstore import models",
    ],
)
def test_importing_imports_no_engine_and_opens_nothing(statement: str) -> None:
    # "open" and "socket" events of the audit hook, but for the modules' own files.
    found = run(f"""
import sys
opened = []
def hook(event, args):
    if event.startswith(("socket.", "sqlite3.", "subprocess.", "os.fork")):
        opened.append(event)
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        opened.append(args[0])
sys.addaudithook(hook)
{statement}
print(opened, [name for name in sys.modules if name.startswith({ENGINES!r})])
""")
    assert found.strip() == "[] []"


def test_models_need_no_configured_store_and_no_settings() -> None:
    found = run("""
from django_kvstore import models
class Thing(models.Model):
    name = models.CharField(pk=True)
print(Thing(name="a"))
""")
    assert found.strip() == "<Thing: 'a'>"


def test_a_stores_first_use_imports_its_own_engine_only() -> None:
    found = run(f"""
import sys
from django.conf import settings
settings.configure(SECRET_KEY="x", KEY_VALUE_STORES={{
    "default": "locmem://",
    "other": "db://table",
}})
from django_kvstore import kvstore
kvstore.set("a", 1)
print(sorted({{name.split(".")[0] for name in sys.modules if name.startswith({ENGINES!r})}}))
""")
    assert found.strip() == "['django_kvstore_locmem']"


def test_what_is_public_is_there_and_nothing_else() -> None:
    found = run("""
import django_kvstore
for name in django_kvstore.__all__:
    assert name in dir(django_kvstore), name
    assert getattr(django_kvstore, name) is getattr(django_kvstore, name), name
try:
    django_kvstore.nothing
except AttributeError as error:
    print(error)
from django_kvstore import *
print(type(kvstores).__name__, Store.__name__)
""")
    assert found.splitlines() == [
        "module 'django_kvstore' has no attribute 'nothing'",
        "Stores Store",
    ]


def test_the_version_is_the_distributions() -> None:
    assert django_kvstore.__version__ == version("django-kvstore")


SETTINGS = """
from django_kvstore import DEFAULT_TTL, MISSING, kvstore, models

INSTALLED_APPS = ["django_kvstore"]
SECRET_KEY = "x"
KEY_VALUE_STORE_BACKEND = "locmem://shop"
"""


def test_settings_may_import_it(tmp_path: Path) -> None:
    (tmp_path / "shop_settings.py").write_text(SETTINGS)
    found = run(f"""
import os, sys
sys.path.insert(0, {str(tmp_path)!r})
os.environ["DJANGO_SETTINGS_MODULE"] = "shop_settings"
import django
django.setup()
import shop_settings
shop_settings.kvstore.set("a", 1)
print(shop_settings.kvstore.get("a"))
""")
    assert found.strip() == "1"


def test_the_plugin_of_pytest_imports_nothing_of_django() -> None:
    found = run("""
import sys
import pytest
before = set(sys.modules)
import django_kvstore_testing.pytest_plugin
more = {name for name in set(sys.modules) - before if "." not in name or "kvstore" in name}
print(sorted(more))
""")
    assert found.strip() == "['django_kvstore_testing', 'django_kvstore_testing.pytest_plugin']"


def test_importing_leaves_out_what_is_not_needed_yet() -> None:
    lazy = ["ormsgpack", "zstandard", "hypothesis", "pytest", "django.db.models"]
    lazy += ["pluggy", "importlib.metadata", "django.db"]
    found = run(f"""
import sys
from django_kvstore import kvstore, kvstores
print([name for name in {lazy!r} if name in sys.modules])
""")
    assert found.strip() == "[]"
