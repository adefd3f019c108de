"""The noun ``Environment``: a new, empty virtual environment with nothing of the checkout in it.

``environment = Environment(folder); environment.install("django-kvstore-db==2.0"); environment.run(
"import django_kvstore")``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from wheels.distribution import DIST, DISTRIBUTIONS

# What would let the surrounding environment or the checkout leak in.
LEAKS = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "DJANGO_SETTINGS_MODULE"}


class Environment:
    """Made with this interpreter, in `folder`; first-party distributions come from dist/ alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
        self._uv("venv", "--quiet", "--python", sys.executable, str(folder))

    def install(self, *requirements: str) -> None:
        # uv would take what an earlier build of the same version left in its cache.
        anew = [f"--refresh-package={distribution.name}" for distribution in DISTRIBUTIONS]
        self._uv(
            "pip", "install", "--quiet", *anew, "--find-links", str(DIST), "--python",
            str(self.python), *requirements,
        )  # fmt: skip

    def install_alone(self, *archives: Path) -> None:
        """Install archives and nothing that they require."""
        self._uv(
            "pip", "install", "--quiet", "--no-index", "--no-deps", "--python", str(self.python),
            *map(str, archives),
        )  # fmt: skip

    def uninstall(self, *names: str) -> None:
        self._uv("pip", "uninstall", "--quiet", "--python", str(self.python), *names)

    def installed(self) -> set[str]:
        """The canonical names of what is installed."""
        listing = self._uv("pip", "list", "--format", "json", "--python", str(self.python))
        return {entry["name"] for entry in json.loads(listing)}

    def check(self) -> None:
        """Raise when a requirement of something installed is missing or contradicted."""
        self._uv("pip", "check", "--python", str(self.python))

    def run(self, program: str, *arguments: str) -> str:
        """Run the program, with warnings as errors, and answer what it prints."""
        return self._finish(str(self.python), "-I", "-W", "error", "-c", program, *arguments)

    def run_module(self, module: str, *arguments: str, folder: Path) -> str:
        """Run ``python -m module`` in a folder, and answer what it prints."""
        return self._finish(str(self.python), "-m", module, *arguments, folder=folder)

    def run_script(self, script: str, *arguments: str, folder: Path) -> str:
        """Run a script that was installed with a distribution, and answer what it prints."""
        return self._finish(str(self.python.with_name(script)), *arguments, folder=folder)

    def _uv(self, *arguments: str) -> str:
        return self._finish("uv", *arguments)

    def _finish(self, *command: str, folder: Path | None = None) -> str:
        surroundings = {name: value for name, value in os.environ.items() if name not in LEAKS}
        finished = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=folder or self.folder.parent,
            env=surroundings,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout
