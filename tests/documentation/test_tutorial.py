"""The tutorial, done as it says: files in an empty folder, commands in processes of their own."""

from __future__ import annotations

import doctest
import itertools
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

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

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done: list[str] = []

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
        assert ran.returncode == 0, f"{blocks[0]}\n{ran.stdout}{ran.stderr}"
        self.done.append("session")

    def _command(self, block: Block, command: str, expected: str) -> None:
        words = shlex.split(command)
        if words[:2] == ["pip", "install"]:
            return  # test_commands looks whether there are such distributions
        programs = {"python": [sys.executable], "django-admin": [sys.executable, "-m", "django"]}
        ran = self._run(*programs[words[0]], *words[1:])
        assert ran.returncode == 0, f"{block}: {command}\n{ran.stdout}{ran.stderr}"
        agrees = doctest.OutputChecker().check_output(expected, ran.stdout, _FLAGS)
        assert agrees, f"{block}: {command}\n{ran.stdout}"
        self.done.append(" ".join(words[1:]))

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {
            name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"
        }
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**environment, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )


def test_the_tutorial_comes_out_as_it_says(tmp_path: Path) -> None:
    follower = Follower(tmp_path)
    follower.follow(read_page(DOCS / "tutorial.md"))
    assert {"startproject shop .", "manage.py migrate", "shop/settings.py"} <= set(follower.done)
    assert follower.done.count("session") == 3
    assert (tmp_path / "db.sqlite3").exists()


def test_a_tutorial_that_is_wrong_fails(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "settings.py").write_text('KEY_VALUE_STORE_BACKEND = "locmem://"\n')
    text = ">>> from django_kvstore import kvstore\n>>> kvstore.get('greeting')\n'hello'\n"
    with pytest.raises(AssertionError, match="Got nothing"):
        Follower(tmp_path).follow([Block(DOCS / "tutorial.md", 1, "python", text)])
