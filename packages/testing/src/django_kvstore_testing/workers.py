"""Workers: real threads, and real processes of several threads, that do one task at once.

``ProcessWorkers(opening, settings, processes=8, threads=4).race(tasks.count_up, store, …)``
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import Any, Final

from django_kvstore.store import Store

from .opening import Opening, set_up_child
from .tasks import Start
from .threads import run_threads

Task = Callable[..., Any]

#: What every fresh process needs, and would take most of its first second to import.
PRELOADED: Final = ("pytest", "django.db.models", "django_kvstore_testing.workers")

#: Seconds after which a worker that waits for the others gives up: somebody has died.
PATIENCE: Final = 120.0


class ThreadWorkers:
    """Workers in this process alone, for an engine that other processes do not see."""

    def __init__(self, number: int) -> None:
        self.number = number

    def race(self, task: Task, store: Store, **arguments: Any) -> list[Any]:
        """Let every worker do the task; return what each returned."""
        return _race(task, store, threading.Barrier(self.number), self.number, 0, arguments)

    def close(self) -> None:
        """Nothing is left behind."""


class ProcessWorkers:
    """Workers in fresh processes, `threads` in each; they are started once, for many races."""

    def __init__(
        self, opening: Opening, settings: Mapping[str, Any], *, processes: int, threads: int
    ) -> None:
        context = _context()
        self.number = processes * threads
        barrier = context.Barrier(self.number)
        self._processes = []
        for process in range(processes):
            ours, theirs = context.Pipe()
            worker = context.Process(
                target=_work,
                args=(
                    theirs,
                    dict(os.environ),
                    opening,
                    dict(settings),
                    barrier,
                    threads,
                    process * threads,
                ),
                daemon=True,
            )
            worker.start()
            theirs.close()
            self._processes.append((worker, ours))
        self._gather()

    def race(self, task: Task, store: Store, **arguments: Any) -> list[Any]:
        """Let every worker do the task on a store with the same options as `store`."""
        for _, pipe in self._processes:
            pipe.send((task, vars(store.options), arguments))
        return self._gather()

    def _gather(self) -> list[Any]:
        results: list[Any] = []
        problems: list[str] = []
        for worker, pipe in self._processes:
            try:
                answered, answer = pipe.recv()
            except EOFError:
                worker.join(10)
                answered, answer = False, f"a process ended with code {worker.exitcode}"
            (results.extend if answered else problems.append)(answer)
        if problems:
            self.close()
            problems.sort(key=lambda text: "BrokenBarrierError" in text)
            raise AssertionError(f"a worker in another process failed:\n{problems[0]}")
        return results

    def close(self) -> None:
        """End the processes."""
        for _, pipe in self._processes:
            with suppress(OSError):  # it ended by itself
                pipe.send(None)
            pipe.close()
        for worker, _ in self._processes:
            worker.join(10)
            if worker.is_alive():
                worker.kill()
                worker.join()
            worker.close()
        self._processes = []

    @property
    def usable(self) -> bool:
        """Say whether there are processes still; a failure ends them."""
        return bool(self._processes)


def _context() -> ForkServerContext | SpawnContext:
    """Return what starts processes that share nothing with this one.

    All are forked from one server process, which has imported `PRELOADED` and nothing else. Where
    the system has no such server, each is started from nothing.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*PRELOADED])
    return context


def _race(
    task: Task, store: Store, barrier: Start, threads: int, first: int, arguments: Mapping[str, Any]
) -> list[Any]:
    def contend(number: int) -> Any:
        try:
            return task(store, _Patient(barrier), first + number, **arguments)
        except BaseException:
            barrier.abort()
            raise

    return run_threads(threads, contend)


class _Patient:
    """A barrier whose wait ends some time."""

    def __init__(self, barrier: Start) -> None:
        self._barrier = barrier
        self.abort = barrier.abort

    def wait(self, timeout: float | None = PATIENCE) -> int:
        return self._barrier.wait(timeout)


def _work(
    pipe: Connection[Any, Any],
    environment: Mapping[str, str],
    opening: Opening,
    settings: Mapping[str, Any],
    barrier: Start,
    threads: int,
    first: int,
) -> None:
    try:
        # The server process has the environment of the day it started.
        os.environ.clear()
        os.environ.update(environment)
        set_up_child(settings)
        root = opening.open()
        pipe.send((True, []))
    except BaseException:
        pipe.send((False, traceback.format_exc()))
        raise
    while (order := pipe.recv()) is not None:
        task, options, arguments = order
        try:
            answer = _race(task, root.with_options(**options), barrier, threads, first, arguments)
        except BaseException:  # noqa: BLE001 - whatever it is, the parent is to hear of it
            pipe.send((False, traceback.format_exc()))
        else:
            pipe.send((True, answer))
    root.close()
