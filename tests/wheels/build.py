"""Build every distribution of ``packages/`` into a folder: an sdist, then a wheel out of it.

``python tests/wheels/build.py dist``. The folder is emptied first.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = Path(__file__).parents[2] / "packages"


def build(destination: Path) -> list[Path]:
    """Build all, and answer the archives made."""
    shutil.rmtree(destination, ignore_errors=True)
    for pyproject in sorted(PACKAGES.glob("*/pyproject.toml")):
        # With neither --sdist nor --wheel, the wheel is made from the unpacked sdist, so a file
        # that the sdist forgot is missed here and not by whoever installs it.
        command = ["-m", "build", "--no-isolation", "--outdir", str(destination)]
        finished = subprocess.run(
            [sys.executable, *command, str(pyproject.parent)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise SystemExit(f"{finished.stdout}\n{pyproject.parent} could not be built")
    return sorted(destination.iterdir())


if __name__ == "__main__":
    for archive in build(Path(sys.argv[1])):
        print(archive)
