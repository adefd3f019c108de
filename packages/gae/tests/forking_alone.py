"""A process that forks: parent and child each go on, with clients of their own.

`test_forking` runs this file in a process of its own.
"""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from google.cloud.datastore_v1 import LookupResponse

from django_kvstore_gae.forking import NO_FORK, PATIENCE

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")


def fork(act):
    """Return the process id of a child that does this and nothing else."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        act()
        status = 0
    finally:
        os._exit(status)


def exit_status(pid, seconds=15.0):
    """Return the child's exit status; None, when it had to be killed because it hung."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def test_parent_and_children_use_one_backend(backend):
    backend.set("a:parent", b"parent", None)

    def act():
        backend.forked()
        assert backend.get("a:parent") == b"parent"
        backend.set(f"a:{os.getpid()}", b"child", None)

    children = [fork(act) for _ in range(4)]
    assert [exit_status(child) for child in children] == [0] * 4
    assert [backend.get(f"a:{child}") for child in children] == [b"child"] * 4


def test_a_child_has_a_client_of_its_own(backend):
    backend.ping()
    session = backend._session()

    def act():
        backend.forked()
        assert backend._session() is not session

    assert exit_status(fork(act)) == 0
    assert backend._session() is session


def test_children_of_a_process_in_the_middle_of_calls_do_not_hang(backend):
    backend.set("a:b", b"1", None)
    stop = threading.Event()
    wrong = []

    def read():
        while not stop.is_set():
            found = backend.get("a:b")
            if found != b"1":
                wrong.append(found)

    def act():
        backend.forked()
        assert backend.get("a:b") == b"1"

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        assert [exit_status(fork(act)) for _ in range(25)] == [0] * 25
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert wrong == []


def test_a_fork_waits_for_a_call_to_be_answered(script, opened):
    asked, answer = threading.Event(), threading.Event()

    def slowly(request):
        asked.set()
        answer.wait()
        return LookupResponse()

    script.answers = [slowly]
    backend = opened("gae://project")
    reader = threading.Thread(target=backend.get, args=["a:b"])
    reader.start()
    asked.wait()
    threading.Timer(0.2, answer.set).start()
    child = fork(lambda: None)
    waited = answer.is_set()
    assert exit_status(child) == 0
    reader.join()
    assert waited


def test_a_fork_waits_for_calls_and_calls_for_the_fork():
    order = []
    inside, leave = threading.Event(), threading.Event()

    def call():
        with NO_FORK:
            inside.set()
            leave.wait()
            order.append("call")

    caller = threading.Thread(target=call)
    caller.start()
    inside.wait()
    threading.Timer(0.2, leave.set).start()
    child = fork(lambda: None)
    order.append("fork")
    assert exit_status(child) == 0
    caller.join()
    assert order == ["call", "fork"]


def test_a_fork_does_not_wait_for_ever_and_the_child_is_free():
    inside, leave = threading.Event(), threading.Event()

    def call():
        with NO_FORK:
            inside.set()
            leave.wait()

    caller = threading.Thread(target=call)
    caller.start()
    inside.wait()
    try:
        begun = time.monotonic()

        def act():
            with NO_FORK:
                pass

        child = fork(act)
        assert PATIENCE <= time.monotonic() - begun < PATIENCE + 1
        assert exit_status(child) == 0
    finally:
        leave.set()
        caller.join()
