"""A migrated project with the admin, users of every kind, and stores with nothing in them.

``def test_it(visitor): visitor("view_default").get(keys_url("default"))``
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client, override_settings

from admin.browser import Browser, Chromium
from admin.project import SETTINGS
from django_kvstore import kvstores

Visitor = Callable[..., Client]


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Install the admin and migrate a database of its own."""
    before = connection.settings_dict["NAME"]
    testing = connection.settings_dict["TEST"]
    testing["NAME"] = str(tmp_path_factory.mktemp("admin") / "admin.db")
    with override_settings(**SETTINGS):
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            yield
        finally:
            kvstores.reset()
            connection.creation.destroy_test_db(before, verbosity=0)
            testing["NAME"] = None


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
