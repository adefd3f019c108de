"""Every error that the code makes of itself has a way out, those not in the catalogue too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from django_kvstore import KVStoreError, errors

SOURCES = sorted(
    path
    for path in Path(__file__).parents[2].glob("packages/*/src/**/*.py")
    if "testing" not in path.parts  # whose errors are part of its tests
)
FAMILY = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, KVStoreError)
}


def errors_made(source: str) -> Iterator[ast.Call]:
    """Yield the calls that make an error, by a backend's `error` or one that is named so."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args:
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            kind = getattr(node.args[0], "id", "")
            if called in ("error", "_error") and kind in FAMILY:
                yield node


def without_a_way_out(source: str) -> list[int]:
    """Return the lines of errors that have no hint."""
    return [
        node.lineno
        for node in errors_made(source)
        if not any(
            word.arg == "hint" and getattr(word.value, "value", "x") for word in node.keywords
        )
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: "/".join(path.parts[-2:]))
def test_every_error_has_a_hint(path: Path) -> None:
    assert without_a_way_out(path.read_text(encoding="utf-8")) == []


def test_there_are_errors_to_look_at() -> None:
    made = [len(list(errors_made(path.read_text(encoding="utf-8")))) for path in SOURCES]
    assert sum(made) > 40


def test_an_error_without_one_is_found() -> None:
    assert without_a_way_out("raise self.error(Timeout, 'late.')") == [1]
    assert without_a_way_out("raise self.error(Timeout, 'late.', hint='')") == [1]
    assert without_a_way_out("raise self.error(Timeout, 'late.', hint=f'{wait}')") == []
