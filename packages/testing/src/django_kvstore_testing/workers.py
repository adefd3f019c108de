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
from copy import deepcopy
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
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
        self._opened: tuple[Opening, dict[str, str]] | None = None
        context = _context()
        self.number = processes * threads
        barrier = context.Barrier(self.number)
        self._processes: list[tuple[BaseProcess, Connection[Any, Any]]] = []
        for process in range(processes):
            ours, theirs = context.Pipe()
            worker = context.Process(
                target=_work,
                args=(
                    theirs,
                    barrier,
                    threads,
                    process * threads,
                ),
                daemon=True,
            )
            worker.start()
            theirs.close()
            self._processes.append((worker, ours))
        self._order(_Child.set_up, _environment(), dict(settings))
        self.open(opening)

    def open(self, opening: Opening) -> None:
        """Open this store in every process, in place of the one that is open there."""
        wanted = (opening, _environment())
        if wanted != self._opened:
            self._order(_Child.open, *wanted)
            self._opened = wanted

    def rest(self) -> None:
        """Close the store in every process; those that were used for it hold nothing of it."""
        if self.usable and self._opened is not None:
            self._opened = None
            self._order(_Child.close)

    def race(self, task: Task, store: Store, **arguments: Any) -> list[Any]:
        """Let every worker do the task on a store with the same options as `store`."""
        return self._order(_Child.race, task, vars(store.options), arguments)

    def _order(self, act: Callable[..., Any], *arguments: Any) -> list[Any]:
        """Let every process do it; return what all returned, in one list."""
        for _, pipe in self._processes:
            with suppress(OSError):  # it has ended, which is seen when its answer is read
                pipe.send((act.__name__, arguments))
        return self._gather()

    def _gather(self) -> list[Any]:
        answers: dict[Connection[Any, Any], tuple[bool, Any]] = {}
        pipes = {pipe: worker for worker, pipe in self._processes}
        died = False
        while len(answers) < len(pipes) and not died:
            ready = wait([pipe for pipe in pipes if pipe not in answers])
            for pipe in pipes:
                if pipe not in ready:
                    continue
                try:
                    answers[pipe] = pipe.recv()
                except (EOFError, OSError):
                    pipes[pipe].join(10)
                    answers[pipe] = False, f"a process ended with code {pipes[pipe].exitcode}"
                    # The others may wait for it in vain.
                    died = True
        problems = [answer for good, answer in answers.values() if not good]
        if problems:
            self.close(kill=died)
            problems.sort(key=lambda text: "BrokenBarrierError" in text)
            raise AssertionError(f"a worker in another process failed:\n{problems[0]}")
        return [result for pipe in pipes for result in answers[pipe][1]]

    def close(self, *, kill: bool = False) -> None:
        """End the processes; `kill` for those that may never answer."""
        for worker, pipe in self._processes:
            with suppress(OSError):  # it ended by itself
                pipe.send(None)
            pipe.close()
            if kill:
                worker.kill()
        for worker, _ in self._processes:
            worker.join(10)
            if worker.is_alive():
                worker.kill()
                worker.join()
            worker.close()
        self._processes = []

    @property
    def usable(self) -> bool:
        """Whether every process is there still; a failure ends all of them."""
        return bool(self._processes) and all(worker.is_alive() for worker, _ in self._processes)


class Crews:
    """The worker processes of a whole run of tests, which class after class uses.

    ``crews.workers(opening, settings, processes=4, threads=4)``
    """

    def __init__(self) -> None:
        self._crews: list[tuple[tuple[Any, ...], ProcessWorkers]] = []

    def workers(
        self, opening: Opening, settings: Mapping[str, Any], *, processes: int, threads: int
    ) -> ProcessWorkers:
        """Return processes in which this store is open.

        They are those of an earlier call, unless these had other settings or have died.
        """
        # Django changes its settings in place when a test adds a database.
        wanted = (deepcopy(dict(settings)), processes, threads)
        for at, (had, crew) in enumerate(self._crews):
            if had != wanted:
                continue
            if crew.usable:
                crew.open(opening)
                return crew
            crew.close()
            del self._crews[at]
            break
        made = ProcessWorkers(opening, settings, processes=processes, threads=threads)
        self._crews.append((wanted, made))
        return made

    def rest(self) -> None:
        """Close the stores that are open in the processes; these wait for the next class."""
        for _, crew in self._crews:
            crew.rest()

    def close(self) -> None:
        """End all processes."""
        for _, crew in self._crews:
            crew.close()
        self._crews = []


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


class _Child:
    """A worker process: the store that is open in it, and what it is ordered to do."""

    def __init__(self, barrier: Start, threads: int, first: int) -> None:
        self._barrier = barrier
        self._threads = threads
        self._first = first
        self._root: Store | None = None

    def set_up(self, environment: Mapping[str, str], settings: Mapping[str, Any]) -> list[Any]:
        # It was forked from a process that has the environment of the day it started.
        _set_environment(environment)
        set_up_child(settings)
        return []

    def open(self, opening: Opening, environment: Mapping[str, str]) -> list[Any]:
        self.close()
        _set_environment(environment)
        self._root = opening.open()
        return []

    def close(self) -> list[Any]:
        if self._root is not None:
            self._root.close()
            self._root = None
        return []

    def race(
        self, task: Task, options: Mapping[str, Any], arguments: Mapping[str, Any]
    ) -> list[Any]:
        assert self._root is not None, "no store is open"
        store = self._root.with_options(**options)
        return _race(task, store, self._barrier, self._threads, self._first, arguments)


def _environment() -> dict[str, str]:
    """Return the environment, without what pytest changes for each test."""
    return {name: os.environ[name] for name in os.environ if name != "PYTEST_CURRENT_TEST"}


def _set_environment(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _work(
    pipe: Connection[Any, Any],
    barrier: Start,
    threads: int,
    first: int,
) -> None:
    child = _Child(barrier, threads, first)
    # A parent that has ended, in whichever way, has closed its end of the pipe.
    with suppress(EOFError):
        while (order := pipe.recv()) is not None:
            act, arguments = order
            try:
                answer = getattr(child, act)(*arguments)
            except BaseException:  # noqa: BLE001 - whatever it is, the parent is to hear of it
                pipe.send((False, traceback.format_exc()))
            else:
                pipe.send((True, answer))
    child.close()
