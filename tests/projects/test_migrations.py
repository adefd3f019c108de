"""Migrations that use a store, on a database that is empty before them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from documentation.page import DOCS, read_page

from servers.mariadb import MariaDB
from servers.postgresql import PostgreSQL

from .project import Project

#: What stands before the page's settings.
SETTINGS: Final = """
    SECRET_KEY = "for a test"
    USE_TZ = True
    INSTALLED_APPS = ["django_kvstore", "shop"]
"""
PAGE: Final = {block.file: block.text for block in read_page(DOCS / "migrations.md") if block.file}
FIRST, SECOND = "shop/migrations/0001_settings.py", "shop/migrations/0002_rates.py"

TESTS: Final = """
    from django.test import TestCase, TransactionTestCase

    from django_kvstore import kvstore, kvstores


    class Sees:
        databases = {"default", "archive"}

        def test_what_the_migrations_stored(self):
            self.assertEqual(kvstore.get_many(["currency", "tax"]), {"currency": "EUR", "tax": 19})
            self.assertEqual(dict(kvstores["rates"].items()), {"USD": 1.08})

        def test_again(self):
            self.test_what_the_migrations_stored()


    class TestOne(Sees, TestCase):
        pass


    class TestTwo(Sees, TransactionTestCase):
        pass


    class TestThree(Sees, TestCase):
        pass
"""


@pytest.fixture
def shop(project: Project) -> Project:
    """The page's project, with its first migration."""
    project.write("settings.py", SETTINGS).append("settings.py", PAGE["settings.py"])
    return project.write(FIRST, PAGE[FIRST])


@pytest.fixture
def both(shop: Project) -> Project:
    """The page's project, with both of its migrations."""
    return shop.write(SECOND, PAGE[SECOND])


def get(project: Project, key: str, store: str = "default") -> str:
    return project.manage("kvstore", "get", key, "--store", store).strip()


def without_operation(project: Project, name: str, alias: str) -> None:
    text = PAGE[name].replace(f'        ProvisionStore("{alias}"),\n', "")
    project.write(name, text)


def test_the_migration_of_the_page_runs_on_a_fresh_database_and_back(shop: Project) -> None:
    shop.manage("migrate")
    assert get(shop, "tax") == "19"
    shop.manage("kvstore", "set", "other", "kept")
    shop.manage("migrate", "shop", "zero")
    assert get(shop, "other") == "kept"
    assert shop.manage("kvstore", "keys").split() == ["other"]
    shop.manage("migrate")
    assert get(shop, "currency") == "EUR"


def test_each_database_has_its_own_run(both: Project) -> None:
    both.manage("migrate")
    assert "is missing" in both.manage("kvstore", "get", "USD", "-s", "rates", fails=True)
    both.manage("migrate", "--database", "archive")
    assert get(both, "USD", "rates") == "1.08"
    assert both.manage("kvstore", "keys", "--store", "default").split() == ["currency", "tax"]


@pytest.mark.parametrize("parallel", ["1", "2"])
@pytest.mark.parametrize("names", [True, False], ids=["file", "memory"])
def test_djangos_runner_makes_the_databases(both: Project, parallel: str, names: bool) -> None:
    if names:
        both.append(
            "settings.py",
            'for alias in DATABASES:\n    DATABASES[alias]["TEST"] = {"NAME": f"test.{alias}"}\n',
        )
    both.write("shop/tests.py", TESTS)
    assert "Ran 6 tests" in both.manage("test", "--parallel", parallel)


ROUTER: Final = """
    class Router:
        def db_for_read(self, model, **hints):
            return "archive" if model._meta.app_label == "django_kvstore_db" else None

        db_for_write = db_for_read

        def allow_migrate(self, db, app_label, **hints):
            return db == "archive" if app_label == "django_kvstore_db" else None
"""


def test_a_router_decides_in_which_database_the_store_is(both: Project) -> None:
    both.write("shop/routers.py", ROUTER)
    both.append(
        "settings.py",
        """
        DATABASE_ROUTERS = ["shop.routers.Router"]
        KEY_VALUE_STORES = {"default": "db://kvstore", "rates": "db://rates"}
        """,
    )
    guarded = PAGE[FIRST].replace(
        "schema_editor):\n    kvstore",
        'schema_editor):\n    if schema_editor.connection.alias != "archive":\n        return\n'
        "    kvstore",
    )
    assert guarded.count("archive") == 2
    both.write(FIRST, guarded)
    both.write("shop/tests.py", TESTS)
    assert "Ran 6 tests" in both.manage("test")
    both.manage("migrate")
    both.manage("migrate", "--database", "archive")
    assert get(both, "USD", "rates") == "1.08"


def test_sqlmigrate_and_squashmigrations(both: Project) -> None:
    assert "Create what the store 'default' needs" in both.manage("sqlmigrate", "shop", "0001")
    assert "No changes detected" in both.manage("makemigrations", "--check", "--dry-run")
    both.manage("squashmigrations", "shop", "0002", "--no-input")
    (squashed,) = (both.folder / "shop" / "migrations").glob("*squashed*")
    text = squashed.read_text()
    assert "import django_kvstore.migrations" in text
    assert re.search(r"django_kvstore\.migrations\.ProvisionStore\(\s*alias='rates'", text)


SERVERS: Final = {"postgresql": PostgreSQL, "mariadb": MariaDB}


@pytest.mark.parametrize("kind", SERVERS)
def test_on_a_server(shop: Project, engine: Callable[..., Any], kind: str) -> None:
    server = engine(SERVERS[kind])
    name = f"migrations_{kind}"
    server.create_database(name)
    entry = {**server.django_database(name), "TEST": {"NAME": f"{name}_test"}}
    if kind == "mariadb":
        shop.append("settings.py", "import pymysql\npymysql.install_as_MySQLdb()\n")
    shop.append("settings.py", f"DATABASES['default'] = {entry!r}\n")
    shop.append("settings.py", "KEY_VALUE_STORES.pop('rates')\n")
    shop.manage("migrate")
    assert get(shop, "tax") == "19"
    shop.manage("migrate", "shop", "zero")
    tests = TESTS.replace('{"default", "archive"}', '{"default"}')
    lines = [line for line in tests.splitlines() if '["rates"]' not in line]
    shop.write("shop/tests.py", "\n".join(lines))
    assert "Ran 6 tests" in shop.manage("test", "--no-input")


# What the errors say.


def test_an_error_within_a_migration_names_the_operation(shop: Project) -> None:
    without_operation(shop, FIRST, "default")
    said = shop.manage("migrate", fails=True)
    assert "Put ProvisionStore('default'), from django_kvstore.migrations, before" in said
    assert "Run 'manage.py migrate" not in said


def test_an_error_within_a_migration_of_another_database_says_when_to_run(both: Project) -> None:
    both.write(SECOND, PAGE[SECOND].replace("schema_editor.connection.alias ==", "'archive' =="))
    said = both.manage("migrate", fails=True)
    assert "This is a migration of the database 'default'" in said
    assert "unless schema_editor.connection.alias is 'archive'" in said
    assert "Run 'manage.py migrate" not in said


READS_IN_READY: Final = """
    from django.apps import AppConfig

    from django_kvstore import kvstore


    class ShopConfig(AppConfig):
        name = "shop"

        def ready(self):
            kvstore.get("key")
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("shop/models.py", "from django_kvstore import kvstore\nkvstore.get('key')\n"),
        ("shop/apps.py", READS_IN_READY),
        (
            "shop/urls.py",
            "from django_kvstore import kvstore\nkvstore.get('key')\nurlpatterns = []\n",
        ),
    ],
)
def test_an_error_while_django_starts_says_to_read_later(
    shop: Project, name: str, text: str
) -> None:
    shop.write(name, text).append("settings.py", "ROOT_URLCONF = 'shop.urls'\n")
    if name != "shop/urls.py":
        shop.write("shop/urls.py", "urlpatterns = []\n")
    said = shop.manage("migrate", fails=True)
    assert "The store is used while Django starts" in said
    assert "Use it in a function instead" in said


def test_an_error_at_any_other_time_names_the_command(shop: Project) -> None:
    code = "import django; django.setup(); from django_kvstore import kvstore; kvstore.get('key')"
    said = shop.python("-c", code, fails=True)
    assert "Run 'manage.py migrate --database=default'" in said
    assert "ProvisionStore" not in said


def test_a_store_that_the_settings_do_not_have_is_named(shop: Project) -> None:
    shop.write(FIRST, PAGE[FIRST].replace('Store("default")', 'Store("defualt")'))
    said = shop.manage("migrate", fails=True)
    assert "Did you mean 'default'?" in said
