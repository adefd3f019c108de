"""What is around a command that was started from a shell: its output, and who reads it.

``with terminal(): super().run_from_argv(argv)``
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Final

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _

#: The exit code of a command that Ctrl-C ended, as shells have it.
INTERRUPTED: Final = 130
#: Control characters but for tabs and newlines, and those that change the direction of text: a
#: stored value could move the cursor, set the terminal's title, or show one text for another.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_CONTROLS_OF_A_LINE: Final = re.compile(rf"[\t\n]|{_CONTROLS.pattern}")
#: What the operating system says when standard output cannot be written any more.
_UNWRITABLE: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


@contextmanager
def terminal() -> Iterator[None]:
    """Write what the encoding does not have as escapes, and end in one line.

    Nothing is said when nobody reads the output any more. Ctrl-C ends with exit code 130, and with
    the exception's own text where it has one.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_output()
        raise SystemExit(1) from None
    except OSError as error:
        # That of a named file is the command's own business.
        if error.filename is not None or error.errno not in _UNWRITABLE:
            raise
        _give_up_output()
        reason = _("Cannot write to standard output: %s.") % error.strerror
        sys.stderr.write(f"CommandError: {reason}\n")
        raise SystemExit(1) from None
    except KeyboardInterrupt as interruption:
        sys.stderr.write(" ".join([_("Interrupted."), *map(str, interruption.args)]) + "\n")
        raise SystemExit(INTERRUPTED) from None


def shown(text: str, stream: OutputWrapper, *, line: bool = False) -> str:
    """Return the text as `stream` may show it: on a terminal without control characters.

    With `line` it stays one line. Anything but a terminal gets the text as it is.
    """
    if not stream.isatty():
        return text
    controls = _CONTROLS_OF_A_LINE if line else _CONTROLS
    return controls.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def _give_up_output() -> None:
    # As https://docs.python.org/3/library/signal.html#note-on-sigpipe has it: else Python itself
    # fails once more when it flushes at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
