"""The demo as a site: the admin shows its data after the one login that is printed."""

from __future__ import annotations

import http.cookiejar
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django_kvstore_testing.port import Port

PROJECT = Path(__file__).parents[2] / "docs" / "demo"
STORE = "admin/django_kvstore/keyvaluestore/default/"


class Visitor:
    """Somebody with a browser's memory for cookies."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str, data: dict[str, str] | None = None) -> str:
        """Return a page, or what comes of sending the data there."""
        body = urllib.parse.urlencode(data).encode() if data else None
        request = urllib.request.Request(self.address + path, body, {"Referer": self.address})
        with self.opener.open(request, timeout=30) as response:
            return str(response.read().decode())

    def log_in(self, user: str, password: str) -> str:
        """Fill the login in; return the page that it leads to."""
        page = self.get(f"admin/login/?next=/{STORE}")
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert found
        data = {"username": user, "password": password, "csrfmiddlewaretoken": found[1]}
        return self.get(f"admin/login/?next=/{STORE}", data)


def wait_for(visitor: Visitor, process: subprocess.Popen[str]) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + 60
    while True:
        try:
            visitor.get("admin/login/")
            return
        except urllib.error.URLError:
            assert process.poll() is None, "the server has ended"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)


@contextmanager
def served(folder: Path) -> Iterator[tuple[Visitor, str, str]]:
    """Serve the demo until the block ends; give a visitor, and the user and password printed."""
    port = Port.claim()
    command = ["manage.py", "serve", f"127.0.0.1:{port.number}", "--limit", "150"]
    process = subprocess.Popen(
        [sys.executable, "-W", "error", *command, "--folder", str(folder)],
        cwd=PROJECT,
        env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert process.stdout is not None
    said = ""
    try:
        for line in process.stdout:
            said += line
            if "password '" in line:
                break
        found = re.search(r"at (http://\S+)\n.*as '(\w+)' with the password '(\S+)'", said)
        assert found, said
        visitor = Visitor(found[1])
        wait_for(visitor, process)
        yield visitor, found[2], found[3]
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()
        port.release()


def test_the_demo_opens_as_a_site_after_one_printed_login(tmp_path: Path) -> None:
    with served(tmp_path) as (visitor, user, first):
        page = visitor.log_in(user, first)
        assert "Log out" in page
        assert "unicode.Character" in page
        characters = visitor.get(f"{STORE}?scope=model:unicode.Character&q=DIGIT")
        assert ">DIGIT ONE</bdi>" in characters
        stores = visitor.get("")
        assert "db://kvstore" in stores
    # Another start stores nothing again, and has another password.
    with served(tmp_path) as (visitor, user, second):
        assert second != first
        assert "Log out" not in visitor.log_in(user, first)
        assert "unicode.Character" in visitor.log_in(user, second)
