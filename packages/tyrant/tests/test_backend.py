"""What is this engine's own: its URL, its pool, and the traps of its databases.

``pytest packages/tyrant/tests/test_backend.py``
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from django_kvstore.backend import Write
from django_kvstore.errors import Unavailable
from django_kvstore.plugins import load_backend
from django_kvstore_tyrant import TyrantBackend, protocol
from servers.tyrant import Tyrant

Open = Callable[[str], TyrantBackend]


@pytest.mark.parametrize("scheme", ["tyrant", "tokyotyrant"])
def test_the_plugin_is_found(scheme: str) -> None:
    assert load_backend(scheme) is TyrantBackend


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("tyrant://localhost", ("localhost", 1978)),
        ("tyrant://10.0.0.1:2000?timeout=1", ("10.0.0.1", 2000)),
        ("tyrant://[::1]:1979", ("::1", 1979)),
    ],
)
def test_a_url_names_a_server(opened: Open, url: str, address: tuple[str, int]) -> None:
    assert opened(url)._client._address == address


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("tyrant://", "takes one server"),
        ("tyrant://a;b", "takes one server"),
        ("tyrant://a/path", "takes one server"),
        ("tyrant://user:hunter2@a", "no credentials"),
        ("tyrant://a:0", "is not a port"),
        ("tyrant://a?timeout=0", "greater than zero"),
        ("tyrant://a?pool_size=0", "greater than zero"),
        ("tyrant://a?timout=1", "did you mean 'timeout'"),
    ],
)
def test_a_url_that_names_none_is_refused(opened: Open, url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        opened(url)
    assert "hunter2" not in str(caught.value)


def test_nobody_there_is_told(opened: Open, own_server: Callable[..., Tyrant]) -> None:
    server = own_server("stand-in-hash")
    backend = opened(f"tyrant://{server.address}")
    server.stop()
    with pytest.raises(Unavailable, match=f"{server.address} cannot be reached"):
        backend.ping()


@pytest.mark.parametrize("name", ["stand-in-tree", "tree"])
def test_what_was_synced_outlives_a_kill(
    opened: Open, own_server: Callable[..., Tyrant], name: str
) -> None:
    """A B+ tree file alone may forget what it has answered for."""
    server = own_server(name)
    backend = opened(f"tyrant://{server.address}")
    backend.set(":a", b"1", None)
    backend.update(":a", lambda old: Write(b"2"))
    backend.sync()
    server.kill()
    server.start()
    assert backend.get(":a") == b"2"


def test_many_written_again_are_written_once(backend: TyrantBackend, space: str) -> None:
    """`misc putlist` would put a second record beside the first on a B+ tree."""
    cells = [f"{space}{number}" for number in range(50)]
    for value in (b"1", b"2", b"3"):
        backend.set_many(dict.fromkeys(cells, value), None)
        assert backend.get_many(cells) == dict.fromkeys(cells, value)
    assert len(backend.scan(space, None, 1000).cells) == 50
    assert backend.delete_many(cells) == 50
    assert backend.get_many(cells) == {}


def test_many_large_ones_go_in_portions(backend: TyrantBackend, space: str) -> None:
    cells = {f"{space}{number}": bytes([number]) * 1_500_000 for number in range(8)}
    backend.set_many(cells, None)
    assert backend.get_many(list(cells)) == cells
    assert backend.delete_many(list(cells)) == 8


def test_the_largest_cell(backend: TyrantBackend, space: str) -> None:
    assert TyrantBackend.cell_bytes is not None
    for value in (b"x" * TyrantBackend.cell_bytes, b"y" * TyrantBackend.cell_bytes):
        backend.set(space + "a", value, None)
        assert backend.get(space + "a") == value
    assert backend.compare_and_set(space + "a", value, b"small", None)
    assert backend.get(space + "a") == b"small"
    backend.clear(space)


@pytest.mark.parametrize("raw", [b"", b"text", b"R1234567", b"R" * 20])
def test_what_somebody_else_wrote_can_be_mended(
    backend: TyrantBackend, space: str, raw: bytes
) -> None:
    """It is handed out as it is, and the core says that it is no record."""
    cell = space + "a"

    def spoil() -> bytes:
        backend._client.tell(protocol.put(cell.encode(), raw))
        found = backend.get(cell)
        assert found is not None
        assert raw.endswith(found)
        assert backend.get_many([cell]) == {cell: found}
        assert backend.scan(space, None, 10).cells == [(cell, found)]
        assert not backend.add(cell, b"", None)
        return found

    spoil()
    backend.set(cell, b"ours", None)
    assert backend.get(cell) == b"ours"
    spoil()
    assert backend.delete(cell)
    assert backend.get(cell) is None
    assert backend.compare_and_set(cell, None, b"1", None)
    assert backend.compare_and_set(cell, spoil(), b"2", None)
    assert backend.get(cell) == b"2"
    assert backend.compare_and_set(cell, b"2", b"3", None)
    assert backend.get(cell) == b"3"


def test_names_that_are_no_text_stop_no_walk(backend: TyrantBackend, space: str) -> None:
    backend.set(space + "a", b"1", None)
    backend._client.tell(protocol.put(f"{space}\udcff".encode("utf-8", "surrogateescape"), b"2"))
    assert (space + "a", b"1") in backend.scan(space, None, 10).cells
    backend.clear(space)


def test_idle_connections_are_few_and_alive(
    opened: Open, own_server: Callable[..., Tyrant]
) -> None:
    server = own_server("stand-in-hash")
    backend = opened(f"tyrant://{server.address}?pool_size=3")
    barrier = threading.Barrier(10)

    def work() -> None:
        barrier.wait()
        for number in range(20):
            backend.set(f":{number}", b"", None)

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    idle = backend._client._pool._idle
    assert 1 <= len(idle) <= 3
    backend.close_old()
    assert 1 <= len(idle) <= 3
    server.stop()
    backend.close_old()
    assert len(idle) == 0


def test_a_fork_takes_neither_connections_nor_tokens(backend: TyrantBackend) -> None:
    backend.ping()
    pool, tokens = backend._client._pool, backend._registers.tokens
    backend.forked()
    assert backend._client._pool is not pool
    assert len(pool._idle) == 1
    assert backend._registers.tokens is not tokens
    assert backend._registers.tokens.make(b"")[:5] != tokens.make(b"")[:5]
    pool.clear()


def test_one_of_many_takes_gets_the_record(backend: TyrantBackend, space: str) -> None:
    cell = space + "a"
    for turn in range(20):
        backend.set(cell, b"%d" % turn, None)
        if turn % 2:
            backend.update(cell, lambda old: Write(b"new " + (old or b"")))
        got: list[bytes | None] = []
        barrier = threading.Barrier(8)

        def take(barrier: threading.Barrier = barrier, got: list[bytes | None] = got) -> None:
            barrier.wait()
            got.append(backend.take(cell))

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expected = b"new %d" % turn if turn % 2 else b"%d" % turn
        assert [record for record in got if record is not None] == [expected]
        assert len(got) == 8
