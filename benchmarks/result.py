"""What one group's run found, and the file that it is kept in.

``GroupResult.read(path).ratio("get_hit", "store", "dict")``
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from .contestant import Contestant, Role
from .rounds import Samples


@dataclass(frozen=True)
class Entrant:
    """A contestant as the tables name it."""

    name: str
    role: Role
    note: str = ""
    release: str = ""


@dataclass
class GroupResult:
    """The samples of a group, and all that is needed to read them."""

    name: str
    title: str
    scale: str
    entrants: list[Entrant]
    samples: Samples
    #: Sentences for below the table: what was pinned, what was left out.
    notes: list[str] = field(default_factory=list)
    #: Of the machine and what ran on it.
    machine: dict[str, str] = field(default_factory=dict)

    def median(self, operation: str, name: str) -> float:
        return median(self.samples[operation][name])

    def minimum(self, operation: str, name: str) -> float:
        return min(self.samples[operation][name])

    def has(self, operation: str, *names: str) -> bool:
        found = self.samples.get(operation, {})
        return all(found.get(name) for name in names)

    def of_role(self, role: Role) -> list[str]:
        return [each.name for each in self.entrants if each.role == role]

    @property
    def ours(self) -> str:
        return self.of_role("ours")[0]

    def ratio(self, operation: str, slow: str, fast: str) -> float:
        """Return how many times longer, by the medians, the first takes than the second."""
        return self.median(operation, slow) / self.median(operation, fast)

    def least_ratio(self, operation: str, slow: str, fast: str) -> float:
        """Return the same of the minima, in which less of the machine's other work is."""
        return self.minimum(operation, slow) / self.minimum(operation, fast)

    def digest(self) -> str:
        """Return what tells these results from all others."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = asdict(self)
        kept["samples"] = {
            operation: {name: [_rounded(each) for each in found] for name, found in of.items()}
            for operation, of in self.samples.items()
        }
        # The samples of one contestant at one operation on one line.
        text = re.sub(
            r"\[[\d\s.,e+-]+\]",
            lambda found: re.sub(r"\s+", " ", found[0]).replace("[ ", "[").replace(" ]", "]"),
            json.dumps(kept, indent=1, ensure_ascii=False),
        )
        path.write_text(f"{text}\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> GroupResult:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        kept["entrants"] = [Entrant(**each) for each in kept["entrants"]]
        return cls(**kept)


def entrant(contestant: Contestant) -> Entrant:
    """Describe a contestant, with the release of its distribution."""
    from importlib.metadata import version

    release = version(contestant.distribution) if contestant.distribution else ""
    return Entrant(contestant.name, contestant.role, contestant.note, release)


def _rounded(sample: float) -> float:
    """Return it with five digits, more than any clock here tells."""
    return float(f"{sample:.5g}")
