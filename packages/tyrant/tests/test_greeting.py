"""A server that cannot be used is told as soon as it is connected to, and named.

``pytest packages/tyrant/tests/test_greeting.py``
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from django_kvstore.errors import Refused
from django_kvstore_tyrant import TyrantBackend, protocol
from servers.tyrant import Tyrant

COMMANDS = ["put", "putkeep", "putshl", "out", "get", "mget", "fwmkeys", "addint", "misc", "stat"]

Open = Callable[[str], TyrantBackend]
OwnServer = Callable[..., Tyrant]


@pytest.mark.parametrize("name", ["stand-in-hash", "tree"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_masked_command_is_named(
    opened: Open, own_server: OwnServer, name: str, command: str
) -> None:
    backend = opened(f"tyrant://{own_server(name, mask=command).address}")
    for call in (
        lambda: backend.get(":a"),
        lambda: backend.set(":a", b"", None),
        backend.ping,
        lambda: backend.scan("", None, 10),
    ):
        with pytest.raises(Refused, match=f"refuses {command}\\b") as caught:
            call()
        assert "-unmask" in str(caught.value)


@pytest.mark.parametrize("name", ["stand-in-hash", "stand-in-tree", "hash", "tree"])
@pytest.mark.parametrize(
    ("mask", "refused"),
    [
        ("allwrite", "putkeep, putshl, put, misc."),
        ("allread", "stat."),
        ("allorg", "stat."),
        ("put,out", "put, out."),
        ("get,mget", "get, mget."),
    ],
)
def test_what_is_masked_together_is_named(
    opened: Open, own_server: OwnServer, name: str, mask: str, refused: str
) -> None:
    backend = opened(f"tyrant://{own_server(name, mask=mask).address}")
    with pytest.raises(Refused) as caught:
        backend.get(":a")
    assert f"the server refuses {refused}" in str(caught.value)


@pytest.mark.parametrize("name", ["stand-in-hash", "stand-in-tree", "hash", "tree"])
def test_a_database_that_is_not_for_writing_is_told(
    opened: Open, own_server: OwnServer, name: str
) -> None:
    server = own_server(name)
    opened(f"tyrant://{server.address}").set(":a", b"1", None)
    server.read_only = True
    server.restart()
    backend = opened(f"tyrant://{server.address}")
    with pytest.raises(Refused, match="It looks read-only"):
        backend.get(":a")
    server.read_only = False
    server.restart()
    assert backend.get(":a") == b"1"


def test_a_mask_that_is_lifted_is_enough(opened: Open, own_server: OwnServer) -> None:
    server = own_server("stand-in-hash", mask="put", unmask="put")
    backend = opened(f"tyrant://{server.address}")
    backend.set(":a", b"1", None)
    assert backend.get(":a") == b"1"


@pytest.mark.parametrize(
    "name", ["stand-in-hash", "stand-in-tree", "hash", "tree", "memory-hash", "memory-tree"]
)
def test_the_greeting_leaves_no_trace(opened: Open, own_server: OwnServer, name: str) -> None:
    # Of its own, since a greeting that is cut in two does leave one, as other tests do it.
    backend = opened(f"tyrant://{own_server(name).address}")
    for _ in range(3):
        backend.close()
        backend.ping()
    assert backend._client.ask(protocol.fwmkeys(b"\0\0")) == [[]]


@pytest.mark.parametrize("mask", ["out", "put", "get,mget,fwmkeys", "putkeep"])
def test_a_greeting_that_is_refused_leaves_no_trace(
    opened: Open, own_server: OwnServer, mask: str
) -> None:
    server = own_server("stand-in-hash", mask=mask)
    backend = opened(f"tyrant://{server.address}")
    with pytest.raises(Refused):
        backend.ping()
    server.mask = ""
    server.restart()
    assert backend._client.ask(protocol.fwmkeys(b"")) == [[]]


@pytest.mark.parametrize(
    ("name", "ordered", "takes_lists"),
    [
        ("stand-in-hash", False, True),
        ("stand-in-tree", True, False),
        ("hash", False, True),
        ("tree", True, False),
        ("memory-hash", False, True),
        ("memory-tree", True, True),
    ],
)
def test_the_kind_of_database_is_known(
    opened: Open, servers: Callable[[str], Tyrant], name: str, ordered: bool, takes_lists: bool
) -> None:
    found = opened(f"tyrant://{servers(name).address}")._client.server
    assert (found.ordered, found.takes_lists) == (ordered, takes_lists)
