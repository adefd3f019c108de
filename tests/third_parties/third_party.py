"""The noun ``ThirdParty``: a distribution that is none of ours, in a folder of its own.

``party = ThirdParty.copy_of(DOCS / "examples/folder", tmp_path); party.run("pytest", "-q")``

It is found as if it was installed: its entry points are read from its ``pyproject.toml``, and put
where `importlib.metadata` looks. That takes no network and no build; the tests of the wheels build
and install the same distributions for real.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django_kvstore import plugins, serializers

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@dataclass(frozen=True)
class ThirdParty:
    """The distribution whose ``pyproject.toml`` is in `folder`."""

    folder: Path

    @classmethod
    def copy_of(cls, folder: Path, destination: Path) -> ThirdParty:
        """Copy it, so that nothing is written into the original, which may be this checkout."""
        copied = shutil.copytree(folder, destination / folder.name)
        return cls(copied)

    @property
    def project(self) -> dict[str, Any]:
        """What it says of itself."""
        text = (self.folder / "pyproject.toml").read_text(encoding="utf-8")
        found: dict[str, Any] = tomllib.loads(text)["project"]
        return found

    def path(self) -> str:
        """Return what PYTHONPATH has to hold."""
        name, version = self.project["name"], self.project["version"]
        site = self.folder / "installed"
        metadata = site / f"{name.replace('-', '_')}-{version}.dist-info"
        metadata.mkdir(parents=True, exist_ok=True)
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8"
        )
        points = [
            f"[{group}]\n" + "".join(f"{point} = {target}\n" for point, target in named.items())
            for group, named in self.project["entry-points"].items()
        ]
        (metadata / "entry_points.txt").write_text("\n".join(points), encoding="utf-8")
        return os.pathsep.join([str(site), str(self.folder / "src")])

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Let this process find it, until the block ends."""
        entries = self.path().split(os.pathsep)
        sys.path[:0] = entries
        self._forget()
        try:
            yield
        finally:
            for entry in entries:
                sys.path.remove(entry)
            self._forget()

    def _forget(self) -> None:
        """Let the next look find what is installed now."""
        for cached in (plugins.claims, plugins.load_backend, serializers.load_serializer):
            cached.cache_clear()
        packages = {path.name for path in (self.folder / "src").iterdir()}
        for module in [name for name in sys.modules if name.partition(".")[0] in packages]:
            del sys.modules[module]

    def run(self, module: str, *arguments: str) -> str:
        """Run ``python -m module`` in its folder; return what is printed, or fail with that."""
        surroundings = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("PYTEST_") and name != "DJANGO_SETTINGS_MODULE"
        }
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env={**surroundings, "PYTHONPATH": self.path()},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr
