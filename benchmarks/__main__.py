"""Plays groups one after the other, and tells what each has found.

``hatch run bench``, or ``hatch run bench locmem sqlite --quick``
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from .groups import NAMES
from .publish import RESULTS, publish
from .report import targets_table, times_table
from .runner import GroupFailed, run_group


def main() -> None:
    parser = argparse.ArgumentParser(prog="hatch run bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="all groups in under two minutes")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="keep the results, as JSON")
    parser.add_argument(
        "--docs", action="store_true", help="keep the results for the documentation, and write it"
    )
    options = parser.parse_args()
    unknown = set(options.groups) - set(NAMES)
    if unknown:
        parser.error(f"no group {', '.join(sorted(unknown))}: there are {', '.join(NAMES)}")
    if options.docs and (options.quick or options.into):
        parser.error("the documentation has full runs, in a place of their own")
    failed: list[str] = []
    scale = "quick" if options.quick else "full"
    with tempfile.TemporaryDirectory() as temporary:
        folder = RESULTS if options.docs else options.into or Path(temporary)
        for name in options.groups or NAMES:
            begun = time.monotonic()
            try:
                result = run_group(name, scale, folder)
            except GroupFailed as failure:
                # The others are still worth having.
                failed.append(name)
                print(failure, file=sys.stderr, flush=True)
                continue
            if result is not None:
                print(f"## {result.title} [{time.monotonic() - begun:.0f} s]\n")
                print(f"{times_table(result)}\n")
                print("\n".join(result.notes))
                print(f"\n{targets_table([result])}\n", flush=True)
    if options.docs:
        publish()
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
