"""Cells as files: each named after the SHA-256 of its cell's name, in one of 256 subfolders.

``KEY_VALUE_STORE_BACKEND = "folder:///var/lib/shop/entries?sync=yes"``

Who writes holds the lock of the subfolder, among threads and processes. Who reads needs none: a
file is replaced in one step, and so is read whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_UN, flock
from hashlib import sha256
from pathlib import Path
from typing import Any

from django_kvstore.backend import Backend, Page
from django_kvstore.errors import Unavailable
from django_kvstore.params import Param, boolean
from django_kvstore.url import StoreURL

SUBFOLDERS = [f"{number:02x}" for number in range(256)]


class FolderBackend(Backend):
    """A folder on a disk of this machine."""

    scheme = "folder"
    params = (Param("sync", boolean, False, "Wait at each write until it is on the disk."),)
    atomic = True
    iterable = True
    clearable = True

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        if url.hosts or not url.path:
            raise ValueError("the URL names no folder, as folder:///var/lib/shop/entries does")
        self.folder = Path("/", url.path)

    def get(self, key: str) -> bytes | None:
        with self._errors():
            return self._read(self._path(key))[1]

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        with self._lock(key) as path:
            self._write(path, key, record)

    def delete(self, key: str) -> bool:
        with self._lock(key) as path:
            there = path.exists()
            path.unlink(missing_ok=True)
            return there

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        with self._lock(key) as path:
            if self._read(path)[1] != old:
                return False
            if new is None:
                path.unlink()
            else:
                self._write(path, key, new)
            return True

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        cells: list[tuple[str, bytes]] = []
        with self._errors():
            for place in self._places(after=cursor or ""):
                name, record = self._read(self.folder / place)
                if record is not None and name.startswith(prefix):
                    cells.append((name, record))
                    if len(cells) == limit:
                        return Page(cells, place)
        return Page(cells, None)

    def provision(self) -> bool:
        with self._errors():
            missing = [name for name in SUBFOLDERS if not (self.folder / name).is_dir()]
            for name in missing:
                (self.folder / name).mkdir(parents=True, exist_ok=True)
        return bool(missing)

    def _path(self, key: str) -> Path:
        digest = sha256(key.encode()).hexdigest()
        return self.folder / digest[:2] / digest[2:]

    def _read(self, path: Path) -> tuple[str, bytes | None]:
        """Return a cell's name, which its file begins with, and its record."""
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            path.parent.stat()  # without the subfolder this is no miss, but an outage
            return "", None
        end = 2 + int.from_bytes(content[:2], "big")
        return content[2:end].decode(), content[end:]

    def _write(self, path: Path, key: str, record: bytes) -> None:
        name, unfinished = key.encode(), path.parent.with_suffix(".new")
        with unfinished.open("wb") as file:
            file.write(len(name).to_bytes(2, "big") + name + record)
            if self.options["sync"]:
                file.flush()
                os.fsync(file.fileno())
        unfinished.replace(path)

    def _places(self, after: str) -> Iterator[str]:
        """Yield every file in an order that never changes, as ``1f/c0de…``."""
        for subfolder in SUBFOLDERS:
            if subfolder >= after[:2]:
                names = sorted(os.listdir(self.folder / subfolder))
                yield from (place for name in names if (place := f"{subfolder}/{name}") > after)

    @contextmanager
    def _lock(self, key: str) -> Iterator[Path]:
        """Keep other writers out of the cell's subfolder; give the cell's file."""
        path = self._path(key)
        with self._errors():
            subfolder = os.open(path.parent, os.O_RDONLY)
            try:
                flock(subfolder, LOCK_EX)
                yield path
            finally:
                flock(subfolder, LOCK_UN)  # closing is not enough: a fork may have it open, too
                os.close(subfolder)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise what the file system says as the store's error."""
        try:
            yield
        except OSError as error:
            raise self.error(
                Unavailable,
                f"{error.strerror}: '{error.filename}'.",
                hint="Mount the folder, or make it: run 'manage.py kvstore provision'.",
            ) from error
