"""A Django project in a folder: files as a developer writes them, and ``manage.py`` in a process.

``Project(tmp_path).write("shop/tests.py", "...").manage("test")``
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path


class Project:
    """Files, and the processes that run them; a process that fails is an error of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
        }
        self._environment |= {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(folder)}

    def write(self, name: str, text: str) -> Project:
        """Write a file, and make the folders that it is in packages."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for folder in path.relative_to(self.folder).parents:
            if folder != Path():
                (self.folder / folder / "__init__.py").touch()
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return self

    def append(self, name: str, text: str) -> Project:
        """Add lines to a file."""
        before = (self.folder / name).read_text(encoding="utf-8")
        return self.write(name, before + textwrap.dedent(text))

    def manage(self, *arguments: str, fails: bool = False) -> str:
        """Run ``manage.py`` with these arguments; return what it printed."""
        return self.python("-m", "django", *arguments, fails=fails)

    def pytest(self, *arguments: str, fails: bool = False) -> str:
        """Run pytest, with pytest-django; return what it printed."""
        return self.python("-m", "pytest", "-p", "no:cacheprovider", *arguments, fails=fails)

    def python(self, *arguments: str, fails: bool = False) -> str:
        """Run Python in the project's folder; return what it printed, errors too."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=300,
        )
        assert (done.returncode != 0) == fails, done.stdout
        return done.stdout
