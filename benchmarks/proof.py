"""Seeing that a contestant does the work before it is timed.

``prove(contestant, size=200)`` raises ``AssertionError`` naming the contestant and the call.

Whoever returned something else than what was written, or wrote nothing, would be quick.
"""

from __future__ import annotations

from typing import Any

from .contestant import Codec, Contestant, KeyValue
from .rounds import store_all
from .workload import document


def prove(contestant: Contestant, size: int) -> None:
    """Check every method that the contestant offers, on values as they will be timed."""
    one, other = document(size, 1), document(size, 2)
    if isinstance(contestant, Codec):
        _same(contestant, "loads", contestant.loads(contestant.dumps(one)), one)
        _same(contestant, "both", contestant.both(other), other)
    elif isinstance(contestant, KeyValue):
        _prove_single(contestant, one, other)
        _prove_many(contestant, one, other)
        contestant.do("clear")
        _same(contestant, "get after clear", contestant.do("get", "proof:1"), None)


def _same(contestant: Contestant, what: str, found: Any, expected: Any) -> None:
    if found != expected or type(found) is not type(expected):
        raise AssertionError(
            f"{contestant.name}: {what} answers {found!r:.200}, not {expected!r:.200}"
        )


def _prove_single(contestant: KeyValue, one: Any, other: Any) -> None:
    do = contestant.do
    do("clear")
    _same(contestant, "get of a miss", do("get", "proof:1"), None)
    do("set", "proof:1", one)
    _same(contestant, "get", do("get", "proof:1"), one)
    do("set", "proof:1", other)
    _same(contestant, "get after set over", do("get", "proof:1"), other)
    if contestant.offers("delete"):
        do("delete", "proof:1")
    else:
        contestant.forget(["proof:1"])
    _same(contestant, "get after delete", do("get", "proof:1"), None)
    if contestant.offers("add"):
        do("add", "proof:1", one)
        do("add", "proof:1", other)
        _same(contestant, "get after add twice", do("get", "proof:1"), one)
    if contestant.offers("incr"):
        _same(contestant, "incr of nothing", do("incr", "proof:hits"), 1)
        _same(contestant, "incr", do("incr", "proof:hits"), 2)


def _prove_many(contestant: KeyValue, one: Any, other: Any) -> None:
    do = contestant.do
    values = {f"proof:{number}": (one, other)[number % 2] for number in range(10)}
    if contestant.offers("set_many"):
        do("set_many", values)
    else:
        for key, value in values.items():
            do("set", key, value)
    for key, value in values.items():
        _same(contestant, "get after set_many", do("get", key), value)
    if contestant.offers("get_many"):
        _same(contestant, "get_many", do("get_many", [*values, "proof:none"]), values)
    if contestant.offers("delete_many"):
        do("delete_many", ["proof:0", "proof:1"])
        for key in ("proof:0", "proof:1"):
            _same(contestant, "get after delete_many", do("get", key), None)
        _same(contestant, "get of another", do("get", "proof:2"), one)
    do("clear")
    store_all(contestant, values)
    for method in ("walk", "walk_keys"):
        if contestant.offers(method):
            _same(contestant, method, do(method), len(values))
