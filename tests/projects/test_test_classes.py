"""Django's test classes, `flush` and pytest-django, in a project that has the admin.

Beside the store that the tests use there are two that none uses: one in another database, with an
entry, and one whose database is down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest

from django_kvstore_testing.port import Port

from .project import Project

SETTINGS: Final = """
    from pathlib import Path

    HERE = Path(__file__).parent
    SECRET_KEY = "for a test"
    USE_TZ = True
    ALLOWED_HOSTS = ["localhost", "testserver"]
    ROOT_URLCONF = "shop.urls"
    STATIC_URL = "/static/"
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    INSTALLED_APPS = [
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "django_kvstore",
        "shop",
    ]
    MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
    TEMPLATES = [{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }]
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HERE / "site.sqlite3",
            "TEST": {"NAME": TEST_NAME},
            "OPTIONS": {"timeout": 60},
        },
        "other": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HERE / "other.sqlite3",
        },
        "down": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "down",
            "HOST": "127.0.0.1",
            "PORT": "PORT_OF_NOBODY",
        },
    }
    KEY_VALUE_STORES = {
        "default": "db://kvstore",
        "other": "db://kvstore?using=other",
        "down": "db://kvstore?using=down",
    }
"""

#: Notes each database that is opened.
APPS: Final = """
    from pathlib import Path

    from django.apps import AppConfig
    from django.db.backends.signals import connection_created


    def note(sender, connection, **kwargs):
        with (Path(__file__).parents[1] / "opened.txt").open("a") as file:
            file.write(f"{connection.alias}\\n")


    class ShopConfig(AppConfig):
        name = "shop"

        def ready(self):
            connection_created.connect(note)
"""

URLS: Final = """
    from django.contrib import admin
    from django.http import HttpResponse
    from django.urls import path

    from django_kvstore import kvstore


    def hit(request):
        return HttpResponse(str(kvstore.incr("hits")))


    urlpatterns = [path("admin/", admin.site.urls), path("hit/", hit)]
"""

UNITTESTS: Final = """
    from urllib.request import urlopen

    from django.contrib.auth.models import Permission, User
    from django.test import LiveServerTestCase, TestCase, TransactionTestCase

    from django_kvstore import kvstore
    from django_kvstore.test import IsolatedStoresMixin


    class Uses:
        def use(self):
            self.assertEqual(list(kvstore.keys()), [])
            self.assertEqual(self.client.get("/hit/").content, b"1")
            self.assertEqual(kvstore.get("hits"), 1)

            # The permissions are there, after a flush too, and only once.
            codenames = Permission.objects.filter(content_type__app_label="django_kvstore")
            names = sorted(codenames.values_list("codename", flat=True))
            self.assertEqual(len(names), 12)
            self.assertIn("view_down", names)
            self.assertEqual(len(set(names)), 12)
            user = User.objects.create_user("ada", is_staff=True)
            user.user_permissions.add(codenames.get(codename="view_default"))
            self.client.force_login(user)
            self.assertContains(self.client.get("/admin/"), "Stores")


    class LiveUses:
        def use(self):
            self.assertEqual(list(kvstore.keys()), [])
            with urlopen(f"{self.live_server_url}/hit/") as answer:
                self.assertEqual(answer.read(), b"1")
            self.assertEqual(kvstore.get("hits"), 1)
"""

TEST_CLASS: Final = """

    class {base}{number}({uses}, {mixin}{base}):
        def test_one(self):
            self.use()

        def test_two(self):
            self.use()
"""

PYTESTS: Final = """
    from urllib.request import urlopen

    import pytest

    from django_kvstore import kvstore


    def use():
        assert list(kvstore.keys()) == []
        assert kvstore.incr("hits") == 1


    @pytest.mark.parametrize("number", range(3))
    def test_db(db, {fixture}, number):
        use()


    @pytest.mark.parametrize("number", range(3))
    def test_transactional_db(transactional_db, {fixture}, number):
        use()


    @pytest.mark.parametrize("number", range(3))
    def test_live_server(live_server, {fixture}, number):
        assert list(kvstore.keys()) == []
        with urlopen(f"{{live_server.url}}/hit/") as answer:
            assert answer.read() == b"1"
        assert kvstore.get("hits") == 1


    @pytest.mark.django_db
    def test_mark({fixture}):
        use()


    @pytest.mark.django_db(transaction=True)
    def test_mark_of_a_transaction({fixture}):
        use()
"""

#: What the test database of SQLite is: in a file, or in memory as Django has it by default.
IN_FILE: Final = 'HERE / "test.sqlite3"'
IN_MEMORY: Final = "None"


@pytest.fixture
def nobody() -> Iterator[str]:
    """A port that nobody listens on."""
    port = Port.claim()
    yield str(port.number)
    port.release()


@pytest.fixture(scope="module")
def other_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of the other database, with an entry in its store."""
    project = Project(tmp_path_factory.mktemp("other"))
    text = SETTINGS.replace("TEST_NAME", IN_MEMORY)
    project.write("settings.py", text.replace("PORT_OF_NOBODY", ""))
    project.write("shop/apps.py", APPS).write("shop/urls.py", URLS)
    project.manage("kvstore", "provision", "other")
    project.manage("kvstore", "set", "key", "kept", "--store", "other")
    return (project.folder / "other.sqlite3").read_bytes()


@pytest.fixture(params=[IN_FILE, IN_MEMORY], ids=["file", "memory"])
def shop(
    request: pytest.FixtureRequest, project: Project, nobody: str, other_database: bytes
) -> Iterator[Project]:
    """The project, with an entry in the store of the other database."""
    text = SETTINGS.replace("TEST_NAME", request.param)
    project.write("settings.py", text.replace("PORT_OF_NOBODY", nobody))
    project.write("shop/apps.py", APPS).write("shop/urls.py", URLS)
    other = project.folder / "other.sqlite3"
    other.write_bytes(other_database)
    yield project
    opened = set((project.folder / "opened.txt").read_text().split())
    assert opened == {"default"}, "only the database of the tests was opened"
    assert other.read_bytes() == other_database


def write_unittests(project: Project, *, mixin: str) -> None:
    project.write("shop/tests.py", UNITTESTS)
    for base in ("TestCase", "TransactionTestCase", "LiveServerTestCase"):
        uses = "LiveUses" if base == "LiveServerTestCase" else "Uses"
        for number in range(2):
            text = TEST_CLASS.format(base=base, number=number, uses=uses, mixin=mixin)
            project.append("shop/tests.py", text)


#: Takes every store, and asks one that it may not, in the test and before all tests of the class.
OTHER_DATABASES: Final = """
    from django.test import SimpleTestCase, TestCase, TransactionTestCase
    from django.test.testcases import DatabaseOperationForbidden

    from django_kvstore import kvstore, kvstores
    from django_kvstore.test import IsolatedStoresMixin


    class Asks:
        @classmethod
        def setUpClass(cls):
            super().setUpClass()
            cls.ask()

        def test_one(self):
            self.ask()
            if self.databases:
                self.assertEqual(kvstore.incr("hits"), 1)

        @classmethod
        def ask(cls):
            kvstores.all()
            for alias in ("other", "down"):
                try:
                    kvstores[alias].set("key", "lost")
                except DatabaseOperationForbidden:
                    continue
                raise AssertionError("it may not")


    class TestOne(Asks, IsolatedStoresMixin, TestCase):
        pass


    class TestTwo(Asks, IsolatedStoresMixin, TransactionTestCase):
        pass


    class TestThree(Asks, IsolatedStoresMixin, SimpleTestCase):
        pass
"""


def test_a_store_that_the_test_may_not_use_is_no_error_at_its_end(shop: Project) -> None:
    shop.write("shop/tests.py", OTHER_DATABASES)
    assert re.search(r"Ran 3 tests", shop.manage("test"))


@pytest.mark.parametrize("parallel", ["1", "2"])
def test_djangos_runner(shop: Project, parallel: str) -> None:
    write_unittests(shop, mixin="IsolatedStoresMixin, ")
    said = shop.manage("test", "--parallel", parallel)
    assert re.search(r"Ran 12 tests", said)


def test_pytest_django(shop: Project) -> None:
    shop.write("test_shop.py", PYTESTS.format(fixture="isolated_kvstores"))
    assert "11 passed" in shop.pytest("-q")


def test_pytest_django_with_the_setting(shop: Project) -> None:
    shop.write("test_shop.py", PYTESTS.format(fixture="request"))
    shop.write("pytest.ini", "[pytest]\nkvstore_isolation = true\n")
    assert "11 passed" in shop.pytest("-q")


def test_pytest_runs_djangos_classes(shop: Project) -> None:
    write_unittests(shop, mixin="IsolatedStoresMixin, ")
    assert "12 passed" in shop.pytest("-q", "shop/tests.py")


def test_flush(shop: Project) -> None:
    shop.manage("migrate")
    shop.manage("kvstore", "set", "key", "value")
    shop.manage("flush", "--no-input")
    count = (
        "import django; django.setup(); from django.contrib.auth.models import Permission as P; "
        "print(P.objects.filter(content_type__app_label='django_kvstore').count())"
    )
    assert shop.python("-c", count) == "12\n"


def test_flush_where_the_stores_come_before_the_content_types(shop: Project) -> None:
    settings = (shop.folder / "settings.py").read_text()
    first = settings.replace('    "django_kvstore",\n', "")
    first = first.replace("INSTALLED_APPS = [", 'INSTALLED_APPS = [\n    "django_kvstore",')
    shop.write("settings.py", first)
    write_unittests(shop, mixin="IsolatedStoresMixin, ")
    assert re.search(r"Ran 12 tests", shop.manage("test"))
