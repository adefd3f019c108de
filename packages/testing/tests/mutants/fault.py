"""A backend that is wrong in one way, and the check that must find it out.

``@breaks("keys-exact", "test_case_makes_another_key")`` above such a backend.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from django_kvstore import Backend


class Fault(NamedTuple):
    """A wrong backend, the clause that it breaks, and a check that is to find it out."""

    kind: type[Backend]
    clause: str
    check: str


BROKEN: dict[str, Fault] = {}

B = TypeVar("B", bound=type[Backend])


def breaks(clause: str, check: str) -> Callable[[B], B]:
    """Note what the backend below does wrong."""

    def note(kind: B) -> B:
        BROKEN[kind.__name__] = Fault(kind, clause, check)
        return kind

    return note
