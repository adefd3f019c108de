"""What importing costs, seen from fresh processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

ENGINES = ("django_kvstore_", "pymemcache", "boto3", "botocore", "google", "sqlite3", "psycopg")


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "statement", ["import django_kvstore", "from django_kvstore import models"]
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


def test_importing_leaves_out_what_is_not_needed_yet() -> None:
    lazy = ["ormsgpack", "zstandard", "hypothesis", "pytest", "django.db.models"]
    found = run(f"""
import sys
import django_kvstore
print([name for name in {lazy!r} if name in sys.modules])
""")
    assert found.strip() == "[]"
