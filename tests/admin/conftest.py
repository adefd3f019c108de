"""A migrated project with the admin, users of every kind, and stores with nothing in them.

``def test_it(visitor): visitor("view_default").get(keys_url("default"))``
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.checks.registry import registry
from django.db import connection
from django.test import Client, override_settings

from admin.browser import Browser, Chromium
from admin.furniture import enter, furnish
from admin.project import SETTINGS
from django_kvstore import kvstores

Visitor = Callable[..., Client]
Photograph = Callable[[str], None]


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Install the admin and migrate a database of its own."""
    before = connection.settings_dict["NAME"]
    testing = connection.settings_dict["TEST"]
    testing["NAME"] = str(tmp_path_factory.mktemp("admin") / "admin.db")
    # Django's applications register checks that fail once they are not installed any more.
    checks = set(registry.registered_checks), set(registry.deployment_checks)
    with override_settings(**SETTINGS):
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            yield
        finally:
            kvstores.reset()
            connection.creation.destroy_test_db(before, verbosity=0)
            testing["NAME"] = None
            registry.registered_checks, registry.deployment_checks = checks


@pytest.fixture(autouse=True)
def fresh(site: None) -> Iterator[None]:
    """Begin without entries, users and history."""
    from django.contrib.admin.models import LogEntry
    from django.contrib.auth.models import User

    yield
    LogEntry.objects.all().delete()
    User.objects.all().delete()
    for store in kvstores.all():
        store.backend.clear("")  # every namespace
    kvstores.reset()  # KeyVal remembers the names of a store, of which none are left


@pytest.fixture
def visitor() -> Visitor:
    """Give ``visitor("view_default", …)``: the client of staff with those permissions alone.

    ``visitor("*")`` is a superuser, ``visitor(staff=False)`` none of the staff.
    """

    def make(*codenames: str, staff: bool = True, **client: Any) -> Client:
        from django.contrib.auth.models import Permission, User

        everything = codenames == ("*",)
        count = User.objects.count()
        name = f"anna{count or ''}"
        user = User.objects.create_user(name, password="x", is_staff=staff)
        if everything:
            user.is_superuser = True
            user.save()
        else:
            granted = Permission.objects.filter(codename__in=codenames)
            assert granted.count() == len(codenames)
            user.user_permissions.set(granted)
        made = Client(**client)
        made.force_login(user)
        return made

    return make


@pytest.fixture
def boss(visitor: Visitor) -> Client:
    """The client of a superuser."""
    return visitor("*")


@pytest.fixture
def settings_of() -> Callable[..., Any]:
    """Give ``settings_of(alias=entry, …)``: other stores for a while."""

    def change(**stores: Any) -> Any:
        return override_settings(KEY_VALUE_STORES={**SETTINGS["KEY_VALUE_STORES"], **stores})

    return change


@pytest.fixture(scope="package")
def live(site: None) -> Iterator[str]:
    """Serve the project; give its address."""
    # Its handlers are part of an application that is installed only now.
    from admin.live import serving

    with serving() as address:
        yield address


@pytest.fixture(scope="package")
def chromium(
    available: Callable[..., None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Start one browser, or skip with what to install."""
    available(Chromium())
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """Give a wide, light browser that knows nobody."""
    chromium.driver.delete_all_cookies()
    chromium.complaints()
    yield chromium
    chromium.resize(1280, 900)
    chromium.prefer("light")


@pytest.fixture
def photograph(browser: Browser, tmp_path: Path) -> Photograph:
    """Give ``photograph(name)``: a picture that is not blank, kept where the environment says."""
    folder = Path(os.environ.get("KVSTORE_PHOTOGRAPHS") or tmp_path)

    def take(name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}.png"
        browser.photograph(file)
        assert file.stat().st_size > 5000

    return take


@pytest.fixture
def shop(browser: Browser, live: str, boss: Client) -> Browser:
    """Give a superuser's browser in furnished stores."""
    furnish()
    enter(browser, live, boss)
    return browser
