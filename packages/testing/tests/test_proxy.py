"""The proxy lets through exactly what it says, and nothing else changes a byte."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from django_kvstore_testing.proxy import Proxy

QUESTION = b"?" * 20


class Answering:
    """A server for these tests: echoes each block of 20 bytes as 20 other bytes.

    It keeps what it received and how each connection ended.
    """

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.received = b""
        self.endings: list[str] = []
        self.changed = threading.Condition()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        ending = "close"
        unanswered = 0
        with connection:
            try:
                while data := connection.recv(65_536):
                    with self.changed:
                        self.received += data
                        self.changed.notify_all()
                    unanswered += len(data)
                    blocks, unanswered = divmod(unanswered, 20)
                    connection.sendall(bytes(range(20)) * blocks)
            except ConnectionError:
                ending = "reset"
        with self.changed:
            self.endings.append(ending)
            self.changed.notify_all()

    def wait_for_ending(self) -> str:
        with self.changed:
            assert self.changed.wait_for(lambda: self.endings, timeout=5)
            return self.endings.pop(0)


@pytest.fixture
def server() -> Iterator[Answering]:
    answering = Answering()
    yield answering
    answering.listener.close()


@pytest.fixture
def proxy(server: Answering) -> Iterator[Proxy]:
    with Proxy("127.0.0.1", server.port) as made:
        yield made


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection((proxy.host, proxy.port), timeout=5)


def read_all(client: socket.socket, most: int | None = None) -> tuple[bytes, str]:
    """What came, and how it ended: close, reset, or "enough" when ``most`` bytes are there."""
    came = b""
    while most is None or len(came) < most:
        try:
            part = client.recv(65_536)
        except ConnectionResetError:
            return came, "reset"
        if not part:
            return came, "close"
        came += part
    return came, "enough"


def ask(client: socket.socket) -> tuple[bytes, str]:
    client.sendall(QUESTION)
    return read_all(client, 20)


WHOLE = (bytes(range(20)), "enough")


def test_it_passes_everything_and_counts(proxy: Proxy, server: Answering) -> None:
    with connect(proxy) as one, connect(proxy) as two:
        assert ask(one) == ask(two) == ask(one) == WHOLE
        assert proxy.open_connections == 2
    assert (proxy.connections, proxy.request_bytes, proxy.reply_bytes) == (2, 60, 60)
    assert server.received == QUESTION * 3


def test_it_passes_more_than_a_socket_holds(proxy: Proxy, server: Answering) -> None:
    blocks = 400_000  # 8 MB each way, and nobody reads until all is quiet
    with connect(proxy) as client:
        sender = threading.Thread(target=client.sendall, args=(QUESTION * blocks,))
        sender.start()
        time.sleep(0.5)
        came, _ = read_all(client, 20 * blocks)
        sender.join()
    assert came == bytes(range(20)) * blocks
    assert proxy.reply_bytes == 20 * blocks


def test_a_client_that_has_asked_everything_still_gets_its_answer(proxy: Proxy) -> None:
    with connect(proxy) as client:
        client.sendall(QUESTION)
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == (bytes(range(20)), "close")


@pytest.mark.parametrize("how", ["reset", "close"])
@pytest.mark.parametrize("fresh", [True, False], ids=["new connection", "used connection"])
def test_a_reply_is_cut_at_every_offset(proxy: Proxy, how: str, fresh: bool) -> None:
    for offset in range(20):
        with connect(proxy) as client:
            if not fresh:
                assert ask(client) == WHOLE
            proxy.cut_reply(offset, how=how)  # type: ignore[arg-type]
            assert ask(client) == (bytes(range(offset)), how)


def test_a_cut_reply_was_a_whole_request(proxy: Proxy, server: Answering) -> None:
    proxy.cut_reply(0)
    with connect(proxy) as client:
        assert ask(client) == (b"", "reset")
    assert server.received == QUESTION


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_request_is_cut_at_every_offset(proxy: Proxy, server: Answering, how: str) -> None:
    for offset in range(20):
        proxy.cut_request(offset, how=how)  # type: ignore[arg-type]
        server.received = b""
        with connect(proxy) as client:
            client.sendall(QUESTION)
            assert read_all(client) == (b"", how)
        assert server.wait_for_ending() == how
        assert server.received == QUESTION[:offset]


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_cut_far_into_a_long_reply_is_exact(proxy: Proxy, how: str) -> None:
    offset = 2_000_001
    proxy.cut_reply(offset, how=how)  # type: ignore[arg-type]
    with connect(proxy) as client:
        client.sendall(QUESTION * (offset // 20 + 1))
        time.sleep(0.2)  # what is on its way is more than the client's side holds
        came, _ = read_all(client, offset)
        assert read_all(client) == (b"", how)
    assert came == (bytes(range(20)) * (offset // 20 + 1))[:offset]


def test_a_close_is_orderly_though_the_client_had_sent_more(proxy: Proxy) -> None:
    proxy.cut_request(100, how="close")
    with connect(proxy) as client:
        client.sendall(QUESTION * 10_000)
        came = read_all(client)
    assert came == (bytes(range(20)) * 5, "close") or came == (b"", "close")


def test_a_cut_happens_so_many_times_and_no_more(proxy: Proxy) -> None:
    proxy.cut_reply(5, times=2)
    seen = []
    for _ in range(4):
        with connect(proxy) as client:
            seen.append(ask(client)[1])
    assert seen == ["reset", "reset", "enough", "enough"]


def test_a_cut_without_end_goes_on_until_the_switch(proxy: Proxy) -> None:
    proxy.cut_reply(5, times=None)
    for _ in range(5):
        with connect(proxy) as client:
            assert ask(client)[1] == "reset"
    proxy.pass_through()
    with connect(proxy) as client:
        assert ask(client) == WHOLE


def test_what_is_held_arrives_late_and_whole(proxy: Proxy, server: Answering) -> None:
    with connect(proxy) as client:
        assert ask(client) == WHOLE
        proxy.hold()
        client.settimeout(0.1)
        client.sendall(QUESTION)
        with pytest.raises(TimeoutError):
            client.recv(1)
        assert server.received == QUESTION
        client.settimeout(5)
        proxy.pass_through()
        assert read_all(client, 20) == WHOLE


def test_holding_replies_lets_the_server_work(proxy: Proxy, server: Answering) -> None:
    proxy.hold("reply")
    with connect(proxy) as client:
        client.sendall(QUESTION)
        with server.changed:
            assert server.changed.wait_for(lambda: server.received == QUESTION, timeout=5)
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_a_client_that_gives_up_while_held_is_not_kept(proxy: Proxy, server: Answering) -> None:
    proxy.hold()
    with connect(proxy) as client:
        client.sendall(QUESTION)
    assert server.wait_for_ending() == "close"
    assert server.received == b""


def test_a_delay_delays_and_ends_with_the_switch(proxy: Proxy) -> None:
    proxy.delay(0.15)
    with connect(proxy) as client:
        began = time.monotonic()
        assert ask(client) == WHOLE
        assert time.monotonic() - began >= 0.15
        proxy.delay(3600)
        proxy.pass_through()
        assert ask(client) == WHOLE


def test_refusing_resets_and_listens_no_more(proxy: Proxy) -> None:
    with connect(proxy) as client:
        assert ask(client) == WHOLE
        proxy.refuse()
        assert read_all(client) == (b"", "reset")
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.pass_through()
    with connect(proxy) as client:
        assert ask(client) == WHOLE


@pytest.mark.parametrize("how", ["reset", "close"])
def test_dropping_ends_the_open_connections_only(proxy: Proxy, how: str) -> None:
    with connect(proxy) as client:
        assert ask(client) == WHOLE
        proxy.drop(how)  # type: ignore[arg-type]
        assert read_all(client) == (b"", how)
        assert proxy.open_connections == 0
    with connect(proxy) as client:
        assert ask(client) == WHOLE


def test_a_server_that_is_gone_shows_as_a_reset(proxy: Proxy, server: Answering) -> None:
    server.listener.shutdown(socket.SHUT_RDWR)
    server.listener.close()
    # It may come while connect() itself still looks.
    with pytest.raises(ConnectionResetError), connect(proxy) as client:
        client.recv(1)


def test_many_clients_at_once_get_their_own_answers(proxy: Proxy) -> None:
    answers: list[tuple[bytes, str]] = []

    def talk() -> None:
        with connect(proxy) as client:
            answers.extend(ask(client) for _ in range(50))

    clients = [threading.Thread(target=talk) for _ in range(16)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert answers == [WHOLE] * 800
    assert (proxy.connections, proxy.request_bytes) == (16, 16_000)


def test_nothing_is_left_after_close(server: Answering) -> None:
    with Proxy("127.0.0.1", server.port) as proxy:
        port = proxy.port
        with connect(proxy) as client:
            ask(client)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    assert server.wait_for_ending() in ("close", "reset")
    assert f"proxy-{port}" not in {thread.name for thread in threading.enumerate()}
