"""How far a transfer has come, in a small file beside it, so that a killed one can go on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class Checkpoint:
    """A JSON file that is there while a transfer is under way, whole at every moment."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Any] | None:
        """Return what was last written, None when there is nothing to go on from."""
        try:
            found = json.loads(self.path.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def write(self, **state: Any) -> None:
        """Replace the file in one step."""
        fresh = self.path.with_name(f"{self.path.name}.new")
        with fresh.open("w") as file:
            json.dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)

    def remove(self) -> None:
        """The transfer is complete."""
        self.path.unlink(missing_ok=True)
