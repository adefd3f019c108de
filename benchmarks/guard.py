"""Fails where a ratio is far from its target: what CI runs.

``hatch run bench:guard``, or ``hatch run bench:guard locmem``

Only ratios count, never times, and each has thrice the room of its target. A target fails only if
its medians and its minima are both beyond that, and are so again when the group is played once
more: another program that took the processor for a moment is no reason to fail.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from .groups import NAMES
from .operations import TITLES
from .report import found_text, target_text
from .result import GroupResult
from .runner import run_group
from .targets import Target, targets_of

#: Those that need little: no server but memcached, which is left out where it is not installed.
GUARDED = ("locmem", "sqlite", "serializer", "memcached")
GENEROSITY = 3.0


def beyond(result: GroupResult) -> set[Target]:
    """Return the targets from which the result is too far, by the medians and the minima alike."""
    return {
        target
        for target in targets_of(result.name)
        if target.is_ratio
        and all(
            found is not None and not target.is_near(found, GENEROSITY)
            for found in (target.found(result), target.found(result, least=True))
        )
    }


def guard(name: str, run: Callable[[str], GroupResult | None]) -> set[Target] | None:
    """Return the targets that fail twice, None where the group cannot be played here."""
    result = run(name)
    if result is None:
        return None
    failing = beyond(result)
    if failing:
        print(f"{name}: once more, for {len(failing)} of its ratios")
        again = run(name)
        failing = failing & beyond(again) if again else failing
        result = again or result
    for target in sorted(failing, key=lambda each: each.operation):
        found = found_text(target, result)
        print(f"{name}: {TITLES[target.operation]}: {target_text(target)}, found {found}")
    return failing


def main() -> None:
    parser = argparse.ArgumentParser(prog="hatch run bench:guard", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(NAMES))
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in options.groups or GUARDED:
            failing = guard(name, lambda name: run_group(name, "quick", Path(folder)))
            if failing is not None:
                failed += len(failing)
                print(f"{name}: {'FAILED' if failing else 'well'}", flush=True)
    if failed:
        sys.exit(f"{failed} ratios are more than {GENEROSITY:g} times beyond their targets")


if __name__ == "__main__":
    main()
