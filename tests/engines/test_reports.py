"""What Django shows of an error, for every engine: no secret that the settings hold."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.test import override_settings
from django.views.debug import ExceptionReporter

from django_kvstore import kvstores
from django_kvstore_testing.port import Port

#: Put together, so that no line of this file shows it on the pages under test.
SECRET = "".join(("hun", "ter2"))

#: Settings with a secret, whose port nobody listens on.
UNREACHABLE: dict[str, Any] = {
    "sdb-options": {
        "URL": "sdb://shop?region=eu-west-1",
        "OPTIONS": {
            "aws_access_key": f"AKIA{SECRET}",
            "aws_secret_access_key": SECRET,
            "aws_session_token": f"{SECRET}-token",
            "endpoint_url": "http://127.0.0.1:PORT",
            "attempts": 1,
        },
    },
    "sdb-url": (
        f"sdb://shop?region=eu-west-1&aws_access_key=AKIA{SECRET}&aws_secret_access_key={SECRET}"
        "&endpoint_url=http%3A%2F%2F127.0.0.1%3APORT&attempts=1"
    ),
    "sdb-endpoint": (
        "sdb://shop?region=eu-west-1&aws_access_key=AKIA&aws_secret_access_key=a%2Fb"
        f"&endpoint_url=http%3A%2F%2Fuser%3A{SECRET}%40127.0.0.1%3APORT&attempts=1"
    ),
    "sdb-region": f"sdb://shop?region=no%20where&aws_access_key=A&aws_secret_access_key={SECRET}",
    "gae-dict": {
        "URL": "gae://shop",
        "OPTIONS": {
            "credentials": {
                "type": "service_account",
                "project_id": "shop",
                "private_key": SECRET,
                "client_email": "shop@example.com",
                "token_uri": "http://127.0.0.1:PORT",
            },
        },
    },
    "gae-path": f"gae://shop?credentials=/nowhere/{SECRET}.json",
    "memcached": f"memcached://user:{SECRET}@127.0.0.1:PORT",
    "memcached-option": {"URL": "memcached://127.0.0.1:PORT", "OPTIONS": {"password": SECRET}},
    "tyrant": f"tyrant://user:{SECRET}@127.0.0.1:PORT",
    "tyrant-option": f"tyrant://127.0.0.1:PORT?password={SECRET}",
    "db": f"db://user:{SECRET}@kvstore?using=nowhere",
    "db-option": f"db://kvstore?token={SECRET}",
    "locmem": f"locmem://user:{SECRET}@scratch?size=1",
    "nobody": f"nobody://user:{SECRET}@host",
    "legacy": f"servers.nothing://user:{SECRET}@host?password={SECRET}",
}


def reports(act: Callable[[], object]) -> str:
    """Return what Django shows of the error: its page with DEBUG, and its mails without.

    The page without DEBUG leaves out some of what the page with DEBUG has, and adds nothing.
    """
    try:
        act()
    except Exception:  # noqa: BLE001 # whatever it is
        failure = sys.exc_info()
    else:
        return ""
    with override_settings(DEBUG=True):
        page = ExceptionReporter(None, *failure).get_traceback_html()
    with override_settings(DEBUG=False):
        mail = ExceptionReporter(None, *failure).get_traceback_text()
    return page + mail


@pytest.mark.parametrize("name", UNREACHABLE)
def test_no_report_of_a_failure_shows_a_secret(name: str) -> None:
    port = Port.claim()
    try:
        text = repr(UNREACHABLE[name]).replace("PORT", str(port.number))
        with override_settings(KEY_VALUE_STORES={"default": eval(text)}):
            failed = 0
            for call in (
                lambda: kvstores["default"],
                lambda: kvstores["default"].get("key"),
                lambda: kvstores["default"].set("key", 1),
                lambda: kvstores["default"].incr("key"),
                lambda: kvstores["default"].get_many(["key"]),
                lambda: kvstores["default"].clear(),
            ):
                report = reports(call)
                failed += bool(report)
                assert SECRET not in report, report[max(report.index(SECRET) - 700, 0) :][:800]
            assert failed
    finally:
        port.release()
