"""A server small enough to see what ``Server`` itself does.

``with Small() as server: starts, process, its_child = ask(server)``
"""

from __future__ import annotations

import socket
import sys

from servers.server import Server

# Counts its starts in its folder, has a child that leaves the process group, and answers every
# connection with the number of starts and both process ids.
ANSWERING = """
import os, pathlib, signal, socket, sys
starts = pathlib.Path("starts")
starts.write_text(starts.read_text() + "x" if starts.exists() else "x")
print("start", len(starts.read_text()), flush=True)
child = os.fork()
if child == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        signal.pause()
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = listener.accept()
    connection.sendall(f"{len(starts.read_text())} {os.getpid()} {child}".encode())
    connection.close()
"""


class Small(Server):
    name = "Small"
    program = ANSWERING
    start_seconds = 10.0

    def available(self) -> str | None:
        return None

    def command(self) -> list[str]:
        return [sys.executable, "-c", self.program, str(self.port)]


def ask(server: Server) -> tuple[int, int, int]:
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        starts, parent, child = connection.recv(100).split()
    return int(starts), int(parent), int(child)
