"""Runs one server and lets neither it nor anything it started outlive the tests.

``python leash.py OWNER UID GID FOLDER program argument ...``: a script, started by ``Server``.

OWNER is the process whose death ends the server, however that process dies. UID and GID are
whom to run the program as (-1: as oneself). FOLDER is removed when OWNER is gone; when the
server is stopped in an orderly way it stays, because the server may be started again on it.

SIGTERM and SIGINT are passed on to the program; SIGUSR1 means: kill everything at once. The
exit status is the program's own.

A process in between, and not PR_SET_PDEATHSIG alone, for three reasons: that signal comes when
the *thread* that started the server ends, it reaches the child but not what the child started
(a shell script's java, PostgreSQL's backends, which leave their process group), and it needs
code between fork and exec of a test process that has threads.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LINUX = sys.platform == "linux"


def prctl(option: int, value: int) -> None:
    if LINUX:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


class Owner:
    """The process whose end is waited for."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.descriptor = -1
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # an old kernel: ask again and again instead
                self.descriptor = os.pidfd_open(pid)

    def gone(self) -> bool:
        if self.descriptor >= 0:
            # A process descriptor turns readable when its process has ended, reaped or not.
            return bool(select.select([self.descriptor], [], [], 0)[0])
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


def run_program(command: list[str], uid: int, gid: int) -> int:
    """Start the program as that user, and return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        if uid >= 0:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
        # After setuid, which clears it. Only the leash's own violent end needs it.
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error}\n".encode())
    os._exit(127)


def children() -> list[int]:
    """The processes below this one; those whose own parent died have come here too (Linux)."""
    listing = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(pid) for pid in listing.read_text().split()]


def end_everything(program: int) -> None:
    """Kill what is left below this process, generation after generation, and wait for it.

    Only processes that this one has not waited for are killed: their numbers cannot have been
    given to a stranger.
    """
    with contextlib.suppress(ChildProcessError):
        while True:
            for pid in children() if LINUX else [program]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if os.wait()[0] == program and not LINUX:
                return


def watch(owner: Owner, program: int, wakeup: int) -> int:
    """Wait until the program ends, or is to end; return its exit status."""
    descriptors = [wakeup] if owner.descriptor < 0 else [wakeup, owner.descriptor]
    while True:
        readable, _, _ = select.select(descriptors, [], [], 0.2 if owner.descriptor < 0 else None)
        arrived = os.read(wakeup, 512) if wakeup in readable else b""
        if owner.gone() or signal.SIGUSR1 in arrived:
            end_everything(program)
            return 128 + signal.SIGKILL
        while True:  # every child that has ended, whichever it is
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return 0
            if pid == program:
                if LINUX:
                    end_everything(program)
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
            if pid == 0:
                break
        for number in (signal.SIGTERM, signal.SIGINT):
            if number in arrived:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(program, number)


def main(arguments: list[str]) -> int:
    owner_pid, uid, gid = (int(text) for text in arguments[:3])
    folder, command = arguments[3], arguments[4:]
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    os.set_blocking(write_end, False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(write_end)
    owner = Owner(owner_pid)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    status = watch(owner, run_program(command, uid, gid), read_end)
    if owner.gone():
        shutil.rmtree(folder, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
