"""Runs a group in a process of its own.

``run_group("locmem", "quick", Path("/tmp/results"))``
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .play import CANNOT
from .result import GroupResult


class GroupFailed(Exception):
    """The group's process ended badly; the text is what it said."""


def run_group(name: str, scale: str, folder: Path) -> GroupResult | None:
    """Return the group's result, kept in the folder too; None where its engine is missing here.

    Raises `GroupFailed`.
    """
    path = folder / f"{name}.json"
    command = [sys.executable, "-m", "benchmarks.play", name, "--scale", scale, "--into", str(path)]
    # What a library warns of or tells on the way is not ours to show.
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == CANNOT:
        print(f"{name}: left out. {done.stdout.strip()}\n", flush=True)
        return None
    if done.returncode:
        raise GroupFailed(f"{name}: ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return GroupResult.read(path)
