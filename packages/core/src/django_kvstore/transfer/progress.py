"""Showing how far a transfer is: a bar on a terminal, plain lines elsewhere.

The bar is the library rich's, ``pip install django-kvstore[cli]``; without it there are lines.
"""

from __future__ import annotations

import importlib
import importlib.util
import time
from types import TracebackType
from typing import Any

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _

#: Seconds between plain lines.
_PAUSE = 5.0


class Progress:
    """``with Progress("Copying", stderr, total) as progress: progress.advance(250)``.

    A `quiet` one shows nothing, as a command's ``--verbosity 0`` asks for.
    """

    def __init__(
        self, what: str, stream: OutputWrapper, total: int | None, *, quiet: bool = False
    ) -> None:
        self.done = 0
        self._quiet = quiet
        self._what, self._stream, self._total = what, stream, total
        self._begun = self._told = time.monotonic()
        self._bar: Any = None
        if not quiet and stream.isatty() and importlib.util.find_spec("rich"):
            rich = importlib.import_module("rich.progress")
            self._bar = rich.Progress(
                rich.TextColumn("{task.description}"),
                rich.BarColumn(),
                rich.MofNCompleteColumn(),
                rich.TimeRemainingColumn(),
                console=importlib.import_module("rich.console").Console(file=stream),
            )
            self._task = self._bar.add_task(what, total=total)

    def advance(self, number: int) -> None:
        """So many more are done."""
        self.done += number
        if self._bar is not None:
            self._bar.advance(self._task, number)
        elif time.monotonic() - self._told >= _PAUSE:
            self._tell()

    def _tell(self) -> None:
        self._told = time.monotonic()
        if self._quiet:
            return
        of = "" if self._total is None else _(" of %d") % self._total
        rate = self.done / max(self._told - self._begun, 1e-9)
        self._stream.write(_("%s: %d%s, %d a second") % (self._what, self.done, of, rate))

    def __enter__(self) -> Progress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        else:
            self._tell()
