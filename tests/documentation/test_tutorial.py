"""The tutorial, done as it says: files in an empty folder, commands in processes of their own.

The servers are those of the tests, and the page's ports stand for theirs.
"""

from __future__ import annotations

import doctest
import itertools
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import pytest

from django_kvstore_testing.port import Port
from servers.memcached import Memcached
from servers.server import Server

from .page import DOCS, Block, read_page

_FLAGS: Final = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

#: Types the lines of a session into Python, as ``manage.py shell`` would take them.
_SESSION: Final = """
import doctest, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
import django
django.setup()
options = doctest.ELLIPSIS
failed, tried = doctest.testfile(sys.argv[1], module_relative=False, optionflags=options)
sys.exit(1 if failed or not tried else 0)
"""


class Follower:
    """Somebody who does what a page says, in an empty folder."""

    def __init__(self, folder: Path, ports: Mapping[str, int] | None = None) -> None:
        self.folder = folder
        self.done: list[str] = []
        self._ports = dict(ports or {})
        self._exported: dict[str, str] = {}
        self._servers = ExitStack()

    def close(self) -> None:
        """End what was started."""
        self._servers.close()

    def follow(self, blocks: list[Block]) -> None:
        """Do what the blocks say; consoles that follow each other are one Python, left open."""
        for kind, group in itertools.groupby(blocks, key=lambda block: block.is_session):
            if kind:
                self._type_in(list(group))
                continue
            for block in group:
                if block.file:
                    self._write(block)
                else:
                    assert block.language == "console", f"{block}: what is to be done with this?"
                    for command, expected in block.commands():
                        self._command(block, command, expected)

    def _write(self, block: Block) -> None:
        """Add to the file, which may be one that Django has made."""
        path = self.folder / block.file
        assert path.parent.is_dir(), block
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n{block.text}")
        self.done.append(block.file)

    def _type_in(self, blocks: list[Block]) -> None:
        session = self.folder / "session.txt"
        session.write_text("\n".join(block.text for block in blocks), encoding="utf-8")
        ran = self._run(sys.executable, "-c", _SESSION, str(session))
        assert ran.returncode == 0, f"{blocks[0]}\n{ran.stdout}"
        self.done.append("session")

    def _command(self, block: Block, command: str, expected: str) -> None:
        words = shlex.split(self._with_real_ports(command))
        if words[:2] == ["pip", "install"]:
            return  # test_commands looks whether there are such distributions
        self.done.append(" ".join(words[1:]))
        if words[0] == "export":
            self._exported.update([words[1].split("=", 1)])
            return
        if words[0] == "gunicorn":
            self._serve([word for word in words[1:] if word != "--daemon"])
            return
        if words[0] == "curl":
            with urlopen(words[1], timeout=30) as answer:
                self._compare(block, command, expected, answer.read().decode())
            return
        programs = {"python": [sys.executable], "django-admin": [sys.executable, "-m", "django"]}
        ran = self._run(*programs[words[0]], *words[1:])
        assert ran.returncode == 0, f"{block}: {command}\n{ran.stdout}"
        self._compare(block, command, expected, ran.stdout)

    def _compare(self, block: Block, command: str, expected: str, output: str) -> None:
        agrees = doctest.OutputChecker().check_output(expected, output, _FLAGS)
        assert agrees, f"{block}: {command}\n{output}"

    def _with_real_ports(self, command: str) -> str:
        for shown, real in self._ports.items():
            command = re.sub(rf":{shown}\b", f":{real}", command)
        return command

    def _serve(self, arguments: list[str]) -> None:
        """Start gunicorn, and wait until somebody answers at the address after ``--bind``."""
        host, port = arguments[arguments.index("--bind") + 1].split(":")
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *arguments],
            cwd=self.folder,
            env=self._environment(),
        )
        self._servers.callback(server.wait, 30)
        self._servers.callback(server.terminate)
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
                return
            except OSError:
                assert server.poll() is None, "it ended"
                assert time.monotonic() < deadline, "nobody answers"
                time.sleep(0.05)

    def _environment(self) -> dict[str, str]:
        own = {
            name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"
        }
        return {**own, "PYTHONPATH": str(self.folder), **self._exported}

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self._environment(), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # a terminal shows both, as they come
            encoding="utf-8",
            check=False,
            timeout=120,
        )


def test_the_tutorial_comes_out_as_it_says(
    available: Callable[[Server], None], tmp_path: Path
) -> None:
    memcached = Memcached()  # of its own, in which nobody has counted
    available(memcached)
    with ExitStack() as stack:
        stack.enter_context(memcached)
        port = Port.claim()
        stack.callback(port.release)
        ports = {"11211": memcached.port, "8000": port.number}
        follower = stack.enter_context(closing(Follower(tmp_path, ports)))
        follower.follow(read_page(DOCS / "tutorial.md"))
    assert {"startproject shop .", "manage.py migrate", "shop/settings.py"} <= set(follower.done)
    assert follower.done.count("session") == 3
    assert follower.done[-1] == follower.done[-2] == f"http://127.0.0.1:{port.number}/"
    assert (tmp_path / "db.sqlite3").exists()


def test_a_tutorial_that_is_wrong_fails(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "settings.py").write_text('KEY_VALUE_STORE_BACKEND = "locmem://"\n')
    text = ">>> from django_kvstore import kvstore\n>>> kvstore.get('greeting')\n'hello'\n"
    with pytest.raises(AssertionError, match="Got nothing"):
        Follower(tmp_path).follow([Block(DOCS / "tutorial.md", 1, "python", text)])
