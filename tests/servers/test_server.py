"""What every server has from ``Server``, shown on a small one that is written here."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from django_kvstore_testing.port import HOST, Port, busy
from servers.failure import ServerError
from servers.sharing import shared
from servers.small import ANSWERING, Small, ask


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def eventually_gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


@pytest.fixture
def small() -> Iterator[Small]:
    with Small() as server:
        yield server


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_it_comes_back_on_the_same_port_and_data(small: Small, way: str) -> None:
    starts, parent, child = ask(small)
    port = small.port
    getattr(small, way)()
    assert not small.running
    # Everything is gone when the call returns, also what left the process group.
    assert not alive(parent)
    assert not alive(child)
    with pytest.raises(ConnectionRefusedError):
        ask(small)
    small.start()
    assert (ask(small)[0], small.port) == (starts + 1, port)


def test_restart_is_stop_and_start(small: Small) -> None:
    _, parent, _ = ask(small)
    small.restart()
    assert ask(small)[0] == 2
    assert not alive(parent)


def test_starting_a_running_one_changes_nothing(small: Small) -> None:
    before = ask(small)
    small.start()
    assert ask(small) == before


def test_close_leaves_nothing() -> None:
    with Small() as server:
        folder, port = server.folder, server.port
        _, parent, child = ask(server)
    assert not folder.exists()
    assert not alive(parent)
    assert not alive(child)
    assert not busy(port)


def test_a_server_that_ends_shows_its_log_and_leaves_nothing() -> None:
    class Broken(Small):
        program = "import os; print(os.getcwd()); raise SystemExit('no such luck')"

    with pytest.raises(ServerError, match="no such luck") as caught:
        Broken().start()
    assert "ended with status 1" in str(caught.value)
    folder = Path(str(caught.value).splitlines()[1].strip())
    assert folder.name.startswith("kvs-")
    assert not folder.exists()


def test_a_server_that_never_answers_is_given_up_on() -> None:
    class Silent(Small):
        program = "import os, time; print('pid', os.getpid(), flush=True); time.sleep(100)"
        start_seconds = 0.5

        def ready(self) -> bool:
            # On a busy machine the program may take longer to say its number.
            patience = time.monotonic() + 60
            while b"pid" not in self.log.read_bytes():
                assert time.monotonic() < patience
                time.sleep(0.01)
            return False

    server = Silent()
    with pytest.raises(ServerError, match=r"did not answer within 0\.5 seconds") as caught:
        server.start()
    assert not alive(int(str(caught.value).split("pid")[1]))


def test_a_program_that_does_not_exist_is_named() -> None:
    class Absent(Small):
        def command(self) -> list[str]:
            return ["no-such-program"]

    with pytest.raises(ServerError, match=r"no-such-program: .*No such file"):
        Absent().start()


def test_one_that_cannot_be_started_says_why() -> None:
    class Missing(Small):
        def available(self) -> str | None:
            return "no small: apt-get install small"

    with pytest.raises(ServerError, match="Small: no small: apt-get install small"):
        Missing().start()


def test_one_that_ignores_the_signal_is_ended_by_force() -> None:
    class Stubborn(Small):
        program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + ANSWERING
        stop_seconds = 0.2

    with Stubborn() as server:
        _, parent, _ = ask(server)
        server.stop()
        assert not alive(parent)


def test_the_first_start_goes_elsewhere_when_somebody_takes_the_port() -> None:
    class Late(Small):
        def prepare(self) -> None:
            self.taken = socket.create_server((HOST, self.port))
            self.foreign = self.port

        def ready(self) -> bool:
            # The stranger on the port accepts connections too.
            return self.port != self.foreign and super().ready()

    with Late() as server:
        assert server.port != server.foreign
        assert ask(server)[0] == 2
        server.taken.close()


def test_a_claimed_port_is_claimed_once() -> None:
    ports = [Port.claim() for _ in range(20)]
    try:
        assert len({port.number for port in ports}) == 20
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
            pytest.raises(OSError, match="in use"),
        ):
            other.bind((HOST, ports[0].number))
    finally:
        for port in ports:
            port.release()


def test_a_port_that_is_listened_on_is_busy() -> None:
    with socket.create_server((HOST, 0)) as listener:
        assert busy(listener.getsockname()[1])


# A process that starts a server, says where, and waits to be ended.
OWNER = """
import sys, threading
sys.path[:0] = {path!r}
from servers.small import Small, ask
server = Small()
{start}
print(server.folder, server.port, flush=True)
{end}
"""


def run_owner(start: str, end: str) -> tuple[subprocess.Popen[str], Path, int]:
    code = OWNER.format(path=sys.path, start=start, end=end)
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    folder, port = owner.stdout.readline().split()
    return owner, Path(folder), int(port)


def ask_port(port: int) -> tuple[int, int, int]:
    server = Small()
    server.join(port, Path(os.devnull))
    return ask(server)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_dies_with_the_tests_and_its_folder_goes(number: int) -> None:
    owner, folder, port = run_owner("server.start()", "sys.stdin.read()")
    with owner:
        _, parent, child = ask_port(port)
        owner.send_signal(number)
        owner.wait()
    assert eventually_gone(parent)
    assert eventually_gone(child)
    deadline = time.monotonic() + 10
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not folder.exists()


def test_it_outlives_the_thread_that_started_it() -> None:
    start = "t = threading.Thread(target=server.start); t.start(); t.join()"
    end = "print(server.running, flush=True); server.restart(); print(server.running); sys.exit()"
    owner, _, _ = run_owner(start, end)
    with owner:
        assert owner.stdout is not None
        assert owner.stdout.read().split() == ["True", "True"]


def test_a_joined_server_is_used_and_never_ended(small: Small) -> None:
    other = Small()
    other.join(small.port, small.folder)
    assert other.running
    assert ask(other) == ask(small)
    for end in (other.stop, other.kill, other.restart):
        with pytest.raises(ServerError, match="belongs to another process"):
            end()
    other.close()
    assert ask(small)[0] == 1


def test_joining_what_does_not_answer_is_an_error(small: Small) -> None:
    small.stop()
    with pytest.raises(ServerError, match="does not answer"):
        Small().join(small.port, small.folder)


def test_a_shared_server_is_one_for_all_workers(tmp_path: Path) -> None:
    start = f"""
import os, pathlib
from servers.sharing import shared
os.environ["PYTEST_XDIST_WORKER"] = "gw0"
with shared(server, pathlib.Path({str(tmp_path)!r})) as one:
    seen = ask(one)
"""
    seen = []
    for _ in range(2):
        # Each of these "workers" ends before the next one comes; the server stays, because it
        # belongs to the process that started both: this one.
        owner, folder, _ = run_owner(start, "print(seen)")
        with owner:
            assert owner.stdout is not None
            seen.append((folder, owner.stdout.read()))
    assert seen[0] == seen[1]
    assert re.match(r"\(1, \d+, \d+\)", seen[0][1])
    # This process goes on, so what would have ended with it is ended by hand.
    os.kill(int(seen[0][1].split(", ")[1]), signal.SIGKILL)
    shutil.rmtree(folder)


def test_alone_a_shared_server_ends_with_its_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    with shared(Small(), tmp_path) as server:
        _, parent, _ = ask(server)
    assert not alive(parent)
