"""Whatever an object's own methods raise is told as an error of the store, with its cause."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from django_kvstore import CorruptValue, InvalidValue, Store

ERRORS = [
    pickle.PickleError("lost"),
    pickle.UnpicklingError("lost"),
    KeyError("lost"),
    OSError(5, "lost"),
    RuntimeError("lost"),
    AttributeError("lost"),
    StopIteration("lost"),
    ArithmeticError("lost"),
    RecursionError("lost"),
]


class Reducing:
    """Raises when it is pickled."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __reduce__(self) -> Any:
        raise self.error


class Stating(Reducing):
    """Raises when it is asked for its state."""

    __reduce__ = object.__reduce__

    def __getstate__(self) -> Any:
        raise self.error


class Restoring:
    """Raises when it is given its state back."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __setstate__(self, state: dict[str, Any]) -> None:
        raise state["error"]


@pytest.fixture
def pickling(store: Store) -> Store:
    return store.with_options(serializer="pickle")


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("kind", [Reducing, Stating])
def test_what_pickling_raises_is_an_invalid_value(
    pickling: Store, kind: type[Reducing], error: Exception
) -> None:
    pickling.set("k", "old")
    for write in (
        lambda: pickling.set("k", [kind(error)]),
        lambda: pickling.set_many({"k": kind(error)}),
        lambda: pickling.add("other", kind(error)),
        lambda: pickling.compare_and_set("k", "old", kind(error)),
    ):
        with pytest.raises(InvalidValue) as caught:
            write()
        told = caught.value
        assert "SERIALIZER" not in str(told)
        causes = []
        cause: BaseException | None = told.__cause__
        while cause is not None:
            causes.append(cause)
            cause = cause.__cause__
        assert error in causes
    assert pickling.get("k") == "old"


@pytest.mark.parametrize("error", ERRORS[:-1], ids=lambda error: type(error).__name__)
def test_what_unpickling_raises_is_a_corrupt_value(pickling: Store, error: Exception) -> None:
    pickling.set("k", {"a": [Restoring(error)]})
    with pytest.raises(CorruptValue, match=type(error).__name__) as caught:
        pickling.get("k")
    assert caught.value.__cause__ is not None
    assert type(caught.value.__cause__.__cause__) is type(error)
    assert pickling.delete("k")


def test_the_stack_at_its_end_is_no_damage(pickling: Store) -> None:
    pickling.set("k", Restoring(RecursionError("lost")))
    with pytest.raises(RecursionError):
        pickling.get("k")


def test_a_pickle_of_a_renamed_alias_says_so(pickling: Store) -> None:
    pickling.set("k", [1])
    renamed = type(pickling)(
        type(pickling.backend)("renamed", pickling.backend.url, {}), pickling.options
    )
    with pytest.raises(CorruptValue, match="for a store of another alias than 'renamed'"):
        renamed.get("k")


class Holding:
    """Holds another one."""

    def __init__(self, held: object) -> None:
        self.held = held


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}, Holding])
def test_a_value_nested_deeper_than_pickle_can_is_told_of_the_limit(
    pickling: Store, wrap: Callable[[Any], Any]
) -> None:
    value: Any = 1
    for _ in range(100_000):
        value = wrap(value)
    pickling.set("k", "old")
    for write in (
        lambda: pickling.set("k", value),
        lambda: pickling.set_many({"k": value}),
        lambda: pickling.add("other", value),
        lambda: pickling.put("k", value),
        lambda: pickling.compare_and_set("k", "old", value),
        lambda: pickling.compare_and_set("k", value, "new"),
        lambda: pickling.get_or_set("other", lambda: value),
    ):
        with pytest.raises(InvalidValue, match=r"nested too deeply.*sys\.getrecursionlimit\(\)"):
            write()
    assert dict(pickling.items()) == {"k": "old"}
