"""The characters in the store: all of them written, and all of them read back and compared.

``findings = read_back(characters, page)``; ``findings.wrong`` names those that are not the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from django_kvstore import kvstore

from .models import Character
from .page import Page

T = TypeVar("T")

BATCH = 1000


@dataclass
class Findings:
    """What reading back came upon, by name."""

    right: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def store(characters: Iterable[Character], page: Page, total: int) -> None:
    """Write them all, a batch in one call."""
    for batch in page.bar("stored", _batches(characters), total):
        Character.save_many(batch)


def read_back(expected: dict[str, Character], page: Page) -> Findings:
    """Read every character there is and compare it with the one expected, field by field."""
    findings = Findings()
    for batch in page.bar("read", _batches(_stored(expected)), len(expected)):
        for found in batch:
            if found.to_dict() != expected[found.name].to_dict():
                findings.wrong.append(found.name)
            elif found.name in findings.right:
                findings.twice.append(found.name)
            else:
                findings.right.add(found.name)
    seen = findings.right.union(findings.wrong)
    findings.missing = [name for name in expected if name not in seen]
    return findings


def _stored(expected: dict[str, Character]) -> Iterator[Character]:
    """Walk the stored characters, or ask for them by name where the engine cannot list them."""
    if kvstore.backend.iterable:
        # Others may be there too: of a run without a limit, or with another version of Unicode.
        yield from (found for found in Character.all() if found.name in expected)
        return
    for names in _batches(expected):
        yield from Character.get_many(names).values()


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, BATCH)):
        yield batch
