"""Clients that take turns in every order, stop anywhere and come back late: nothing is lost.

``pytest packages/tyrant/tests/test_interleaving.py``

Real backends talk to a server in memory, one command at a time. Hypothesis says whose turn it is,
also between the commands of one request, and who is killed. What they saw must be what some order
of whole calls explains: each call at one moment between its beginning and its end, or, of one who
was killed or not told, also later or never.
"""

from __future__ import annotations

import contextlib
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_kvstore import records
from django_kvstore.backend import Write
from django_kvstore.errors import OutcomeUnknown
from django_kvstore.params import read_params
from django_kvstore.url import StoreURL
from django_kvstore_tyrant import TyrantBackend, backend, chain, mark, register
from django_kvstore_tyrant.greeting import Server
from django_kvstore_tyrant.protocol import Command

KEY = ":key"
NEVER = float("inf")
#: So many that a tree is asked whether any of them has a mark.
MANY = [KEY, *(f"{KEY} {number}" for number in range(49))]
#: A record whose time is over.
EXPIRED = records.pack(KEY, b"", code=0, expires=1.0)


class Killed(BaseException):
    """Ends a client's thread at the command that it never sent."""


class Records:
    """What the server holds; each command at once."""

    def __init__(self) -> None:
        self.held: dict[bytes, bytes] = {}

    def do(self, command: Command) -> Any:
        code, body = command.request[1], command.request[2:]
        return {
            0x10: self.put,
            0x11: self.putkeep,
            0x13: self.putshl,
            0x20: self.out,
            0x30: self.get,
            0x31: self.mget,
            0x58: self.fwmkeys,
            0x60: self.addint,
            0x90: self.outlist,
        }[code](body)

    def put(self, body: bytes) -> bool:
        key, value = pair(body)
        self.held[key] = value
        return True

    def putkeep(self, body: bytes) -> bool:
        key, _ = pair(body)
        return key not in self.held and self.put(body)

    def putshl(self, body: bytes) -> bool:
        length, _, width = struct.unpack_from(">III", body)
        key, value = body[12 : 12 + length], body[12 + length :]
        self.held[key] = (self.held.get(key, b"") + value)[-width:]
        return True

    def out(self, body: bytes) -> bool:
        return self.held.pop(body[4:], None) is not None

    def get(self, body: bytes) -> bytes | None:
        return self.held.get(body[4:])

    def mget(self, body: bytes) -> dict[bytes, bytes]:
        return {key: self.held[key] for key in listed(body[4:]) if key in self.held}

    def fwmkeys(self, body: bytes) -> list[bytes]:
        (most,) = struct.unpack_from(">i", body, 4)
        return sorted(key for key in self.held if key.startswith(body[8:]))[:most]

    def addint(self, body: bytes) -> int:
        key, (number,) = body[8:], struct.unpack_from(">i", body, 4)
        total = int.from_bytes(self.held.get(key, bytes(4)), "little") + int(number)
        self.held[key] = total.to_bytes(4, "little")
        return total

    def outlist(self, body: bytes) -> list[bytes]:
        assert body[12:19] == b"outlist"
        for key in listed(body[19:]):
            self.held.pop(key, None)
        return []


def pair(body: bytes) -> tuple[bytes, bytes]:
    key, _ = struct.unpack_from(">II", body)
    return body[8 : 8 + key], body[8 + key :]


def listed(body: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(body):
        (length,) = struct.unpack_from(">I", body, at)
        found.append(body[at + 4 : at + 4 + length])
        at += 4 + length
    return found


@dataclass
class Call:
    """One call, when it began and ended, and what it answered."""

    name: str
    arguments: tuple[Any, ...]
    begun: int
    ended: float = NEVER
    answer: Any = None


class Stage:
    """Lets one client at a time send one command, as the schedule says; keeps the time."""

    def __init__(self, schedule: list[int], *, splits: bool, ordered: bool = False) -> None:
        self.splits = splits
        self.database = "btree" if ordered else "hash"
        self.records = Records()
        self.history: list[Call] = []
        self.players: list[Player] = []
        self.clock = 0.0
        self.events = 0
        self.turns = 0
        self.schedule = iter(schedule)

    def next_event(self) -> int:
        self.events += 1
        return self.events

    def play(self, programs: list[list[tuple[Any, ...]]], doomed: dict[int, int]) -> None:
        """Let the clients make their calls, and the doomed ones so many commands."""
        self.players = [
            Player(self, calls, doomed.get(number, -1)) for number, calls in enumerate(programs)
        ]
        for player in self.players:
            player.begin()
        while left := [player for player in self.players if player.thread.is_alive()]:
            awake = [player for player in left if player.wakes <= self.clock]
            if awake:
                self.turns += 1
                self.clock += 1e-6
                awake[next(self.schedule, self.turns) % len(awake)].go_on()
            else:
                self.clock = min(player.wakes for player in left)
            assert self.turns < 20_000, "the clients do not come to an end"


@dataclass(eq=False)
class Player:
    """A client: a thread that waits for its turn before each command."""

    stage: Stage
    calls: list[tuple[Any, ...]]
    commands_left: int
    wakes: float = 0.0
    over: bool = False
    failure: BaseException | None = None
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    done: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.server = Server(self.stage.database, False)
        params = read_params(TyrantBackend.params, {}, where="it")
        self.backend = TyrantBackend("simulated", StoreURL.parse("tyrant://nowhere"), params)
        registers = register.Registers(self)  # type: ignore[arg-type]
        self.backend._client, self.backend._registers = self, registers  # type: ignore[assignment]

    # What the stage calls.

    def begin(self) -> None:
        self.thread.start()
        self.done.acquire()

    def go_on(self) -> None:
        self.turn.release()
        self.done.acquire()
        if self.over:
            self.thread.join()
        if self.failure is not None:
            raise self.failure

    # What its thread does.

    def run(self) -> None:
        try:
            self.pause()
            for name, *arguments in self.calls:
                call = Call(name, tuple(arguments), self.stage.next_event())
                self.stage.history.append(call)
                with contextlib.suppress(OutcomeUnknown):
                    call.answer = OPERATIONS[name][0](self.backend, *arguments)
                    call.ended = self.stage.next_event()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - shown by the thread that waits
            self.failure = error
        finally:
            self.over = True
            self.done.release()

    def pause(self, seconds: float = 0.0) -> None:
        self.wakes = self.stage.clock + seconds
        self.done.release()
        self.turn.acquire()

    def ask(self, *commands: Command) -> list[Any]:
        replies = []
        for at, command in enumerate(commands):
            if at == 0 or self.stage.splits:
                self.pause()
            if self.commands_left == 0:
                raise Killed
            self.commands_left -= 1
            replies.append(self.do(command))
        return replies

    def do(self, command: Command) -> Any:
        if command.request[1] != 0x31 or not self.stage.splits:
            return self.stage.records.do(command)
        found: dict[bytes, bytes] = {}
        for at, key in enumerate(listed(command.request[6:])):
            if at:
                self.pause()
            if key in self.stage.records.held:
                found[key] = self.stage.records.held[key]
        return found

    tell = ask
    error = TyrantBackend.error
    alias, scheme = "simulated", "tyrant"

    def must(self, done: bool) -> None:
        assert done


class Time:
    """The stage's clock in place of the module ``time``."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def time(self) -> float:
        return 1.7e9 + self.stage.clock

    def monotonic(self) -> float:
        return self.stage.clock

    def sleep(self, seconds: float) -> None:
        here = threading.current_thread()
        next(player for player in self.stage.players if player.thread is here).pause(seconds)


# The calls, and what each does to an entry that one process alone has.


def take(store: TyrantBackend) -> bytes | None:
    taken: bytes | None = None

    def change(record: bytes | None) -> Write | None:
        nonlocal taken
        taken = record
        return None if record is None else Write(None)

    store.update(KEY, change)
    return taken


def extend(store: TyrantBackend, more: bytes) -> bytes:
    longer = b""

    def change(record: bytes | None) -> Write:
        nonlocal longer
        longer = (record or b"") + more
        return Write(longer)

    store.update(KEY, change)
    return longer


def is_alive(record: bytes | None) -> bool:
    return record is not None and not records.has_expired(record, 1.7e9)


OPERATIONS: dict[str, tuple[Callable[..., Any], Callable[..., tuple[Any, Any]]]] = {
    "get": (lambda store: store.get(KEY), lambda held: (held, held)),
    "get many": (lambda store: store.get_many(MANY).get(KEY), lambda held: (held, held)),
    "remove": (
        lambda store: is_alive(store.take(KEY)),
        lambda held: (is_alive(held), None),
    ),
    "set": (lambda store, new: store.set(KEY, new, None), lambda held, new: (None, new)),
    "delete": (lambda store: store.delete(KEY), lambda held: (held is not None, None)),
    "add": (
        lambda store, new: store.add(KEY, new, None),
        lambda held, new: (held is None, new if held is None else held),
    ),
    "swap": (
        lambda store, old, new: store.compare_and_set(KEY, old, new, None),
        lambda held, old, new: (held == old, new if held == old else held),
    ),
    "take": (take, lambda held: (held, None)),
    "extend": (extend, lambda held, more: ((held or b"") + more,) * 2),
}


def explained(history: list[Call], *, but: str = "") -> bool:
    """Say whether some order of the calls, one after another, explains all the answers.

    All `but` those of the calls with that name, whatever they answered.
    """
    seen: set[tuple[frozenset[int], Any]] = set()

    def go_on(left: frozenset[int], held: bytes | None) -> bool:
        if all(history[each].ended == NEVER for each in left):
            return True
        if (left, held) in seen:
            return False
        seen.add((left, held))
        first_end = min(history[each].ended for each in left)
        for each in left:
            call = history[each]
            if call.begun < first_end:
                answer, then = OPERATIONS[call.name][1](held, *call.arguments)
                likely = call.ended == NEVER or call.name == but or answer == call.answer
                if likely and go_on(left - {each}, then):
                    return True
        return False

    return go_on(frozenset(range(len(history))), None)


# The test.

VALUES = st.sampled_from([b"a", b"b", b"c"])
CALLS = st.one_of(
    st.tuples(st.sampled_from(["get", "delete", "take"])),
    st.tuples(st.sampled_from(["set", "add", "extend"]), VALUES),
    st.tuples(st.just("swap"), VALUES, st.one_of(st.none(), VALUES)),
)


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Stage], None]:
    """Give ``timed(stage)``: the modules that look at the time look at the stage's."""

    def patch(stage: Stage) -> None:
        for module in (backend, chain, mark, register):
            monkeypatch.setattr(module, "time", Time(stage))

    return patch


tried = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.mark.parametrize("kept", [2, 64])
@pytest.mark.parametrize("splits", [False, True])
@tried
@given(
    prelude=st.lists(CALLS, max_size=3),
    programs=st.lists(st.lists(CALLS, min_size=1, max_size=4), min_size=2, max_size=4),
    schedule=st.lists(st.integers(0, 3), max_size=60),
    doomed=st.dictionaries(st.integers(0, 3), st.integers(0, 12), max_size=2),
)
def test_some_order_explains_what_everybody_saw(
    timed: Callable[[Stage], None],
    monkeypatch: pytest.MonkeyPatch,
    splits: bool,
    kept: int,
    prelude: list[tuple[Any, ...]],
    programs: list[list[tuple[Any, ...]]],
    schedule: list[int],
    doomed: dict[int, int],
) -> None:
    """Where the server turns to others in the midst of a request, all but what deletes answer."""
    monkeypatch.setattr(chain, "_KEPT", kept)
    stage = Stage(schedule, splits=splits)
    timed(stage)
    stage.play([prelude], {})
    stage.play(programs, doomed)
    stage.play([[("get",)]], {})
    assert explained(stage.history, but="delete" if splits else "")


@pytest.mark.parametrize("kept", [2, 64])
@tried
@given(
    prelude=st.lists(CALLS, max_size=3),
    programs=st.lists(
        st.lists(st.one_of(st.tuples(st.just("get many")), CALLS), min_size=1, max_size=4),
        min_size=1,
        max_size=3,
    ),
    schedule=st.lists(st.integers(0, 3), max_size=60),
    doomed=st.dictionaries(st.integers(0, 3), st.integers(0, 12), max_size=2),
)
def test_some_order_explains_what_was_read_of_a_tree_with_many_others(
    timed: Callable[[Stage], None],
    monkeypatch: pytest.MonkeyPatch,
    kept: int,
    prelude: list[tuple[Any, ...]],
    programs: list[list[tuple[Any, ...]]],
    schedule: list[int],
    doomed: dict[int, int],
) -> None:
    monkeypatch.setattr(chain, "_KEPT", kept)
    stage = Stage(schedule, splits=False, ordered=True)
    timed(stage)
    stage.play([prelude], {})
    stage.play([[("get many",)], *programs], doomed)
    stage.play([[("get many",)]], {})
    assert explained(stage.history)


@tried
@given(
    programs=st.lists(
        st.lists(
            st.one_of(
                st.tuples(st.sampled_from(["get", "remove"])),
                st.tuples(st.just("set"), VALUES),
            ),
            min_size=1,
            max_size=2,
        ),
        max_size=2,
    ),
    schedule=st.lists(st.integers(0, 3), max_size=60),
)
def test_what_has_expired_is_not_deleted_in_the_place_of_what_follows_it(
    timed: Callable[[Stage], None], programs: list[list[tuple[Any, ...]]], schedule: list[int]
) -> None:
    """The server turns to others in the midst of a request, too."""
    stage = Stage(schedule, splits=True)
    timed(stage)
    stage.play([[("set", EXPIRED)]], {})
    stage.play([[("remove",)], [("set", b"new")], *programs], {})
    stage.play([[("get",)]], {})
    assert explained(stage.history)
