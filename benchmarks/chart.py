"""A group's chart, as SVG: a row for each operation, a dot for each contestant.

``draw(result, Path("docs/images/bench-locmem.svg"))``

Dots are at how many times longer it takes than the floor; a short line is the bound to reach. The
file names the results that it was drawn from by their digest, so that a test sees when it is old.
"""

from __future__ import annotations

from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from .operations import TITLES, is_added, unit
from .report import digits
from .result import GroupResult
from .targets import targets_of

#: Readable on a light page and on a dark one.
_INK = "#808690"
_OURS = "#d6572b"
_COLORS = ("#3f7fd0", "#2e9e6b", "#9a64c9", "#c08a1a", "#4aa5b5", "#b0567f", "#7d8b2f")
_SETTINGS = {
    # Text stays text, and the same results make the same file.
    "svg.fonttype": "none",
    "svg.hashsalt": "django-kvstore",
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def draw(result: GroupResult, path: Path) -> None:
    """Write the chart."""
    with rc_context(_SETTINGS):
        figure = _figure(result)
        metadata = {"Date": None, "Title": result.title, "Description": result.digest()}
        figure.savefig(path, format="svg", transparent=True, metadata=metadata)


def _figure(result: GroupResult) -> Figure:
    operations = [
        name for name, found in result.samples.items() if found and unit(name) != "requests"
    ]
    floors = result.of_role("floor")
    relative = bool(floors) and not is_added(operations[0])
    figure = Figure(figsize=(7.6, 1.1 + 0.3 * len(operations)), layout="constrained")
    axes = figure.add_subplot()
    rows = {name: -row for row, name in enumerate(operations)}
    colors = iter(_COLORS)
    for each in result.entrants:
        ours = each.role == "ours"
        points = [
            (_place(result, name, each.name, floors[0] if relative else None), row)
            for name, row in rows.items()
            if result.has(name, each.name, *(floors[:1] if relative else ()))
        ]
        axes.scatter(
            [x for x, _ in points],
            [y for _, y in points],
            s=46 if ours else 24,
            color=_OURS if ours else _INK if each.role == "floor" else next(colors),
            label=each.name,
            zorder=3 if ours else 2,
        )
    if relative:
        _mark_bounds(axes, result, rows)
    axes.set_yticks(list(rows.values()), [TITLES[name] for name in rows])
    axes.set_ylim(0.6 - len(rows), 0.6)
    if relative:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(_label(result, operations[0], relative)))
    axes.set_xlabel("times the floor's time" if relative else "")
    axes.grid(axis="x", color=_INK, alpha=0.25, linewidth=0.6)
    axes.grid(axis="y", color=_INK, alpha=0.12, linewidth=0.6)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    figure.legend(loc="outside upper left", ncols=4, frameon=False, labelcolor=_INK)
    return figure


def _place(result: GroupResult, operation: str, name: str, floor: str | None) -> float:
    if floor is None:
        return result.median(operation, name)
    return result.ratio(operation, name, floor)


def _mark_bounds(axes: object, result: GroupResult, rows: dict[str, int]) -> None:
    for target in targets_of(result.name):
        if target.kind == "floor" and target.operation in rows:
            row = rows[target.operation]
            axes.vlines(target.bound, row - 0.36, row + 0.36, color=_OURS, linewidth=1.2)  # type: ignore[attr-defined]


def _label(result: GroupResult, operation: str, relative: bool) -> object:
    if relative:
        return lambda number, _: f"{digits(number)}×"  # noqa: RUF001, a sign of multiplication
    if unit(operation) == "s":
        return lambda number, _: f"{digits(number * 1000)} ms"
    return lambda number, _: f"{digits(number)} {unit(operation)}"
