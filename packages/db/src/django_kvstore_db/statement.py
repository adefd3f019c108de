"""A statement in the two forms it is sent in: Django's cursors take one, the driver the other.

``Statement("DELETE FROM `a%%b` WHERE `key` = %s", marker="?").driver`` has ``a%b`` and ``?``.

Django rewrites a statement for SQLite each time it is sent. Ours never change, so it is done once.
"""

from __future__ import annotations

import re
from typing import Final

#: A parameter, and not the end of a doubled percent sign.
_PARAMETER: Final = re.compile(r"(?<!%)%s")


class Statement:
    """One statement; `django` marks a parameter by ``%s``, `driver` by the driver's marker."""

    __slots__ = ("django", "driver")

    def __init__(self, text: str, marker: str = "%s") -> None:
        self.django = self.driver = text
        if marker != "%s":
            self.driver = _PARAMETER.sub(marker, text).replace("%%", "%")

    def __str__(self) -> str:
        return self.django


class Many:
    """A statement over as many cells as it is called with: `item` is repeated for each."""

    __slots__ = ("_last", "_parts")

    def __init__(self, head: str, item: str, tail: str, marker: str = "%s") -> None:
        self._parts = [Statement(part, marker) for part in (head, item, tail)]
        self._last = (0, Statement(""))

    def __call__(self, number: int) -> Statement:
        last, statement = self._last
        if last != number:
            head, item, tail = self._parts
            statement = Statement(head.django + ", ".join([item.django] * number) + tail.django)
            if item.driver is not item.django:
                joined = ", ".join([item.driver] * number)
                statement.driver = head.driver + joined + tail.driver
            # Batches are mostly of one size, and it is dear to put the same one together again.
            self._last = (number, statement)
        return statement
