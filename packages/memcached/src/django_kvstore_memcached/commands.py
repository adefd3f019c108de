"""The commands of memcached that a store lives on, each in one request.

``commands.look(b"get", b"key")``

pymemcache speaks them too, piece by piece; written and read in one go they cost half as much, and
they are what an application waits for. What it lacks is deleting that says what there was. For the
rest, `Commands` is pymemcache's client. The protocol is that of memcached's protocol.txt.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Final, NamedTuple, NoReturn

from pymemcache.client.base import Client
from pymemcache.exceptions import (
    MemcacheClientError,
    MemcacheServerError,
    MemcacheUnexpectedCloseError,
    MemcacheUnknownCommandError,
    MemcacheUnknownError,
)

from django_kvstore.line import Line

from . import expiry

#: What comes after the last value.
_END: Final = b"\r\nEND\r\n"
#: What comes instead of any answer when the server has no connection left, and then its end.
_NO_CONNECTION_LEFT: Final = b"Too many open connections"
_VERDICTS: Final = {
    b"STORED\r\n": True,
    b"NOT_STORED\r\n": False,
    b"EXISTS\r\n": False,
    b"NOT_FOUND\r\n": False,
}


class Seen(NamedTuple):
    """What "mg" says of a key: the size of its value in bytes, None where it has none.

    `over` says that it has expired, though the server still has it. A server older than 1.6 knows
    no "mg" and counts what expired within this second; there a size is not known either.
    """

    size: int | None
    over: bool


class Taken(NamedTuple):
    """What became of a key that was to be deleted: whether there was one, and its value if read."""

    deleted: bool
    value: bytes | None


class NoConnectionLeft(MemcacheServerError):  # type: ignore[misc] # pymemcache has no types
    """The server has as many connections as it accepts: it read nothing from this one."""


class Commands(Client):  # type: ignore[misc] # pymemcache has no types
    """Requests over `line`, and their answers.

    Raises pymemcache's exceptions and ``OSError``, and ``ValueError`` for an answer that cannot be
    read. After any of them a part of the answer may still be on its way: close the connection.
    """

    line: Line

    # One key.

    def look(self, command: bytes, name: bytes) -> tuple[bytes | None, bytes | None]:
        """Return the value that "get" or "gets" finds, and with "gets" the mark of its version."""
        self.line.sendall(b"%b %b\r\n" % (command, name))
        answer = self._piece()
        while (end := answer.find(b"\r\n")) < 0:
            answer += self._piece()
        if answer == b"END\r\n":
            return None, None
        if not answer.startswith(b"VALUE "):
            self._reject(answer[:end])
        _, found, _, size, *version = answer[:end].split(b" ")
        if found != name or len(version) != (command == b"gets"):
            raise MemcacheUnknownError("it answers another question")
        if version and not version[0].isdigit():  # it becomes part of a "cas"
            raise MemcacheUnknownError("the mark of the version is not a number")
        start = end + 2
        stop = start + int(size)
        if len(answer) < stop + len(_END):
            answer = self._filled(answer, stop + len(_END))
        if answer[stop:] != _END:
            raise MemcacheUnknownError("the value is not as long as it says")
        return answer[start:stop], version[0] if version else None

    def store(
        self,
        command: bytes,
        name: bytes,
        record: bytes,
        exptime: int = 0,
        stamp: int = 0,
        version: bytes = b"",
    ) -> bool:
        """Say whether "set", "add" or "cas" (with a version) stored the record."""
        self.line.sendall(
            b"%b %b %d %d %d %b\r\n%b\r\n"
            % (command, name, stamp, exptime, len(record), version, record)
        )
        answer = self._piece()
        while not answer.endswith(b"\r\n"):
            answer += self._piece()
        stored = _VERDICTS.get(answer)
        if stored is None:
            self._reject(answer[:-2])
        return stored

    # Many keys.

    def look_all(self, names: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the values that are there."""
        self.line.sendall(b"get %b\r\n" % b" ".join(names))
        found: dict[bytes, bytes] = {}
        answer, at = b"", 0
        while True:
            while (end := answer.find(b"\r\n", at)) < 0:
                answer, at = answer[at:] + self._piece(), 0
            if answer.startswith(b"END", at) and end == at + 3:
                break
            if not answer.startswith(b"VALUE ", at):
                self._reject(answer[at:end])
            _, name, _, size = answer[at:end].split(b" ")
            start = end + 2
            stop = start + int(size)
            if len(answer) < stop + 2:
                answer = self._filled(answer[start:], stop + 2 - start)
                start, stop = 0, stop - start
            if answer[stop : stop + 2] != b"\r\n":
                raise MemcacheUnknownError("the value is not as long as it says")
            found[name] = answer[start:stop]
            at = stop + 2
        if len(answer) > end + 2:
            raise MemcacheUnknownError("it answers more than was asked")
        return found

    def store_all(
        self, names: Sequence[bytes], records: Sequence[bytes], exptime: int, stamp: int
    ) -> int:
        """Set each key to its record; return how many."""
        told = b"%d %d" % (stamp, exptime)
        self.line.sendall(
            b"".join(
                [
                    b"set %b %b %d\r\n%b\r\n" % (name, told, len(record), record)
                    for name, record in zip(names, records, strict=True)
                ]
            )
        )
        lines = self._lines(len(names))
        if lines.count(b"STORED") < len(lines):
            self._reject(next(line for line in lines if line != b"STORED"))
        return len(names)

    def delete_all(self, names: Sequence[bytes]) -> int:
        """Delete the keys; return how many there were and had not expired."""
        self.line.sendall(
            b"".join([b"mg %b t f\r\ndelete %b\r\n" % (name, name) for name in names])
        )
        lines = self._lines(2 * len(names))
        return sum(map(self._was_there, lines[::2], lines[1::2]))

    def survey(self, names: Sequence[bytes]) -> list[Seen]:
        """Return what there is of each key, without the values."""
        self.line.sendall(b"".join([b"mg %b t f s\r\n" % name for name in names]))
        return [_seen(answer) for answer in self._lines(len(names))]

    def take_all(self, names: Sequence[bytes], read: Container[bytes]) -> list[Taken]:
        """Delete the keys; return the values of those in `read`, and which of all there were."""
        self.line.sendall(
            b"".join(
                [
                    b"get %b\r\ndelete %b\r\n" % (name, name)
                    if name in read
                    else b"delete %b\r\n" % name
                    for name in names
                ]
            )
        )
        answer = Answer(self._piece)
        taken = []
        for name in names:
            value = self._value(answer, name) if name in read else None
            verdict = answer.line()
            if verdict not in (b"DELETED", b"NOT_FOUND"):
                self._reject(verdict)
            taken.append(Taken(verdict == b"DELETED", value))
        answer.finish()
        return taken

    def _value(self, answer: Answer, name: bytes) -> bytes | None:
        first = answer.line()
        if first == b"END":
            return None
        if not first.startswith(b"VALUE "):
            self._reject(first)
        _, found, _, size = first.split(b" ")
        if found != name:
            raise MemcacheUnknownError("it answers another question")
        value = answer.take(int(size))
        if answer.line() != b"" or answer.line() != b"END":
            raise MemcacheUnknownError("the value is not as long as it says")
        return value

    def _was_there(self, seen: bytes, verdict: bytes) -> bool:
        if verdict not in (b"DELETED", b"NOT_FOUND"):
            self._reject(verdict)
        return verdict == b"DELETED" and not _seen(seen).over

    # The server itself.

    def version(self) -> bytes:
        """Return the server's version."""
        self.line.sendall(b"version\r\n")
        answer = self._piece()
        while not answer.endswith(b"\r\n"):
            answer += self._piece()
        kind, _, version = answer[:-2].partition(b" ")
        if kind != b"VERSION":
            self._reject(answer[:-2])
        return version

    def largest_item_size(self) -> int:
        """Return the size in bytes of the largest item that the server takes, 0 if it won't say."""
        self.line.sendall(b"stats settings\r\n")
        answer = b""
        while not answer.endswith((b"END\r\n", b"RESET\r\n")) and not (
            b"ERROR" in answer and answer.endswith(b"\r\n")
        ):
            answer += self._piece()
        if answer.startswith(b"ERROR " + _NO_CONNECTION_LEFT):
            self._reject(answer[:-2])
        _, said, rest = answer.partition(b"STAT item_size_max ")
        return int(rest.partition(b"\r\n")[0]) if said else 0

    # Receiving.

    def _piece(self) -> bytes:
        piece = self.line.recv()
        if not piece:
            raise MemcacheUnexpectedCloseError("it ended the connection")
        return piece

    def _filled(self, answer: bytes, size: int) -> bytes:
        """Return the answer with what follows it until it has at least `size` bytes."""
        missing = size - len(answer)
        if missing <= 0:
            return answer
        pieces = [answer]
        while missing > 0:
            pieces.append(self._piece())
            missing -= len(pieces[-1])
        return b"".join(pieces)

    def _lines(self, number: int) -> list[bytes]:
        """Return so many lines, which must be all that comes."""
        answer = self._piece()
        while answer.count(b"\n") < number:
            answer += self._piece()
        *lines, rest = answer.split(b"\r\n")
        if rest or len(lines) != number:
            raise MemcacheUnknownError("it answers more than was asked")
        return lines

    def _reject(self, answer: bytes) -> NoReturn:
        """Raise the error that the answer stands for (protocol.txt, "Error strings")."""
        kind, _, words = answer.partition(b" ")
        if kind == b"SERVER_ERROR":
            raise MemcacheServerError(words)
        if kind == b"CLIENT_ERROR":
            raise MemcacheClientError(words)
        if answer == b"ERROR " + _NO_CONNECTION_LEFT:
            raise NoConnectionLeft(_NO_CONNECTION_LEFT)
        if kind == b"ERROR":
            raise MemcacheUnknownCommandError(b"it does not know the command")
        raise MemcacheUnknownError(answer[:32])


class Answer:
    """A long answer, taken apart from its beginning on; `piece` returns what comes next of it."""

    def __init__(self, piece: Callable[[], bytes]) -> None:
        self._piece = piece
        self._arrived = b""
        self._at = 0

    def line(self) -> bytes:
        """Return the next line without its end."""
        while (end := self._arrived.find(b"\r\n", self._at)) < 0:
            self._more()
        line = self._arrived[self._at : end]
        self._at = end + 2
        return line

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        if size < 0:
            raise MemcacheUnknownError("the value has a size below zero")
        pieces = [self._arrived[self._at : self._at + size]]
        missing = size - len(pieces[0])
        self._at += len(pieces[0])
        while missing > 0:
            piece = self._piece()
            pieces.append(piece[:missing])
            self._arrived, self._at = piece, len(pieces[-1])
            missing -= len(pieces[-1])
        return b"".join(pieces)

    def finish(self) -> None:
        """Raise an error unless all of it was taken."""
        if self._at != len(self._arrived):
            raise MemcacheUnknownError("it answers more than was asked")

    def _more(self) -> None:
        self._arrived, self._at = self._arrived[self._at :] + self._piece(), 0


def _seen(answer: bytes) -> Seen:
    if not answer.startswith(b"HD "):
        return Seen(None, over=False)
    _, left, stamp, *size = answer.split(b" ")
    over = expiry.is_over(int(left[1:]), int(stamp[1:]))
    return Seen(int(size[0][1:]) if size else None, over)
