"""What is raised when a server does not do what it was told.

``except ServerError as error``: its text holds the end of the server's own log.
"""

from __future__ import annotations

from pathlib import Path

LINES = 30


class ServerError(Exception):
    """A server could not be started, did not answer, or is not this process's to end."""

    @classmethod
    def showing(cls, log: Path, what: str) -> ServerError:
        try:
            lines = log.read_text(errors="replace").splitlines()[-LINES:]
        except OSError:
            lines = []
        tail = "\n".join(f"    {line}" for line in lines) or "    (nothing)"
        return cls(f"{what}. The end of its log:\n{tail}")
