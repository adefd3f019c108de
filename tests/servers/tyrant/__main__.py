"""Serves Tokyo Tyrant's binary protocol from a process of its own, where no ttserver is to be had.

``python -m servers.tyrant --port 1978 --db btree``; `TyrantStandIn` starts it for tests.
It keeps the threads of the real one: ``--thnum`` workers, each busy with a request from its first
byte to its answer. It does not speak the other two protocols of ttserver, memcached's and HTTP.
"""

from __future__ import annotations

import argparse
import contextlib
import select
import signal
import socket
import sys
import threading
from pathlib import Path

from .commands import Commands
from .mask import Mask
from .records import KINDS, Records
from .stream import Stream, TakenAway

MAGIC = 0xC8


class Service:
    def __init__(self, commands: Commands, workers: int, timeout: float) -> None:
        self.commands = commands
        self.workers = threading.Semaphore(workers)
        self.timeout = timeout

    def serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = Stream(connection, self.timeout)
        # A client that goes away in the middle is nothing to speak of.
        with connection, contextlib.suppress(OSError, TakenAway):
            keep = True
            while keep and not stream.ended:
                select.select([connection], [], [])
                with self.workers:
                    keep = self.answer_what_has_come(connection, stream)

    def answer_what_has_come(self, connection: socket.socket, stream: Stream) -> bool:
        """Answer one request, and on to those that came with it; True to wait for more.

        After a bad request what follows it is taken for a request too, were it its own value.
        Only when it was the last one is the connection closed.
        """
        while True:
            stream.begin()
            reply = self.answer(stream)
            if reply:
                connection.sendall(reply)
            if not stream.buffer:
                return reply is not None

    def answer(self, stream: Stream) -> bytes | None:
        first = stream.read(1)
        if first is None:
            return None
        if first[0] == MAGIC:
            code = stream.read(1)
            return None if code is None else self.commands.answer(code[0], stream)
        if first != b"\n":
            stream.skip_line()
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for Tokyo Tyrant's ttserver.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1978)
    parser.add_argument("--db", choices=KINDS, default="hash")
    parser.add_argument("--file", type=Path, default=None, help="where a hash or btree is kept")
    parser.add_argument("--read-only", action="store_true", help="ttserver's #mode=r")
    parser.add_argument("--mask", default="")
    parser.add_argument("--unmask", default="")
    parser.add_argument("--thnum", type=int, default=8)
    parser.add_argument("--tout", type=float, default=0)
    options = parser.parse_args()
    kind = KINDS[options.db]
    records = Records(kind, options.file or Path(kind.name), read_only=options.read_only)
    commands = Commands(records, Mask(options.mask, unmask=options.unmask))
    service = Service(commands, options.thnum, options.tout)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit())
    with socket.create_server((options.host, options.port), backlog=128) as listener:
        try:
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=service.serve, args=(connection,), daemon=True).start()
        finally:
            with commands.lock:
                records.save()


if __name__ == "__main__":
    main()
