"""One time limit for a request and its answer, with Python's sockets and with what gevent makes.

``pytest packages/core/tests/test_line.py``
"""

from __future__ import annotations

import gc
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from django_kvstore.line import Line, Progress, dial, show

LIMIT = 0.4


class Cooperative(socket.socket):
    """A socket that waits in its own way, as gevent's do, and so knows no limit but its own."""

    def recv(self, size: int, flags: int = 0) -> bytes:
        if not select.select([self], [], [], self.gettimeout())[0]:
            raise TimeoutError("timed out")
        return super().recv(size, flags)

    def setsockopt(self, *arguments: Any) -> None:
        raise AssertionError("a limit that it would not keep")


class Strange(socket.socket):
    """A socket of a system that writes a time in another way."""

    def setsockopt(self, *arguments: Any) -> None:
        raise OSError("Invalid argument")


KINDS = [socket.socket, Cooperative, Strange]


@pytest.fixture(params=KINDS)
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[Line, socket.socket]]:
    """A line, and the other end of it."""
    ours, theirs = socket.socketpair()
    with theirs:
        line = Line(request.param(fileno=ours.detach()), LIMIT)
        yield line, theirs
        line.close()


@contextmanager
def taking(least: float, most: float) -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert least <= time.monotonic() - begun < most


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join()


def test_a_request_and_its_answer(ends: tuple[Line, socket.socket]) -> None:
    line, other = ends
    for _ in range(3):
        line.sendall(b"question")
        assert line.progress is Progress.ALL
        assert other.recv(100) == b"question"
        other.sendall(b"answer")
        assert line.recv(3) == b"ans"
        assert line.recv() == b"wer"
    other.close()
    assert line.recv() == b""


def test_silence_is_told_in_time(ends: tuple[Line, socket.socket]) -> None:
    line, _ = ends
    line.sendall(b"question")
    with taking(LIMIT - 0.01, LIMIT + 0.5), pytest.raises(TimeoutError):
        line.recv()


def test_a_request_that_waited_leaves_that_less_for_the_answer(
    ends: tuple[Line, socket.socket],
) -> None:
    line, other = ends
    data = bytes(4_000_000)

    def read_late() -> None:
        time.sleep(LIMIT * 0.8)
        size = 0
        while size < len(data):
            size += len(other.recv(1_000_000))

    with meanwhile(read_late), taking(LIMIT - 0.01, LIMIT * 1.6):
        line.sendall(data)
        with pytest.raises(TimeoutError):
            line.recv()


def test_what_comes_byte_by_byte_has_one_limit(ends: tuple[Line, socket.socket]) -> None:
    line, other = ends
    done = threading.Event()

    def trickle() -> None:
        while not done.wait(0.05):
            other.sendall(b"x")

    line.sendall(b"question")
    with meanwhile(trickle):
        with taking(0.0, LIMIT + 0.5), pytest.raises(TimeoutError):
            all(line.recv() == b"x" for _ in range(100))
        done.set()


def test_waiting_for_all_has_the_same_limit(ends: tuple[Line, socket.socket]) -> None:
    line, other = ends
    line.sendall(b"question")
    other.sendall(b"an")
    with meanwhile(lambda: (time.sleep(0.1), other.sendall(b"swer"))):
        answer = b""
        while len(answer) < 6:
            answer += line.recv(6 - len(answer), socket.MSG_WAITALL)
    assert answer == b"answer"
    line.sendall(b"question")
    other.sendall(b"an")
    with taking(0.0, LIMIT + 0.5), pytest.raises(TimeoutError):
        all(line.recv(6, socket.MSG_WAITALL) == b"an" for _ in range(2))


def test_a_slow_answer_leaves_the_next_one_its_time(ends: tuple[Line, socket.socket]) -> None:
    line, other = ends
    line.sendall(b"question")
    other.sendall(b"an")
    assert line.recv() == b"an"
    with meanwhile(lambda: (time.sleep(LIMIT * 0.7), other.sendall(b"swer"))):
        assert line.recv() == b"swer"
    line.sendall(b"question")
    with meanwhile(lambda: (time.sleep(LIMIT * 0.7), other.sendall(b"answer"))):
        assert line.recv() == b"answer"


def test_the_requests_of_one_call_can_share_its_time(ends: tuple[Line, socket.socket]) -> None:
    line, other = ends
    line.until = time.monotonic() + LIMIT * 2
    line.sendall(b"question")
    other.sendall(b"answer")
    assert line.recv() == b"answer"
    time.sleep(LIMIT * 1.2)
    begun = time.monotonic()
    line.sendall(b"question")
    with pytest.raises(TimeoutError):
        line.recv()
    assert line.deadline == line.until < begun + LIMIT
    with pytest.raises(TimeoutError, match="over"):
        line.sendall(b"question")
    assert line.progress is Progress.NONE
    line.until = None
    line.sendall(b"question")
    with meanwhile(lambda: (time.sleep(LIMIT * 0.7), other.sendall(b"answer"))):
        assert line.recv() == b"answer"


def test_what_arrives_gives_a_long_answer_more_time(ends: tuple[Line, socket.socket]) -> None:
    line, other = ends
    line.pace = 10 / LIMIT
    line.sendall(b"q")
    other.sendall(bytes(20))
    assert line.recv() == bytes(20)
    with meanwhile(lambda: (time.sleep(LIMIT * 1.5), other.sendall(b"rest"))):
        assert line.recv() == b"rest"
    line.sendall(b"q")
    with taking(LIMIT - 0.01, LIMIT * 1.1 + 0.5), pytest.raises(TimeoutError):
        line.recv()


def test_a_trickle_gives_no_more_time(ends: tuple[Line, socket.socket]) -> None:
    line, other = ends
    line.pace = 1_000_000.0
    done = threading.Event()

    def trickle() -> None:
        while not done.wait(0.05):
            other.sendall(b"x")

    line.sendall(b"question")
    with meanwhile(trickle):
        with taking(0.0, LIMIT + 0.5), pytest.raises(TimeoutError):
            all(line.recv() == b"x" for _ in range(100))
        done.set()


def test_what_is_taken_gives_a_long_request_more_time(ends: tuple[Line, socket.socket]) -> None:
    line, other = ends
    data = bytes(8_000_000)
    line.pace = len(data) / (LIMIT * 10)

    def read_slowly() -> None:
        size = 0
        while size < len(data):
            size += len(other.recv(1_000_000))
            time.sleep(LIMIT / 8)
        other.sendall(b"answer")

    with meanwhile(read_slowly):
        line.sendall(data)
        assert line.recv() == b"answer"


def test_a_request_that_nobody_takes_is_told_in_time(ends: tuple[Line, socket.socket]) -> None:
    line, _ = ends
    with taking(LIMIT - 0.01, LIMIT + 0.5), pytest.raises(TimeoutError):
        line.sendall(bytes(50_000_000))
    assert line.progress is Progress.SOME
    with taking(LIMIT - 0.01, LIMIT + 0.5), pytest.raises(TimeoutError):
        line.sendall(b"x")
    assert line.progress is Progress.NONE


def test_a_long_request_arrives_whole(ends: tuple[Line, socket.socket]) -> None:
    line, other = ends
    request = bytes(range(256)) * 40_000
    arrived = bytearray()

    def read() -> None:
        while len(arrived) < len(request):
            arrived.extend(other.recv(65_536))

    with meanwhile(read):
        line.sendall(request)
        assert line.progress is Progress.ALL
    assert arrived == request


def test_what_comes_unasked_is_noticed(ends: tuple[Line, socket.socket]) -> None:
    line, other = ends
    assert not line.disturbed()
    other.sendall(b"x")
    assert line.disturbed()
    assert line.recv() == b"x"
    assert not line.disturbed()
    other.close()
    assert line.disturbed()


@pytest.mark.filterwarnings("error")
def test_a_line_that_nobody_has_is_closed(ends: tuple[Line, socket.socket]) -> None:
    ours, theirs = socket.socketpair()
    holder: list[object] = [Line(ours, LIMIT)]
    holder.append(holder)  # as a store and what belongs to it hold each other
    del ours, holder
    gc.collect()
    theirs.settimeout(5)
    assert theirs.recv(1) == b""
    theirs.close()


def test_a_host_is_tried_at_each_of_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", end.getsockname())
            for end in (nobody, listener)
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        line = dial(("somewhere", 1), connect_timeout=LIMIT, timeout=LIMIT)
        accepted, _ = listener.accept()
        with accepted:
            line.sendall(b"question")
            assert accepted.recv(100) == b"question"
        line.close()
        del found[1:]
        with pytest.raises(ConnectionRefusedError):
            dial(("somewhere", 1), connect_timeout=LIMIT, timeout=LIMIT)


@pytest.mark.parametrize(
    ("address", "shown"),
    [(("::1", 7), "[::1]:7"), (("a.example", 7), "a.example:7"), (("/run/a.sock"), "/run/a.sock")],
)
def test_an_address_is_shown_as_people_write_it(address: Any, shown: str) -> None:
    assert show(address) == shown
