"""A Python in which just the core, and some engines, are installed.

``Bare(("django-kvstore-locmem",), folder).make(settings, scene, call)``

The folder's links are all that this Python finds besides the standard library.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

ROOT: Final = Path(__file__).parents[2]

_PROGRAM: Final = """
import json, sys
sys.path += json.loads(sys.argv[1])
from pathlib import Path
import django
from django.conf import settings
settings.configure(SECRET_KEY="of no use", INSTALLED_APPS=["django_kvstore"], USE_TZ=True)
django.setup()
from errors.acting import configured, everything, make, message
from errors.place import Place
wrong, scene, call, folder = json.loads(sys.argv[2])
with configured(wrong):
    error = make(scene, call, {"place": Place(None, Path(folder))})
json.dump([message(error), everything(error)] if error else None, sys.stdout)
"""


class Bare:
    """Such a Python, its packages being links in a folder."""

    def __init__(self, installed: tuple[str, ...], folder: Path) -> None:
        # What starts servers is in the kit, which is not among what is installed here.
        self._paths = [str(folder), str(ROOT / "tests"), str(ROOT / "packages/testing/src")]
        for name in closure("django-kvstore", *installed):
            self._link(name, folder)

    def make(self, settings: str, scene: str, call: str) -> tuple[str, str] | None:
        """Make the mistake there; return its message, and all that a log would have."""
        done = subprocess.run(
            [
                sys.executable,
                *("-I", "-S", "-c", _PROGRAM),
                json.dumps(self._paths),
                json.dumps([settings, scene, call, self._paths[0]]),
            ],
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        return tuple(found) if found else None

    def _link(self, name: str, folder: Path) -> None:
        found = distribution(name)
        ours = name.startswith("django-kvstore")
        for top in {file.parts[0] for file in found.files or ()}:
            # An editable distribution has no files but its metadata; its source is put on the path.
            if top.endswith(".dist-info") or not (ours or top == ".."):
                link, target = folder / top, Path(str(found.locate_file(top)))
                if not link.exists() and target.exists():
                    link.symlink_to(target)
        if ours:
            package = "core" if name == "django-kvstore" else name.rpartition("-")[2]
            self._paths.append(str(ROOT / "packages" / package / "src"))


def closure(*names: str) -> set[str]:
    """Return the distributions that those need, themselves included, without extras."""
    found: set[str] = set()
    wanted = list(names)
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if name in found:
            continue
        found.add(name)
        for line in distribution(name).requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted.append(requirement.name)
    return found
