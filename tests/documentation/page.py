"""A page of the documentation as the list of its fenced blocks.

``[block.language for block in read_page(Path("docs/store.md"))]``
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
PAGES: Final = [
    ROOT / "README.md",
    # A package without a module is an engine that is still to be written.
    *sorted(
        package.parents[2] / "README.md" for package in ROOT.glob("packages/*/src/*/__init__.py")
    ),
    *sorted(
        page
        for page in DOCS.rglob("*.md")
        if page.relative_to(DOCS).parts[0] not in ("_build", "demo", "examples")
    ),
]

_FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=fence)$", re.M | re.S
)
_FILE = re.compile(r"# (?P<name>[\w/]+\.py)\n")


@dataclass(frozen=True)
class Block:
    """A fenced block: what the fence says, its text, and where it stands."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def file(self) -> str:
        """The file that a block of Python says it is part of, in its first line."""
        match = _FILE.match(self.text)
        return match["name"] if match and self.language == "python" else ""

    @property
    def is_session(self) -> bool:
        """It is what a Python console shows."""
        return self.language == "python" and self.text.startswith(">>> ")

    @property
    def source(self) -> str:
        """The text after as many empty lines as stand before it on the page."""
        return "\n" * self.line + self.text

    def commands(self) -> list[tuple[str, str]]:
        """Return a console's commands, each with the output shown below it."""
        if not self.text.startswith("$ "):
            return [(line.partition("  #")[0].strip(), "") for line in self.text.splitlines()]
        found = [part.partition("\n") for part in re.split(r"^\$ ", self.text, flags=re.M)[1:]]
        return [(command, output) for command, _, output in found]

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def read_page(page: Path) -> list[Block]:
    """Return the page's blocks in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, match.start()) + 1,
            match["language"].strip(),
            match["text"],
        )
        for match in _FENCE.finditer(text)
    ]


def name(page: Path) -> str:
    """Return the page's name for a test's id."""
    return str(page.relative_to(ROOT))
