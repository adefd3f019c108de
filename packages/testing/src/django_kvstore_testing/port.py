"""Finds a TCP port that nobody uses, and keeps other tests from taking it meanwhile.

``with Port.claim() as port: ...`` and start ``server --port {port.number}`` in it; or call
``port.release()`` at the end.
"""

from __future__ import annotations

import random
import socket
from dataclasses import dataclass
from types import TracebackType

HOST = "127.0.0.1"

# Below the kernel's own range for outgoing connections (32768 and up on Linux, 49152 elsewhere):
# a port that a server leaves while it restarts is then never handed to a passing client.
CANDIDATES = range(20_000, 32_000)


@dataclass
class Port:
    """A port number, claimed for as long as ``claim_socket`` is open (None: somebody else's).

    The claim is a UDP socket on the same number. No server here uses UDP, the kernel gives it
    to one process only, and takes it back when that process dies, however it dies: two test
    runs side by side cannot both believe that a port is theirs before the server has bound it.
    """

    number: int
    claim_socket: socket.socket | None

    @classmethod
    def claim(cls) -> Port:
        choice = random.SystemRandom()
        for _ in range(200):
            number = choice.choice(CANDIDATES)
            claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                claim.bind((HOST, number))
            except OSError:
                claim.close()
                continue
            if busy(number):
                claim.close()
                continue
            return cls(number, claim)
        raise OSError(f"no free port between {CANDIDATES.start} and {CANDIDATES.stop}")

    def release(self) -> None:
        if self.claim_socket is not None:
            self.claim_socket.close()

    def __enter__(self) -> Port:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def busy(number: int) -> bool:
    """True when a server cannot listen on the port now, on this host or on every interface."""
    for host in (HOST, ""):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As servers do: without it, the remains of closed connections look like a server.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, number))
                probe.listen(1)
            except OSError:
                return True
    return False
