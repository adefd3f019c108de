"""A server that announces a long answer and does not send it keeps nobody waiting.

``pytest packages/tyrant/tests/test_silence.py``
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from django_kvstore.line import Address, dial
from django_kvstore_tyrant import protocol
from django_kvstore_tyrant.connection import SLOWEST, Connection

SIZE = 48 * 1024 * 1024
LENGTH = SIZE.to_bytes(4, "big")

ANNOUNCED = {
    "get": (protocol.get(b"key"), b"\0" + LENGTH),
    "mget": (protocol.mget([b"key"]), b"\0\0\0\0\x01\0\0\0\x03" + LENGTH),
    "fwmkeys": (protocol.fwmkeys(b"key"), b"\0\0\0\0\x01" + LENGTH),
    "misc": (protocol.misc(b"range", []), b"\0\0\0\0\x01" + LENGTH),
    "stat": (protocol.stat(), b"\0" + LENGTH),
}


def silent(connection: socket.socket, over: threading.Event) -> None:
    over.wait(60)


def trickling(connection: socket.socket, over: threading.Event) -> None:
    while not over.wait(0.02):
        connection.sendall(b"x")


@pytest.mark.parametrize("what_follows", [silent, trickling])
@pytest.mark.parametrize("name", ANNOUNCED)
def test_an_answer_that_is_only_announced_gets_no_more_time(
    name: str, what_follows: Callable[[socket.socket, threading.Event], None]
) -> None:
    command, announced = ANNOUNCED[name]
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address: Address = listener.getsockname()

        def answer() -> None:
            theirs, _ = listener.accept()
            with theirs, suppress(ConnectionError):
                theirs.recv(65_536)
                theirs.sendall(announced)
                what_follows(theirs, over)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            line = dial(address, connect_timeout=10, timeout=0.5, pace=SLOWEST)
            begun = time.monotonic()
            with pytest.raises(TimeoutError):
                Connection(line).run([command])
            # 48 seconds more it would be for all that was announced.
            assert time.monotonic() - begun < 20
        finally:
            over.set()
            thread.join()
