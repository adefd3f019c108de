"""What a project notices: no migrations, no warnings, nothing imported without the admin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ADMIN = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

SETTINGS = """
from pathlib import Path

SECRET_KEY = "x" * 50
USE_TZ = True
INSTALLED_APPS = {apps!r}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {{
    "default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).parent / "a.db"}},
    "other": {{"ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).parent / "b.db"}},
}}
ROOT_URLCONF = "settings"
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {{
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        }},
    }}
]
KEY_VALUE_STORES = {{"default": "db://kvstore", "scratch": "locmem://scratch"}}
urlpatterns = []
"""

SHOP_TESTS = """
from django.test import TestCase, TransactionTestCase
from django_kvstore import kvstore


class Quick(TestCase):
    def test_it(self):
        kvstore.set("a", 1)
        assert kvstore.get("a") == 1


class Flushing(TransactionTestCase):
    serialized_rollback = True

    def test_it(self):
        from django.contrib.auth.models import Permission

        kvstore.set("a", 1)
        assert Permission.objects.filter(codename="view_scratch").count() == 1
"""

#: In one process, since starting Django is most of the work.
COMMANDS = """
import contextlib, io, json, sys
import django
from django.core.management import call_command

django.setup()
said = []
for line in sys.argv[1:]:
    name, *arguments = line.split()
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        call_command(name, *arguments, no_color=True)
    said.append(output.getvalue())
print(json.dumps(said))
"""


class Project:
    """A user's project in a folder, with an application of one model."""

    def __init__(self, folder: Path, apps: list[str]) -> None:
        self.folder = folder
        (folder / "settings.py").write_text(SETTINGS.format(apps=[*apps, "shop"]))
        shop = folder / "shop"
        (shop / "migrations").mkdir(parents=True)
        (shop / "__init__.py").touch()
        (shop / "migrations" / "__init__.py").touch()
        (shop / "models.py").write_text(
            "from django.db import models\n\nclass Fruit(models.Model):\n"
            "    name = models.CharField(max_length=9)\n"
        )
        (shop / "tests.py").write_text(SHOP_TESTS)

    def python(self, *arguments: str) -> str:
        """Run Python in it, every warning an error; return what it said."""
        done = subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=self.folder,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "settings"},
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def commands(self, *lines: str) -> list[str]:
        """Run Django's commands one after the other; return what each said."""
        return json.loads(self.python("-c", COMMANDS, *lines).splitlines()[-1])  # type: ignore[no-any-return]


@pytest.mark.parametrize("first", [True, False], ids=["before Django's", "after Django's"])
def test_a_project_with_the_admin_is_left_in_peace(tmp_path: Path, first: bool) -> None:
    apps = ["django_kvstore", *ADMIN] if first else [*ADMIN, "django_kvstore"]
    project = Project(tmp_path, apps)
    # `migrate contenttypes` alone: auth has no table yet.
    said = project.commands(
        "makemigrations",
        "makemigrations --check",
        "check",
        "migrate contenttypes",
        "migrate",
        "migrate",
        "migrate --database other",
        "dumpdata",
        "dumpdata --all",
        "sqlflush",
    )
    assert "keyvaluestore" not in "".join(said[:7]).lower()
    made, unchanged, checked, begun, _migrated, again, _other, dumped, everything, flush = said
    assert "shop" in made
    assert "No changes detected" in unchanged
    assert "no issues" in checked
    assert "Creating what the store 'default' needs... OK" in begun
    assert "No migrations to apply" in again
    assert "Created" not in again
    # Nobody asks the model's table, which is not there; its content type is an entry as any.
    for dump in (dumped, everything):
        assert "django_kvstore.keyvaluestore" not in [row["model"] for row in json.loads(dump)]
    assert "keyvaluestore" not in flush.lower()
    assert "OK" in project.python("-m", "django", "test", "--verbosity", "1")


def test_permissions_follow_the_settings(tmp_path: Path) -> None:
    project = Project(tmp_path, [*ADMIN, "django_kvstore"])
    project.commands("makemigrations shop", "migrate")
    count = (
        "import django; django.setup();"
        "from django.contrib.auth.models import Permission;"
        "print(sorted(Permission.objects.filter(content_type__app_label='django_kvstore')"
        ".values_list('codename', flat=True)))"
    )
    actions = ("change", "delete", "flush", "view")
    both = sorted(f"{action}_{alias}" for action in actions for alias in ("default", "scratch"))
    assert project.python("-c", count) == f"{both}\n"
    settings = tmp_path / "settings.py"
    settings.write_text(settings.read_text().replace('"scratch": ', '"renamed": '))
    project.commands("migrate")
    more = sorted([*both, *(f"{action}_renamed" for action in actions)])
    assert project.python("-c", count) == f"{more}\n"


@pytest.mark.parametrize(
    "apps",
    [
        [],
        ["django.contrib.contenttypes"],
        ["django.contrib.contenttypes", "django.contrib.auth"],
    ],
    ids=["nothing of Django's", "content types alone", "without the admin"],
)
def test_nothing_of_the_admin_is_imported_without_it(tmp_path: Path, apps: list[str]) -> None:
    project = Project(tmp_path, [*apps, "django_kvstore", "django_keyval"])
    project.commands("makemigrations shop")
    look = (
        "import django, sys; django.setup();"
        "from django.core.management import call_command;"
        "call_command('migrate', verbosity=0); call_command('check');"
        "call_command('makemigrations', check=True, dry_run=True);"
        "print([name for name in sys.modules if 'contrib.admin' in name"
        " or name.startswith(('django_kvstore.admin', 'django_keyval.admin'))])"
    )
    assert project.python("-c", look).splitlines()[-1] == "[]"


def test_an_admin_site_of_ones_own_takes_the_stores(tmp_path: Path) -> None:
    """Without Django's looking for admin modules nothing is registered, and nothing fails."""
    project = Project(tmp_path, [*ADMIN, "django_kvstore"])
    settings = tmp_path / "settings.py"
    source = settings.read_text().replace(
        "'django.contrib.admin'", "'django.contrib.admin.apps.SimpleAdminConfig'"
    )
    settings.write_text(
        source.replace("urlpatterns = []", "STATIC_URL = '/static/'").replace(
            'ROOT_URLCONF = "settings"', 'ROOT_URLCONF = "addresses"'
        )
    )
    (tmp_path / "addresses.py").write_text(
        "from django.contrib import admin\n"
        "from django.urls import path\n"
        "from django_kvstore.admin import KeyValueStore, StoreAdmin\n\n"
        "mine = admin.AdminSite('mine')\n"
        "mine.register(KeyValueStore, StoreAdmin)\n"
        "urlpatterns = [path('mine/', mine.urls)]\n"
    )
    project.commands("makemigrations shop", "migrate", "check")
    look = (
        "import django; django.setup();"
        "from django.test import Client; from django.contrib.auth.models import User;"
        "from django_kvstore import kvstore; kvstore.set('apple', 1);"
        "User.objects.create_superuser('boss'); client = Client(HTTP_HOST='localhost');"
        "client.force_login(User.objects.get());"
        "page = client.get('/mine/django_kvstore/keyvaluestore/default/');"
        "text = page.content.decode();"
        "print(page.status_code, 'apple' in text, 'href=\"/admin/' in text)"
    )
    assert project.python("-c", look) == "200 True False\n"
