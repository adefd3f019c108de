"""How deeply values may be nested: one limit, for writers and readers, whatever the types are.

``rebuild(value, step)`` makes another form of a nested value without recursion, and raises
``ValueError`` where more than `MAX_LEVELS` lists, tuples, dicts or sets are within each other.

What is stored must not decide how much of the stack is used. So nothing here calls itself, and a
value is read as well by a caller who has used up nearly all of the stack.
"""

from __future__ import annotations

from collections.abc import Callable
from gc import get_referents
from typing import Any, Final, NamedTuple

#: How many containers may be within each other: ``[[]]`` has two levels.
MAX_LEVELS: Final = 128
TOO_DEEP: Final = f"it is nested more than {MAX_LEVELS} levels deep"

_CONTAINERS: Final = frozenset({list, dict, tuple, set, frozenset})


class Parts(NamedTuple):
    """A container taken apart: what it holds, how to make the new form of that, names for errors.

    `name` returns how Python code gets at the item of that index, for example ``["a"]``.
    """

    items: list[Any]
    build: Callable[[list[Any]], Any]
    name: Callable[[int], str] = "[{}]".format


class Leaf(NamedTuple):
    """The new form of what holds nothing."""

    value: Any


class _Open:
    """A container whose items are being rebuilt, and the places that wait for it."""

    __slots__ = ("at", "parts", "places", "up")

    def __init__(self, parts: Parts, up: _Open | None, at: int) -> None:
        self.parts = parts
        self.up = up
        self.at = at
        self.places: list[tuple[list[Any], int]] = []

    def path(self, at: int) -> str:
        """Return the Python expression for the item `at`."""
        names: list[str] = []
        here: _Open | None = self
        while here is not None and here.up is not None:
            names.append(here.parts.name(at))
            here, at = here.up, here.at
        return "value" + "".join(reversed(names))


def rebuild(
    value: Any,
    step: Callable[[Any], Leaf | Parts],
    kept: frozenset[type] = frozenset(),
    refused: Callable[[Any, str], Exception] | None = None,
) -> Any:
    """Return the form of `value` that `step` makes of each item, from the innermost outwards.

    Items of the types in `kept` stay as they are. What `step` refuses with ``TypeError`` or
    ``ValueError`` is raised as ``refused(error, path)``, if that is given. A container that
    stands in several places of one level is rebuilt once.
    """
    root = _Open(Parts([value], list), None, 0)
    level, opened = [root], [root]
    for _ in range(MAX_LEVELS + 1):
        following: list[_Open] = []
        known: dict[int, _Open] = {}
        for parent in level:
            slots = parent.parts.items
            if kept.issuperset(map(type, slots)):
                continue
            for at, item in enumerate(slots):
                if type(item) in kept:
                    continue
                found = known.get(id(item))
                if found is None:
                    try:
                        made = step(item)
                    except (TypeError, ValueError) as error:
                        if refused is None:
                            raise
                        raise refused(error, parent.path(at)) from error.__cause__
                    if isinstance(made, Leaf):
                        slots[at] = made.value
                        continue
                    found = known[id(item)] = _Open(made, parent, at)
                    following.append(found)
                found.places.append((slots, at))
        opened += following
        level = following
        if not level:
            break
    else:
        raise ValueError(TOO_DEEP)
    for done in reversed(opened):
        built = done.parts.build(done.parts.items)
        for slots, at in done.places:
            slots[at] = built
    return built[0]


def is_too_deep(value: Any) -> bool:
    """Say whether containers of plain types are nested over the limit in `value`."""
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(MAX_LEVELS):
        if not level:
            return False
        # Each once, wherever it stands: else a list of itself twice would be looked at for ever.
        found = (item for item in get_referents(*level) if type(item) in _CONTAINERS)
        level = list({id(item): item for item in found}.values())
    return bool(level)


def is_tree_too_deep(value: Any, size: int) -> bool:
    """As `is_too_deep`, for what has up to `size` items in all, each in one place: the faster way.

    It may say True of another value that holds more than None, bool, int, float, str, bytes, list
    and dict.
    """
    level = get_referents(value)
    for _ in range(MAX_LEVELS):
        if not level:
            return False
        # The garbage collector's own way of looking into containers; what holds nothing ends it.
        # An object of another type leads to its class, and from there to all of Python.
        if len(level) > size:
            return True
        level = get_referents(*level)
    return bool(level)
