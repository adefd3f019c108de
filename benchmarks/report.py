"""The tables, in Markdown, from a group's result.

``times_table(result)`` and ``targets_table([result])``
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .operations import TITLES, is_added, unit
from .result import Entrant, GroupResult
from .targets import Target, targets_of

_THIN = "\N{NO-BREAK SPACE}"


def times_table(result: GroupResult) -> str:
    """Return the medians: a row for each operation, a column for each contestant.

    In brackets is how many times longer it takes than the floor, or where there is none than ours.
    """
    entrants = result.entrants
    base = next((each.name for each in entrants if each.role == "floor"), result.ours)
    rows = []
    for operation, found in result.samples.items():
        if found:
            cells = [_cell(result, operation, each, base) for each in entrants]
            rows.append([TITLES[operation], *cells])
    return table(["", *(_head(each) for each in entrants)], rows)


def _head(entrant: Entrant) -> str:
    return f"**{entrant.name}**" if entrant.role == "ours" else entrant.name


def _cell(result: GroupResult, operation: str, entrant: Entrant, base: str) -> str:
    if not result.has(operation, entrant.name):
        return "-"
    shown = quantity(result.median(operation, entrant.name), unit(operation))
    if entrant.name == base or not result.has(operation, base) or unit(operation) != "s":
        return shown
    if is_added(operation):
        more = result.median(operation, entrant.name) - result.median(operation, base)
        return f"{shown} ({'+' if more > 0 else ''}{duration(more)})"
    return f"{shown} ({ratio(result.ratio(operation, entrant.name, base))})"


def entrants_list(result: GroupResult) -> str:
    """Return who took part, with what release and how."""
    return "\n".join(
        f"- {each.name}{f' {each.release}' if each.release else ''}: {each.role}"
        f"{f', {each.note}' if each.note else ''}"
        for each in result.entrants
    )


def targets_table(results: Iterable[GroupResult]) -> str:
    """Return every bound that is set for these groups, what was found, and whether it is met.

    Beside a bound that is about a peer stands how far ahead of that one the floor itself is.
    """
    rows = [
        [
            result.name,
            TITLES[target.operation],
            target_text(target),
            found_text(target, result),
            floor_text(target, result),
        ]
        for result in results
        for target in targets_of(result.name)
    ]
    return table(["group", "operation", "to reach", "found", "the floor itself"], rows)


def target_text(target: Target) -> str:
    """Write what is to be reached."""
    names = " or ".join(target.against)
    kind = unit(target.operation)
    shown = ratio(target.bound) if target.is_ratio else quantity(target.bound, kind)
    return {
        "floor": f"at most {shown} {names}",
        "peer": f"{names}: at least {shown}",
        "more": f"at most {shown} over {names}",
        "most": f"at most {shown}",
    }[target.kind]


def found_text(target: Target, result: GroupResult) -> str:
    """Write what was found, and whether it is enough."""
    found = target.found(result)
    if found is None:
        return "not measured"
    shown = ratio(found) if target.is_ratio else quantity(found, unit(target.operation))
    return f"{shown}, {'met' if target.is_met(found) else '**not met**'}"


def floor_text(target: Target, result: GroupResult) -> str:
    """Write how far ahead of a peer the quickest floor is, for a bound that is about a peer."""
    floors = [name for name in result.of_role("floor") if result.has(target.operation, name)]
    if target.kind != "peer" or not floors or target.found(result) is None:
        return ""
    quickest = min(floors, key=lambda name: result.median(target.operation, name))
    theirs = min(target.against, key=lambda name: result.median(target.operation, name))
    return ratio(result.ratio(target.operation, theirs, quickest))


def quantity(number: float, unit: str) -> str:
    """Write a number with its unit."""
    if unit == "s":
        return duration(number)
    return f"{digits(number)}{_THIN}{unit.rstrip('s') if number == 1 else unit}"


def duration(seconds: float) -> str:
    """Write a duration with three digits: "312 ns", "1.23 µs", "45.6 ms"."""
    for factor, name in ((1e9, "ns"), (1e6, "µs"), (1e3, "ms")):
        if abs(seconds) * factor < 999.5:
            return f"{digits(seconds * factor)}{_THIN}{name}"
    return f"{digits(seconds)}{_THIN}s"


def ratio(number: float) -> str:
    return f"{digits(number)}×"  # noqa: RUF001, a sign of multiplication


def digits(number: float) -> str:
    """Write three digits, without zeros at the end of a fraction."""
    places = 2 if abs(number) < 9.995 else 1 if abs(number) < 99.95 else 0
    text = f"{number:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
