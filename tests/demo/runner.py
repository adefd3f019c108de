"""The demo as a user runs it: a process of its own, without a terminal.

``Demo(tmp_path).run("demo", "--limit", "300").stdout``
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2] / "docs" / "demo"


class Demo:
    """The demo project with its data in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py`` with these arguments."""
        return self._run("manage.py", *arguments, **environment)

    def python(self, code: str, **environment: str) -> str:
        """Run Python in the project, its models imported; return what it printed."""
        prelude = "import django; django.setup(); from characters.models import *; "
        environment["DJANGO_SETTINGS_MODULE"] = "project.settings"
        done = self._run("-c", prelude + code, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        ours = ("DJANGO_SETTINGS_MODULE", "DEMO_FOLDER", "DEMO_URL", "COLUMNS", "FORCE_COLOR")
        inherited = {name: value for name, value in os.environ.items() if name not in ours}
        return subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=PROJECT,
            env={**inherited, "DEMO_FOLDER": str(self.folder), **environment},
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=300,
        )
