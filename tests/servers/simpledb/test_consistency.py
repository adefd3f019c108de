"""What reads of the SimpleDB stand-in see after writes, among threads and after a crash."""

from __future__ import annotations

import http.client
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from . import SimpleDB
from .client import connect, get, names, put, refused

ITEM = {"DomainName": "shop", "ItemName": "book"}


@pytest.fixture(scope="module")
def started() -> Iterator[SimpleDB]:
    with SimpleDB() as server:
        yield server


@pytest.fixture
def server(started: SimpleDB) -> SimpleDB:
    started.reset()
    return started


@pytest.fixture
def client(server: SimpleDB) -> Any:
    client = connect(server)
    client.create_domain(DomainName="shop")
    return client


class TestConsistency:
    def seen(self, client: Any, name: str) -> tuple[dict[str, Any], bool]:
        """What the two kinds of read show of an item when they are not asked to be consistent."""
        selected = client.select(SelectExpression="select itemName() from shop")
        found = [item["Name"] for item in selected.get("Items", [])]
        return get(client, name, consistent=False), name in found

    def test_a_stale_read_never_sees_an_items_last_write(self, client: Any) -> None:
        put(client, "book", x="1")
        assert self.seen(client, "book") == ({}, False)
        put(client, "other", x="1")
        assert self.seen(client, "book") == ({}, False)
        put(client, "book", x="2")
        assert self.seen(client, "book") == ({"x": "1"}, True)
        client.delete_attributes(**ITEM)
        assert self.seen(client, "book") == ({"x": "2"}, True)
        client.delete_attributes(**ITEM)
        assert self.seen(client, "book") == ({}, False)

    def test_nor_the_last_batch(self, client: Any) -> None:
        items = [{"Name": "book", "Attributes": [{"Name": "x", "Value": "1"}]}]
        client.batch_put_attributes(DomainName="shop", Items=items)
        assert self.seen(client, "book") == ({}, False)
        client.batch_delete_attributes(DomainName="shop", Items=[{"Name": "book"}])
        assert self.seen(client, "book") == ({"x": "1"}, True)

    def test_nor_its_values_in_conditions_and_counts(self, client: Any) -> None:
        put(client, "book", x="1")
        put(client, "book", x="2")
        count = "select count(*) from shop where x = '1'"
        for consistent, expected in ((False, "1"), (True, "0")):
            answer = client.select(SelectExpression=count, ConsistentRead=consistent)
            assert answer["Items"][0]["Attributes"][0]["Value"] == expected

    def test_a_consistent_read_sees_all(self, client: Any) -> None:
        put(client, "book", x="1")
        assert get(client, "book") == {"x": "1"}
        client.delete_attributes(**ITEM)
        assert get(client, "book") == {}

    def test_the_replica_catches_up_when_it_is_told(self, server: SimpleDB, client: Any) -> None:
        put(client, "book", x="1")
        put(client, "gone", x="1")
        client.delete_attributes(DomainName="shop", ItemName="gone")
        server.settle()
        assert self.seen(client, "book") == ({"x": "1"}, True)
        assert self.seen(client, "gone") == ({}, False)

    @pytest.mark.parametrize("settled", [True, False])
    def test_what_is_gone_and_comes_back_is_there_once(
        self, server: SimpleDB, client: Any, settled: bool
    ) -> None:
        put(client, "book", x="1")
        client.delete_attributes(**ITEM)
        if settled:
            server.settle()
        else:
            client.delete_attributes(**ITEM)
        put(client, "book", x="2")
        for order in ("", "where itemName() > '' order by itemName()"):
            assert names(client, f"select * from shop {order}") == ["book"]

    def test_the_lag_can_be_turned_off(self, server: SimpleDB, client: Any) -> None:
        server.set(lag=False)
        put(client, "book", x="1")
        assert self.seen(client, "book") == ({"x": "1"}, True)

    def test_a_write_that_was_refused_is_no_write(self, client: Any) -> None:
        put(client, "book", x="1")
        put(client, "book", x="2")
        with refused("ConditionalCheckFailed", 409):
            client.delete_attributes(**ITEM, Expected={"Name": "x", "Exists": False})
        assert get(client, "book", consistent=False) == {"x": "1"}


def raise_unless_lost(error: ClientError) -> None:
    """Let a lost race pass, and nothing else."""
    if error.response["Error"]["Code"] != "ConditionalCheckFailed":
        raise error


def increment(client: Any, item: str, times: int) -> None:
    """Optimistic concurrency as the guide's "Performing a Conditional Put" describes it."""
    for _ in range(times):
        while True:
            now = get(client, item).get("n")
            expected = (
                {"Name": "n", "Exists": False} if now is None else {"Name": "n", "Value": now}
            )
            attributes = [{"Name": "n", "Value": str(int(now or "0") + 1), "Replace": True}]
            try:
                client.put_attributes(
                    DomainName="shop", ItemName=item, Attributes=attributes, Expected=expected
                )
            except ClientError as error:
                raise_unless_lost(error)
            else:
                break


class TestConcurrency:
    def test_32_threads_one_winner(self, client: Any) -> None:
        start = threading.Barrier(32)

        def add(number: int) -> bool:
            start.wait()
            try:
                client.put_attributes(
                    **ITEM,
                    Attributes=[{"Name": "winner", "Value": str(number)}],
                    Expected={"Name": "winner", "Exists": False},
                )
            except ClientError as error:
                raise_unless_lost(error)
                return False
            return True

        with ThreadPoolExecutor(32) as pool:
            won = list(pool.map(add, range(32)))
        assert won.count(True) == 1
        assert get(client, "book") == {"winner": str(won.index(True))}

    def test_nothing_comes_between_a_condition_and_its_put(
        self, server: SimpleDB, client: Any
    ) -> None:
        server.set(dwell=0.02)
        put(client, "counter", n="0")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: increment(client, "counter", 3), range(4)))
        assert get(client, "counter") == {"n": "12"}

    def test_threads_lose_no_increment(self, client: Any) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: increment(client, "counter", 10), range(8)))
        assert get(client, "counter") == {"n": "80"}

    def test_processes_lose_no_increment(self, server: SimpleDB, client: Any) -> None:
        script = textwrap.dedent(increment_script(server))
        command = [sys.executable, "-c", script]
        environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
        processes = [subprocess.Popen(command, env=environment) for _ in range(3)]
        assert [process.wait(60) for process in processes] == [0, 0, 0]
        assert get(client, "counter") == {"n": "30"}

    def test_a_connection_is_kept(self, server: SimpleDB) -> None:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
        ports = set()
        for _ in range(3):
            connection.request("POST", "/", "Action=ListDomains")
            connection.getresponse().read()
            ports.add(connection.sock.getsockname()[1])
        connection.close()
        assert len(ports) == 1


def increment_script(server: SimpleDB) -> str:
    return f"""
        from types import SimpleNamespace
        from servers.simpledb.client import connect
        from botocore.exceptions import ClientError

        client = connect(SimpleNamespace(url={server.url!r}))
        done = 0
        while done < 10:
            item = {{"DomainName": "shop", "ItemName": "counter"}}
            found = client.get_attributes(**item, ConsistentRead=True).get("Attributes")
            now = found[0]["Value"] if found else "0"
            expected = {{"Value": now}} if found else {{"Exists": False}}
            attributes = [{{"Name": "n", "Value": str(int(now) + 1), "Replace": True}}]
            try:
                client.put_attributes(
                    **item, Attributes=attributes, Expected={{"Name": "n", **expected}}
                )
            except ClientError as error:
                assert error.response["Error"]["Code"] == "ConditionalCheckFailed"
            else:
                done += 1
    """


class TestRestart:
    def test_what_was_answered_survives_a_crash(self, server: SimpleDB, client: Any) -> None:
        client.create_domain(DomainName="gone")
        put(client, "book", domain="gone", x="1")
        client.delete_domain(DomainName="gone")
        put(client, "book", x={"1", "2"}, y="é\n")
        put(client, "other", x="1")
        client.delete_attributes(DomainName="shop", ItemName="other")
        server.kill()
        with pytest.raises(BotoCoreError):
            get(client, "book")
        server.start()
        assert client.list_domains()["DomainNames"] == ["shop"]
        assert get(client, "book") == {"x": {"1", "2"}, "y": "é\n"}
        assert get(client, "other") == {}
        assert get(client, "book", consistent=False) == {"x": {"1", "2"}, "y": "é\n"}

    def test_what_was_half_written_does_not(self, server: SimpleDB, client: Any) -> None:
        put(client, "book", x="1")
        server.kill()
        with (server.folder / "journal").open("a") as journal:
            journal.write('["store", "shop", {"book": {"x"')
        server.start()
        assert get(client, "book") == {"x": "1"}
        put(client, "book", x="2")
        server.restart()
        assert get(client, "book") == {"x": "2"}

    def test_a_reset_is_remembered(self, server: SimpleDB, client: Any) -> None:
        server.reset()
        server.restart()
        assert connect(server).list_domains().get("DomainNames", []) == []
