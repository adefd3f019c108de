"""How far a transfer has come, in a small file beside it, so that a killed one can be continued.

``Checkpoint(Path("backup.jsonl.progress"), of=["default", "user:"]).begin(resume=True)``
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from django_kvstore.errors import KVStoreError


def digest(names: Iterable[str]) -> str:
    """Return what stands for a transfer of these: a URL among them may hold a secret."""
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).hexdigest()[:12]


class Checkpoint:
    """A JSON file that is there while a transfer is under way, whole at every moment.

    `of` says what is transferred: to go on with anything else would skip what that one has done.
    """

    def __init__(self, path: Path, *, of: Iterable[str]) -> None:
        self.path = path
        self._of = digest(of)

    def begin(self, *, resume: bool) -> dict[str, Any] | None:
        """Return what a transfer goes on from, None for one that begins anew.

        What an earlier one has left is then removed: going on from it later would skip what this
        one has not done.
        """
        state = self.read() if resume else None
        if state is None:
            self.remove()
        return state

    def read(self) -> dict[str, Any] | None:
        """Return what was last written, None when there is nothing to go on from.

        Raises ``CommandError`` for that of another transfer.
        """
        try:
            with os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW)) as file:
                found = json.load(file)
        except (FileNotFoundError, ValueError):
            return None
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            raise CommandError(
                _("%s is a symbolic link, which no transfer of ours leaves. Remove it.") % self.path
            ) from error
        if not isinstance(found, dict):
            return None
        if found.pop("of", None) != self._of:
            raise CommandError(
                _(
                    "%s was left by another transfer: of another store, prefix or file. Repeat "
                    "that one, or start this one from the beginning, without --resume."
                )
                % self.path
            )
        return found

    def write(self, **state: Any) -> None:
        """Replace the file in one step. Only its owner may read it."""
        fresh = self.path.with_name(f"{self.path.name}.new")
        fresh.unlink(missing_ok=True)
        # Made here, and not a file or a link that somebody else has put there.
        made = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(made, "w") as file:
            json.dump({"of": self._of, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)

    def remove(self) -> None:
        """Leave nothing to go on from."""
        self.path.unlink(missing_ok=True)

    @contextmanager
    def pointed_out(self) -> Iterator[None]:
        """Where a store's error or Ctrl-C ends the transfer, say how to continue it."""
        try:
            yield
        except (KVStoreError, KeyboardInterrupt) as error:
            if not self.path.exists():
                raise
            hint = _("Run the same command with --resume to continue where it stopped.")
            if isinstance(error, KeyboardInterrupt):
                raise KeyboardInterrupt(hint) from error
            raise CommandError(f"{error} {hint}") from error
