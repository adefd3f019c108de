"""Each real server that is installed here starts, answers, dies and comes back.

A server that is missing is skipped with what to install.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from servers import datastore, mariadb, postgresql
from servers.datastore import Datastore
from servers.failure import ServerError
from servers.mariadb import MariaDB
from servers.memcached import Memcached
from servers.postgresql import PostgreSQL

Available = Callable[..., None]


@pytest.mark.parametrize("kind", [PostgreSQL, MariaDB])
def test_a_database_keeps_what_was_committed(
    kind: type[PostgreSQL | MariaDB], available: Available
) -> None:
    made = kind()
    available(made)
    with made as server:
        server.sql("CREATE TABLE kept (a int); INSERT INTO kept VALUES (42);")
        port = server.port
        server.kill()
        with pytest.raises(ServerError):
            server.sql("SELECT a FROM kept")
        server.start()
        assert server.sql("SELECT a FROM kept").strip() == "42"
        server.restart()
        assert server.sql("SELECT a FROM kept").strip() == "42"
        assert server.port == port
        assert server.django_database()["PORT"] == str(port)


def test_postgresql_is_set_up_as_promised(available: Available) -> None:
    available(PostgreSQL())
    with PostgreSQL() as server:
        assert server.sql("SHOW max_connections").strip() == "200"
        assert server.sql("SHOW server_encoding").strip() == "UTF8"
        assert server.sql("SHOW listen_addresses").strip() == "127.0.0.1"
        server.create_database("a-b")
        assert server.sql("SELECT current_database()", database="a-b").strip() == "a-b"
        with pytest.raises(ServerError, match="no_such_thing"):
            server.sql("SELECT no_such_thing")


def test_mariadb_is_set_up_as_promised(available: Available) -> None:
    available(MariaDB())
    with MariaDB() as server:
        seen = server.sql(
            "SELECT @@max_connections, @@character_set_server, @@max_allowed_packet,"
            " @@bind_address, @@sql_mode LIKE '%STRICT_TRANS_TABLES%', DATABASE()"
        )
        assert seen.split() == ["300", "utf8mb4", "16777216", "127.0.0.1", "1", "kvstore"]
        server.create_database("other")
        assert server.sql("SELECT DATABASE()", database="other").strip() == "other"
        assert server.django_database("other")["NAME"] == "other"


def say(server: Memcached, words: bytes) -> bytes:
    with server.connect() as connection:
        connection.sendall(words)
        answer = b""
        while not answer.endswith(b"\r\n"):
            answer += connection.recv(4096)
    return answer


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
def test_memcached_starts_dies_and_comes_back_empty(unix: bool, available: Available) -> None:
    made = Memcached(unix=unix)
    available(made)
    with made as server:
        assert say(server, b"set a 0 0 1\r\nx\r\n") == b"STORED\r\n"
        server.kill()
        with pytest.raises(OSError, match=r"refused|No such file"):
            server.connect()
        server.start()
        assert say(server, b"get a\r\n") == b"END\r\n"


def test_several_memcacheds_are_several(available: Available) -> None:
    available(Memcached())
    with Memcached() as one, Memcached() as two:
        assert one.port != two.port
        assert say(one, b"set a 0 0 1\r\nx\r\n") == b"STORED\r\n"
        assert say(two, b"get a\r\n") == b"END\r\n"


def test_memcached_listens_on_ipv6(available: Available) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    made = Memcached(host="::1")
    available(made)
    with made as server:
        assert say(server, b"version\r\n").startswith(b"VERSION ")


def test_memcacheds_largest_item_is_an_option(available: Available) -> None:
    value = b"x" * 2_000_000
    words = b"set a 0 0 %d\r\n%s\r\n" % (len(value), value)
    available(Memcached())
    with Memcached(largest_item="4m") as large:
        assert say(large, words) == b"STORED\r\n"
    with Memcached() as usual:
        assert say(usual, words) == b"SERVER_ERROR object too large for cache\r\n"


def test_the_datastore_emulator_starts_dies_and_comes_back(available: Available) -> None:
    available(Datastore(named=""))
    with Datastore(named="") as server:
        server.kill()
        connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
        with pytest.raises(ConnectionRefusedError):
            connection.request("GET", "/")
        connection.close()
        server.start()
        connection.request("GET", "/")
        assert connection.getresponse().read().strip() == b"Ok"
        connection.close()
        # One that runs already is used, and left alone.
        with Datastore(named=server.address) as joined:
            assert joined.address == server.address
            with pytest.raises(ServerError, match="belongs to another process"):
                joined.kill()
        assert server.ready()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, available: Available) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(mariadb, "PLACES", "/nowhere")
    monkeypatch.setattr(postgresql, "DEBIAN", Path("/nowhere"))
    reasons = {
        Memcached(): "apt-get install memcached",
        MariaDB(): "apt-get install mariadb-server",
        PostgreSQL(): "apt-get install postgresql",
        Datastore(named=""): "gcloud components install cloud-datastore-emulator",
    }
    for server, way_out in reasons.items():
        assert way_out in (server.available() or "")
        with pytest.raises(ServerError, match=way_out):
            server.start()
    monkeypatch.setattr(datastore, "jar", lambda: Path("jar"))
    assert "default-jre-headless" in (Datastore(named="").available() or "")
