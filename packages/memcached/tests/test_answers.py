"""Answers in pieces, and answers that are none.

``pytest packages/memcached/tests/test_answers.py``
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Literal

import pytest
from pymemcache.exceptions import MemcacheError

from django_kvstore.errors import Unavailable
from django_kvstore_memcached import MemcachedBackend
from django_kvstore_memcached.connection import Connection
from django_kvstore_testing.proxy import Proxy
from servers.memcached import Memcached

Open = Callable[..., MemcachedBackend]
Raw = Callable[[Memcached, bytes, bytes], bytes]
Ending = Literal["reset", "close"]
FillThePool = Callable[[MemcachedBackend, str], int]
LetGo = Callable[[Proxy], None]
Impostor = Callable[[Callable[[socket.socket], None]], AbstractContextManager[int]]
Within = Callable[[float], AbstractContextManager[None]]


ANSWERS: list[tuple[Callable[[Connection], object], bytes, object]] = [
    (lambda line: line.look(b"get", b"a"), b"END\r\n", (None, None)),
    (
        lambda line: line.look(b"get", b"a"),
        b"VALUE a 0 4\r\n\r\n\r\n\r\nEND\r\n",
        (b"\r\n\r\n", None),
    ),
    (lambda line: line.look(b"get", b"a"), b"VALUE a 0 0\r\n\r\nEND\r\n", (b"", None)),
    (lambda line: line.look(b"gets", b"a"), b"VALUE a 7 1 99\r\nx\r\nEND\r\n", (b"x", b"99")),
    (lambda line: line.store(b"set", b"a", b"x"), b"STORED\r\n", True),
    (lambda line: line.store(b"cas", b"a", b"x", version=b"9"), b"EXISTS\r\n", False),
    (lambda line: line.store(b"cas", b"a", b"x", version=b"9"), b"NOT_FOUND\r\n", False),
    (lambda line: line.delete_all([b"a"]), b"HD t-1 f0\r\nDELETED\r\n", 1),
    (lambda line: line.delete_all([b"a", b"b"]), b"EN\r\nNOT_FOUND\r\nHD t5 f0\r\nDELETED\r\n", 1),
    (lambda line: line.delete_all([b"a"]), b"ERROR\r\nDELETED\r\n", 1),  # before 1.6
    (
        lambda line: line.take_all([b"a", b"b", b"c"], {b"a", b"b"}),
        b"VALUE a 0 4\r\nEND\r\r\nEND\r\nDELETED\r\nEND\r\nNOT_FOUND\r\nDELETED\r\n",
        [(True, b"END\r"), (False, None), (True, None)],
    ),
    (lambda line: line.take_all([b"a"], {b"a"}), b"END\r\nDELETED\r\n", [(True, None)]),
    (
        lambda line: line.take_all([b"a"], {b"a"}),
        b"VALUE a 0 0\r\n\r\nEND\r\nNOT_FOUND\r\n",
        [(False, b"")],
    ),
    (
        lambda line: line.survey([b"a", b"b", b"c", b"d"]),
        b"HD t-1 f0 s35\r\nEN\r\nERROR\r\nHD t1 f0 s9\r\n",
        [(35, False), (None, False), (None, False), (9, False)],
    ),
    (lambda line: line.has_room(2000), b"STAT item_size_max 2048\r\nSTAT x y\r\nEND\r\n", False),
    (lambda line: line.has_room(2000), b"SERVER_ERROR unsupported\r\n", True),
    (lambda line: line.has_room(2000), b"ERROR\r\n", True),
    (lambda line: line.look_all([b"a", b"b"]), b"VALUE b 0 1\r\nx\r\nEND\r\n", {b"b": b"x"}),
    (
        lambda line: line.look_all([b"a", b"b", b"c"]),
        b"VALUE a 0 0\r\n\r\nVALUE c 7 5\r\nEND\r\n\r\nEND\r\n",
        {b"a": b"", b"c": b"END\r\n"},
    ),
    (lambda line: line.look_all([b"a"]), b"END\r\n", {}),
    (lambda line: line.version(), b"VERSION 1.6.18\r\n", b"1.6.18"),
    (lambda line: line.store_all([b"a", b"b"], [b"x", b"y"], 0, 0), b"STORED\r\nSTORED\r\n", 2),
]


@pytest.mark.parametrize(("ask", "answer", "expected"), ANSWERS)
def test_an_answer_may_come_in_any_two_pieces(
    ask: Callable[[Connection], object], answer: bytes, expected: object, impostor: Impostor
) -> None:
    cuts = iter(range(1, len(answer)))

    def answer_in_two(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while connection.recv(4096):
            cut = next(cuts)
            connection.sendall(answer[:cut])
            time.sleep(0.003)
            connection.sendall(answer[cut:])

    with impostor(answer_in_two) as port:
        connection = Connection(("127.0.0.1", port), connect_timeout=1, timeout=1)
        try:
            for _ in range(1, len(answer)):
                connection.largest_item = None
                assert ask(connection) == expected
        finally:
            connection.close()


WRONG_ANSWERS: list[tuple[Callable[[Connection], object], bytes]] = [
    (lambda line: line.look(b"get", b"a"), b"VALUE a 0 1\r\nxx\r\nEND\r\n"),
    (lambda line: line.look(b"get", b"a"), b"VALUE a 0 2\r\nx\r\nEND\r\n\r\n"),
    (lambda line: line.look(b"get", b"a"), b"VALUE a 0 -1\r\nx\r\nEND\r\n"),
    (lambda line: line.look(b"get", b"a"), b"VALUE b 0 1\r\nx\r\nEND\r\n"),
    (lambda line: line.look(b"get", b"a"), b"VALUE a 0 1 5\r\nx\r\nEND\r\n"),
    (lambda line: line.look(b"gets", b"a"), b"VALUE a 0 1\r\nx\r\nEND\r\n"),
    (lambda line: line.look(b"gets", b"a"), b"VALUE a 0 1 5\nx\r\nx\r\nEND\r\n"),
    (lambda line: line.look(b"gets", b"a"), b"VALUE a 0 1 \r\nx\r\nEND\r\n"),
    (lambda line: line.look(b"get", b"a"), b"VALUE a 0 1\r\nx\r\nEND\r\nEND\r\n"),
    (lambda line: line.look(b"get", b"a"), b"END\r\nEND\r\n"),
    (lambda line: line.look_all([b"a"]), b"VALUE a 0 1\r\nx\r\nEND\r\nEND\r\n"),
    (lambda line: line.look_all([b"a"]), b"VALUE a 0 1\r\nxx\r\nEND\r\n"),
    (lambda line: line.look_all([b"a"]), b"VALUE a 0 1\r\nx\r\nENDED\r\n"),
    (lambda line: line.look_all([b"a"]), b"SERVER_ERROR out of memory\r\n"),
    (lambda line: line.store(b"set", b"a", b"x"), b"STORED\r\nSTORED\r\n"),
    (lambda line: line.store(b"set", b"a", b"x"), b"SERVER_ERROR out of memory\r\n"),
    (lambda line: line.store_all([b"a"], [b"x"], 0, 0), b"NOT_STORED\r\n"),
    (lambda line: line.store_all([b"a"], [b"x"], 0, 0), b"STORED\r\nSTORED\r\n"),
    (lambda line: line.store_all([b"a"], [b"x"], 0, 0), b"STORED\r\nSTO"),
    (lambda line: line.store_all([b"a"], [b"x"], 0, 0), b"SERVER_ERROR object too large\r\n"),
    (lambda line: line.delete_all([b"a"]), b"EN\r\nEN\r\n"),
    (lambda line: line.survey([b"a"]), b"HD t-1 f0 s5\r\nEN\r\n"),
    (lambda line: line.survey([b"a"]), b"HD t-1 f0 sx\r\n"),
    (lambda line: line.take_all([b"a"], {b"a"}), b"VALUE b 0 1\r\nx\r\nEND\r\nDELETED\r\n"),
    (lambda line: line.take_all([b"a"], {b"a"}), b"VALUE a 0 1\r\nxx\r\nEND\r\nDELETED\r\n"),
    (lambda line: line.take_all([b"a"], {b"a"}), b"VALUE a 0 -1\r\nx\r\nEND\r\nDELETED\r\n"),
    (lambda line: line.take_all([b"a"], {b"a"}), b"END\r\nDELETED\r\nDELETED\r\n"),
    (lambda line: line.take_all([b"a"], {b"a"}), b"END\r\nSTORED\r\n"),
    (lambda line: line.take_all([b"a"], {b"a"}), b"SERVER_ERROR out of memory\r\n"),
    (lambda line: line.take_all([b"a"], ()), b"SERVER_ERROR out of memory\r\n"),
    (lambda line: line.delete_all([b"a"]), b"HD tx f0\r\nDELETED\r\n"),
    (lambda line: line.delete_all([b"a"]), b"EN\r\nNOT_FOUND\r\nEN\r\n"),
]


@pytest.mark.parametrize(("ask", "answer"), WRONG_ANSWERS)
def test_an_answer_that_cannot_be_right_is_an_error(
    ask: Callable[[Connection], object], answer: bytes, impostor: Impostor
) -> None:
    def talk(connection: socket.socket) -> None:
        while connection.recv(4096):
            connection.sendall(answer)

    with impostor(talk) as port:
        connection = Connection(("127.0.0.1", port), connect_timeout=1, timeout=1)
        try:
            with pytest.raises((MemcacheError, ValueError)):
                ask(connection)
        finally:
            connection.close()


@pytest.mark.parametrize(
    "words",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"VALUE someone-elses-key 0 1\r\nx\r\nEND\r\n",
        b"VALUE\r\n",
        b"VALUE a b c\r\n",
        b"STORED\r\n",
        b"\r\n",
        b"ERROR\r\n",
        b"SERVER_ERROR out of memory\r\n",
        b"CLIENT_ERROR bad command line format\r\n",
    ],
)
def test_a_server_that_talks_nonsense_is_an_outage(
    opened: Open, space: str, words: bytes, impostor: Impostor
) -> None:
    def talk(connection: socket.socket) -> None:
        while connection.recv(4096):
            connection.sendall(words)

    with impostor(talk) as port:
        backend = opened(f"memcached://127.0.0.1:{port}")
        for _ in range(2):
            with pytest.raises(Unavailable):
                backend.get(space + "a")
            with pytest.raises(Unavailable):
                backend.get_many([space + "a", space + "b"])
            with pytest.raises(Unavailable):
                backend.ping()
        backend.close()
