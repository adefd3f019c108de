"""Plays one group in this process, which is configured for it and ends with it.

``python -m benchmarks.play locmem --scale quick --into locmem.json``
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .groups import load
from .result import GroupResult
from .scale import SCALES, Scale
from .stage import Missing, Stage

#: The exit status for a group that this machine has no engine for; the reason is on stdout.
CANNOT = 3


def play(name: str, scale: Scale) -> GroupResult:
    """Return the result of one group; raises `Missing`."""
    group = load(name)
    with Stage() as stage:
        entrants, samples = group.play(stage, scale)
        return GroupResult(
            name, group.title, scale.name, entrants, samples, stage.notes, stage.machine
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group")
    parser.add_argument("--scale", choices=SCALES, default="full")
    parser.add_argument("--into", type=Path, required=True)
    options = parser.parse_args()
    try:
        play(options.group, SCALES[options.scale]).write(options.into)
    except Missing as missing:
        print(missing)
        sys.exit(CANNOT)


if __name__ == "__main__":
    main()
