"""What stands around a command that was started from a shell: its output, and who reads it.

``with terminal(): super().run_from_argv(argv)``
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper


@contextmanager
def terminal() -> Iterator[None]:
    """Write what the encoding does not have as escapes; end in silence when nobody reads on."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # As https://docs.python.org/3/library/signal.html#note-on-sigpipe has it: else Python
        # itself fails once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
