"""One way of getting it wrong, as it stands on the page, and what must be said of it.

``Mistake("A typo in a scheme", settings='KEY_VALUE_STORES = …', call='…', wrong="…", fix="…")``
"""

from __future__ import annotations

from dataclasses import dataclass

#: Stands in settings wherever a secret can; no message may show it.
SECRET = "hunter2"
#: The call that most mistakes are met by.
GET = 'kvstores["sessions"].get("a")'


@dataclass(frozen=True)
class Mistake:
    """What somebody writes, and which words the real message must have.

    Ports in `settings` and `shell` stand for servers, or for nobody: see `place`. `wrong` names
    what is wrong, `fix` the way out, and `alias` the store, "" where none is concerned.
    """

    title: str
    raises: str
    wrong: str
    fix: str
    settings: str = ""
    #: The lines of Python, or the command, that meet the mistake.
    call: str = ""
    #: Environment variables, a ``NAME=value`` in each line.
    shell: str = ""
    alias: str = "sessions"
    #: What has happened before, in Python, and is not shown.
    scene: str = ""
    #: The only distributions of this project that are installed, besides the core.
    installed: tuple[str, ...] | None = None

    @property
    def is_command(self) -> bool:
        """It is met on the command line."""
        return self.call.startswith("python manage.py ")


@dataclass(frozen=True)
class Chapter:
    """Mistakes of one kind, and what is to be said of all of them."""

    title: str
    text: str
    mistakes: tuple[Mistake, ...]
