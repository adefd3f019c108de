"""The guides for authors show all there is to show, as it is."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import get_type_hints

import pytest

from django_kvstore import Backend
from django_kvstore_scaffold.command import main
from django_kvstore_testing.base import Base
from third_parties.third_party import EXAMPLES

from .page import DOCS, read_page

PAGE = DOCS / "writing-a-backend.md"
TEXT = PAGE.read_text(encoding="utf-8")
SOURCE = EXAMPLES / "folder/src/django_kvstore_folder/backend.py"


def test_the_guide_shows_every_method_of_its_backend() -> None:
    (kind,) = (
        node
        for node in ast.parse(SOURCE.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    )
    methods = [node.name for node in kind.body if isinstance(node, ast.FunctionDef)]
    # What it imports, and the class up to its first call, are shown in one piece.
    head = SOURCE.read_text(encoding="utf-8").partition("    def get(")[0]
    assert ':start-at: "from __future__"\n:end-before: "    def get("\n' in TEXT
    assert "def __init__(" in head
    assert head.count("    def ") == 1
    told = re.findall(r":pyobject: FolderBackend\.(\w+)", TEXT)
    assert sorted(["__init__", *told]) == sorted(methods)


def test_the_guide_tells_every_flag_and_what_holds_without_it() -> None:
    flags = [name for name, hint in get_type_hints(Backend).items() if "bool" in str(hint)]
    told = dict(re.findall(r"^\| `(\w+)` \| (yes|no) \|", TEXT, re.MULTILINE))
    assert told == {flag: "yes" if getattr(Backend, flag) else "no" for flag in flags}


def test_the_guide_lists_every_knob() -> None:
    (listed,) = re.findall(r"autoclass:: [\w.]+\.Base\n +:no-index:\n +:members: (.*)", TEXT)
    methods = {"make_store", "stop_server", "start_server", "catch_up"}
    methods |= {"refuse", "allow", "through", "server_address"}
    assert set(listed.split(", ")) == set(Base.__annotations__) | methods
    source = inspect.getsource(Base)
    for knob in Base.__annotations__:  # without such a comment it would not be shown
        assert re.search(rf"^    #: .+\n    {knob}: ", source, re.MULTILINE), knob


def test_the_scaffold_says_what_the_guide_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (command,) = (
        command
        for block in read_page(PAGE)
        if block.language == "console"
        for command, _ in block.commands()
        if command.startswith("django-kvstore-scaffold")
    )
    monkeypatch.chdir(tmp_path)
    assert main(re.findall(r'"[^"]*"|\S+', command)[1:]) == 0
    shown = [block.text for block in read_page(PAGE) if block.language == "text"]
    assert capsys.readouterr().out == shown[0]
