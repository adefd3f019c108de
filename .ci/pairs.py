"""Print the oldest and the newest pair of Python and Django that this machine can test.

The pairs are those of the environment ``matrix`` in ``hatch.toml``. The machine can test those
whose interpreter is installed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

HATCH = Path(__file__).parents[1] / "hatch.toml"


def is_here(python: str) -> bool:
    """Return whether that interpreter starts; pyenv's shims exist even if it does not."""
    program = shutil.which(f"python{python}")
    if program is None:
        return False
    return subprocess.run([program, "-c", ""], capture_output=True).returncode == 0


def number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def main() -> int:
    """Print one pair on each line, or one line if the oldest pair is also the newest."""
    matrix = tomllib.loads(HATCH.read_text(encoding="utf-8"))["envs"]["matrix"]["matrix"]
    pairs = sorted(
        (number(python), number(django))
        for part in matrix
        for python in part["cpython"]
        for django in part["django"]
        if is_here(python)
    )
    for pair in dict.fromkeys((pairs[0], pairs[-1])):
        print(*(".".join(map(str, version)) for version in pair))
    return 0


sys.exit(main())
