"""The documentation's pages of results, as text.

``results_page(kept_results())`` is ``docs/benchmark-results.md``; ``docs/benchmarks.md`` is written
by hand, but for the table between two comments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from .groups import NAMES
from .report import entrants_list, targets_table, times_table
from .result import GroupResult

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results")
BENCHMARKS = ROOT / "docs" / "benchmarks.md"
RESULTS_PAGE = ROOT / "docs" / "benchmark-results.md"

_TARGETS = re.compile(r"(<!-- targets -->\n).*(<!-- end -->)", re.S)
_HEAD = """\
# Results

% Written by `hatch run bench:docs` from benchmarks/results; do not edit.

What [the benchmarks](benchmarks.md) found{machine}.

A number is the median of a contestant's rounds, for one call unless the row says otherwise. In
brackets is how many times as long that is as the floor takes, which is the first of those that are
not ours. In the charts a dot is that ratio, and a short line is the bound to reach.
"""


def kept_results() -> list[GroupResult]:
    """Return the results that are kept in the repository, in the groups' order."""
    paths = [RESULTS / f"{name}.json" for name in NAMES]
    return [GroupResult.read(path) for path in paths if path.exists()]


def chart_path(name: str) -> Path:
    return ROOT / "docs" / "images" / f"bench-{name}.svg"


def results_page(results: Sequence[GroupResult]) -> str:
    """Return the page of all groups."""
    machine = f" on this machine: {machine_text(results[0])}" if results else ": nothing yet"
    return "\n".join([_HEAD.format(machine=machine), *map(_section, results)])


def machine_text(result: GroupResult) -> str:
    machine = result.machine
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}, "
        f"{machine['system']}, Python {machine['Python']}, Django {machine['Django']}, "
        f"on {machine['day']}"
    )


def _section(result: GroupResult) -> str:
    chart = chart_path(result.name).name
    engines = [f"{name} {release}." for name, release in result.machine.items() if name in _ENGINES]
    notes = " ".join([*engines, *result.notes])
    parts = [
        f"## {result.title[0].upper()}{result.title[1:]}",
        f"`hatch run bench {result.name}`",
        f"![Ratios of the group {result.name}](images/{chart})",
        times_table(result),
        *([notes] if notes else []),
        entrants_list(result),
    ]
    return "\n\n".join(parts) + "\n"


_ENGINES = ("SQLite", "PostgreSQL", "MariaDB", "memcached", "Redis")


def with_targets(text: str, results: Sequence[GroupResult]) -> str:
    """Return the text of ``docs/benchmarks.md`` with its table of targets filled in."""
    return _TARGETS.sub(lambda found: f"{found[1]}{targets_table(results)}\n{found[2]}", text)
