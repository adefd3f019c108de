"""The items of a Select's answer, and the cells that they are.

``cells_of(items, "shop:user/")``
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from .items import read_attributes
from .names import to_cell

#: What a cell's name is read from. Every cell has f, so none is left out for having no n.
NAMES: Final = "f, n"


class Listed(NamedTuple):
    """One item, with the cell that it is and as many of its attributes as were asked for."""

    cell: str
    name: str
    attributes: list[dict[str, str]]

    @property
    def version(self) -> str | None:
        """The version, where it was asked for."""
        return self._value("v")

    @property
    def expires(self) -> str | None:
        """When it expires, as `items.expiry_text` writes it, where it was asked for."""
        return self._value("x")

    def _value(self, name: str) -> str | None:
        return next((each["Value"] for each in self.attributes if each["Name"] == name), None)


def cells_of(items: Iterable[Mapping[str, Any]], prefix: str = "") -> Iterator[Listed]:
    """Take items apart, leaving out what is no cell of that prefix.

    The range of a long prefix holds others too, and the domain may hold what is not ours.
    """
    for item in items:
        attributes = item.get("Attributes", [])
        names = [pair["Value"] for pair in attributes if pair["Name"] == "n"]
        cell = to_cell(item["Name"], names)
        if cell is not None and cell.startswith(prefix):
            yield Listed(cell, item["Name"], attributes)


def records_of(cells: Iterable[Listed]) -> Iterator[tuple[str, bytes]]:
    """Yield each cell and its record; all attributes were asked for."""
    for cell, _, attributes in cells:
        found = read_attributes(attributes)
        if found is not None:
            yield cell, found.record


def read_count(items: Sequence[Mapping[str, Any]]) -> int:
    """Return what a page of ``count(*)`` says; one that was cut short may say nothing."""
    return sum(int(pair["Value"]) for item in items for pair in item["Attributes"])
