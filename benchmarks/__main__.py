"""Runs groups, each in a process of its own, and tells what they found.

``hatch run bench``, or ``hatch run bench locmem sqlite --quick``
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .groups import NAMES
from .play import CANNOT
from .report import targets_table, times_table
from .result import GroupResult
from .scale import SCALES


def run_group(name: str, scale: str, folder: Path) -> GroupResult | None:
    """Run one group and return its result, None where this machine has no engine for it."""
    path = folder / f"{name}.json"
    command = [sys.executable, "-m", "benchmarks.play", name, "--scale", scale, "--into", str(path)]
    begun = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == CANNOT:
        print(f"{name}: left out, {done.stdout.strip()}\n")
        return None
    if done.returncode:
        sys.exit(f"{name}: ended with {done.returncode}\n{done.stdout}")
    result = GroupResult.read(path)
    print(f"## {result.title} [{time.monotonic() - begun:.0f} s]\n")
    print(times_table(result), "\n")
    for note in result.notes:
        print(note)
    print("\n" + targets_table([result]) + "\n", flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(prog="hatch run bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="all groups in under two minutes")
    parser.add_argument("--into", type=Path, help="keep the results, as JSON, in this folder")
    options = parser.parse_args()
    unknown = set(options.groups) - set(NAMES)
    if unknown:
        parser.error(f"no group {', '.join(sorted(unknown))}: there are {', '.join(NAMES)}")
    scale = "quick" if options.quick else "full"
    assert scale in SCALES
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.into or Path(temporary)
        for name in options.groups or NAMES:
            run_group(name, scale, folder)


if __name__ == "__main__":
    main()
