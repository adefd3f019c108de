"""The noun ``Distribution``: one folder of ``packages/``, and what its metadata must say.

``for distribution in DISTRIBUTIONS: distribution.requirements()``.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / "packages"
DIST = ROOT / "dist"


@dataclass(frozen=True)
class Distribution:
    """`folder` is its place in packages/; `clients` are what it needs besides the core.

    `imported_as` is the module's name where it is not the distribution's.
    """

    folder: str
    clients: frozenset[str] = frozenset()
    old_schemes: tuple[str, ...] = ()
    imported_as: str = ""

    def __str__(self) -> str:
        return self.folder

    @property
    def name(self) -> str:
        return "django-kvstore" if self.folder == "core" else f"django-kvstore-{self.folder}"

    @property
    def module(self) -> str:
        return self.imported_as or self.stem

    @property
    def stem(self) -> str:
        """What its archives' names begin with."""
        return self.name.replace("-", "_")

    @property
    def path(self) -> Path:
        return PACKAGES / self.folder

    @property
    def wheel(self) -> Path:
        return DIST / f"{self.stem}-{self.installed.version}-py3-none-any.whl"

    @property
    def sdist(self) -> Path:
        return DIST / f"{self.stem}-{self.installed.version}.tar.gz"

    @property
    def schemes(self) -> tuple[str, ...]:
        return (self.folder, *self.old_schemes) if self in BACKENDS else ()

    @property
    def installed(self) -> importlib.metadata.Distribution:
        return importlib.metadata.distribution(self.name)

    def requirements(self, extra: str = "") -> list[Requirement]:
        """What it always requires, or what the extra adds to that."""

        def applies(requirement: Requirement, extra: str) -> bool:
            return requirement.marker is None or requirement.marker.evaluate({"extra": extra})

        stated = [Requirement(line) for line in self.installed.requires or []]
        if not extra:
            return [r for r in stated if applies(r, "")]
        return [r for r in stated if applies(r, extra) and not applies(r, "")]

    def requires(self) -> set[str]:
        return {canonicalize_name(requirement.name) for requirement in self.requirements()}

    def entry_points(self, group: str) -> dict[str, str]:
        return {e.name: e.value for e in self.installed.entry_points if e.group == group}


CORE = Distribution("core", frozenset({"django", "isal", "ormsgpack", "pluggy"}))
BACKENDS = (
    Distribution("db", frozenset({"django"})),
    Distribution("gae", frozenset({"google-cloud-datastore"}), ("googleappengine", "appengine")),
    Distribution("locmem"),
    Distribution("memcached", frozenset({"pymemcache"})),
    Distribution("sdb", frozenset({"boto3"}), ("simpledb",)),
    Distribution("tyrant", frozenset(), ("tokyotyrant",)),
)
KEYVAL = Distribution("keyval", imported_as="django_keyval")
SCAFFOLD = Distribution("scaffold", frozenset({"copier"}))
TESTING = Distribution("testing", frozenset({"hypothesis", "pytest"}))
DISTRIBUTIONS = (CORE, *BACKENDS, KEYVAL, SCAFFOLD, TESTING)
