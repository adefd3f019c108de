"""A dump's file: plain, or compressed as its name says (``.gz``, ``.zst``), or standard streams.

Compressed files are written as members, one a page, so that a dump that was killed can be cut back
to its last whole page and go on; any tool reads such a file as one.
"""

from __future__ import annotations

import gzip
import importlib
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
            mode = "wb" if resume_at is None else "r+b"
            with told(name):
                self._file = open(name, mode)  # noqa: SIM115, closed by close()
            if resume_at is not None and os.fstat(self._file.fileno()).st_size < resume_at:
                self._file.close()
                raise CommandError(
                    _("%s is shorter than it was: begin anew without --resume.") % name
                )
            self._file.truncate(resume_at or 0)
            self._file.seek(0, os.SEEK_END)
        self.offset = resume_at or 0

    def write(self, page: bytes) -> None:
        """Append one page, and hand it to the operating system."""
        packed = self._pack(page)
        with told(self._name):
            self._file.write(packed)
            self._file.flush()
        self.offset += len(packed)

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self._name != STANDARD:
            self._file.close()


def lines_of(name: str) -> Generator[bytes]:
    """Yield the lines of a dump, unpacked, one after the other."""
    with told(name):
        if name == STANDARD:
            yield from sys.stdin.buffer
        elif name.endswith(".gz"):
            with gzip.open(name) as file:
                yield from _until_cut(cast("IO[bytes]", file))
        elif name.endswith(".zst"):
            zstandard = _zstandard()
            try:
                with zstandard.open(name, "rb") as raw:
                    yield from _split(cast("IO[bytes]", raw))
            except zstandard.ZstdError as error:
                raise OSError(str(error)) from error
        else:
            with Path(name).open("rb") as file:
                yield from file


@contextmanager
def told(name: str) -> Iterator[None]:
    """End the command with a message where a file cannot be opened, read or written."""
    try:
        yield
    except BrokenPipeError:
        raise  # nobody reads standard output any more
    except (OSError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise CommandError(f"{name}: {reason}.") from error


def _until_cut(file: IO[bytes]) -> Iterator[bytes]:
    try:
        yield from file
    except EOFError:
        return  # a member cut short: the missing last line tells


def _split(file: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := file.read(256 * 1024):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line + b"\n"
    if rest:
        yield rest


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
