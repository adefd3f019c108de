"""A dump's file: plain, or compressed as its name says (``.gz``, ``.zst``), or standard streams.

Compressed files are written as members, one a page, so that a dump that was killed can be cut back
to its last whole page and go on; any tool reads such a file as one.
"""

from __future__ import annotations

import gzip
import importlib
import io
import os
import sys
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import IO, cast

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

STANDARD = "-"


class DumpWriter:
    """Appends pages. `offset` is where the next one begins, in bytes."""

    def __init__(self, name: str, *, resume_at: int | None) -> None:
        self._name = name
        self._pack = _packer(name)
        if name == STANDARD:
            self._file: IO[bytes] = sys.stdout.buffer
        else:
            with reported(name):
                self._file = _open(name, anew=resume_at is None)
            if resume_at is not None:
                self._cut(resume_at)
        self.offset = resume_at or 0

    def _cut(self, size: int) -> None:
        """Cut the file back to its whole pages, and go to its end."""
        if os.fstat(self._file.fileno()).st_size < size:
            self._file.close()
            raise CommandError(
                _("%s is shorter than it was: begin anew without --resume.") % self._name
            )
        with reported(self._name):
            self._file.truncate(size)
            self._file.seek(0, os.SEEK_END)

    def write(self, page: bytes) -> None:
        """Append one page, and hand it to the operating system."""
        packed = self._pack(page)
        with reported(self._name):
            self._file.write(packed)
            self._file.flush()
        self.offset += len(packed)

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self._name != STANDARD:
            # It writes once more what could not be written before.
            with reported(self._name):
                self._file.close()


def lines_of(name: str, most: int) -> Generator[bytes]:
    """Yield the lines of a dump, unpacked, one after the other.

    Raises ``CommandError`` for a line of more than `most` bytes, before it is read whole.
    """
    with reported(name):
        if name == STANDARD:
            yield from _lines(sys.stdin.buffer, most)
        elif name.endswith(".gz"):
            with gzip.open(name) as file:
                lines = _until_cut(_lines(cast("IO[bytes]", file), most))
                yield from _unpacked(name, lines, (gzip.BadGzipFile, zlib.error))
        elif name.endswith(".zst"):
            zstandard = _zstandard()
            with zstandard.open(name, "rb") as raw:
                lines = _lines(io.BufferedReader(raw, 256 * 1024), most)
                yield from _unpacked(name, lines, (zstandard.ZstdError,))
        else:
            with Path(name).open("rb") as file:
                yield from _lines(file, most)


def not_a_dump(name: str, reason: str) -> CommandError:
    """Return the error for a file of which not even the first line could be read as a dump's."""
    return CommandError(
        _(
            "%(name)s is not a dump of this version: %(reason)s. Nothing was loaded. Give the path "
            "of a file that 'kvstore dump' wrote."
        )
        % {"name": name, "reason": reason}
    )


@contextmanager
def reported(name: str) -> Iterator[None]:
    """End the command with a message where a file cannot be opened, read or written."""
    try:
        yield
    except BrokenPipeError:
        raise  # nobody reads standard output any more
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror or error}.") from error


def _open(name: str, *, anew: bool) -> IO[bytes]:
    """Open the file for writing; where this creates it, only its owner may read it."""
    how = os.O_CREAT | os.O_TRUNC if anew else 0
    return os.fdopen(os.open(name, os.O_WRONLY | how, 0o600), "wb")


def _unpacked(
    name: str, lines: Iterator[bytes], damage: tuple[type[Exception], ...]
) -> Iterator[bytes]:
    """Yield the lines; end the command where the compressed file is damaged, or is not one."""
    number = 0
    try:
        for line in lines:
            yield line
            number += 1
    except damage as error:
        if number == 0:
            raise not_a_dump(name, _("it cannot be decompressed")) from error
        raise CommandError(
            _(
                "%(name)s is damaged: it cannot be decompressed after line %(line)d. Dump the "
                "store again, or load another copy of the file."
            )
            % {"name": name, "line": number}
        ) from error


def _until_cut(lines: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from lines
    except EOFError:
        return  # a member cut short: the missing last line shows it


def _lines(file: IO[bytes], most: int) -> Iterator[bytes]:
    number = 0
    while line := file.readline(most + 1):
        number += 1
        if len(line) > most:
            raise CommandError(
                _(
                    "Line %d is longer than any entry of this store can be (%d bytes). Check that "
                    "the file is a dump, and that the store's engine holds values this large."
                )
                % (number, most)
            )
        yield line


def _packer(name: str) -> Callable[[bytes], bytes]:
    if name.endswith(".gz"):
        return lambda page: gzip.compress(page, 6)
    if name.endswith(".zst"):
        return cast("Callable[[bytes], bytes]", _zstandard().compress)
    return lambda page: page


def _zstandard() -> ModuleType:
    try:
        return importlib.import_module("zstandard")
    except ImportError as error:
        raise CommandError(
            _("A .zst file needs a library: run 'pip install django-kvstore[zstd]'.")
        ) from error
