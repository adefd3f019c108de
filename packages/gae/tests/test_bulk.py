"""Bulk writes that fail on the way: `Unavailable` and `Conflict` say that nothing was written.

``pytest packages/gae/tests/test_bulk.py``
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from google.cloud.datastore_v1 import (
    CommitResponse,
    LookupResponse,
    MutationResult,
    QueryResultBatch,
    RunQueryResponse,
)
from grpc import StatusCode

from django_kvstore.errors import Conflict, KVStoreError, OutcomeUnknown, Refused, Timeout
from django_kvstore_gae import DatastoreBackend

CELLS = [f"a:{number}" for number in range(501)]
#: When the entities of these tests expired, in seconds since 1970.
EXPIRED = 5

#: Reads that are not asked again, and what they are told as.
FAILURES = {StatusCode.PERMISSION_DENIED: Refused, StatusCode.DEADLINE_EXCEEDED: Timeout}

Told = Callable[..., None]


def done(number: int, *, conflicts: int = 0) -> CommitResponse:
    """Return the answer to so many mutations, of which the last ones did nothing."""
    results = [MutationResult(version=2)] * (number - conflicts)
    results += [MutationResult(version=2, conflict_detected=True)] * conflicts
    return CommitResponse(mutation_results=results)


def results(cells: Sequence[str]) -> list[dict[str, Any]]:
    keys = [{"path": [{"kind": "KVStore", "name": cell}]} for cell in cells]
    properties = {"expires": {"timestamp_value": {"seconds": EXPIRED}}}
    return [{"entity": {"key": key, "properties": properties}, "version": 1} for key in keys]


def there(cells: Sequence[str]) -> LookupResponse:
    """Return the answer to a lookup that finds these."""
    return LookupResponse(found=results(cells))


def page(cells: Sequence[str], *, more: bool) -> RunQueryResponse:
    """Return the answer to a query that finds these, and perhaps says that there are others."""
    kinds = QueryResultBatch.MoreResultsType
    said = kinds.NOT_FINISHED if more else kinds.NO_MORE_RESULTS
    batch = {"entity_results": results(cells), "end_cursor": b"next", "more_results": said}
    return RunQueryResponse(batch=batch)


@pytest.fixture
def backend(opened: Any, script: Any) -> DatastoreBackend:
    backend: DatastoreBackend = opened("gae://project/namespace?timeout=2")
    # The first call connects; an answer to it says that the script is read.
    script.answers = [LookupResponse()]
    assert backend.get("a:b") is None
    script.requests.clear()
    backend.contention_timeout = 0.05  # type: ignore[misc] # of this test alone
    return backend


@pytest.fixture
def told(script: Any) -> Told:
    """Give ``told(kind, call, Commit=[…])``: what a call raises that is answered so, and why."""

    def check(
        kind: type[KVStoreError], call: Callable[[], object], code: StatusCode, **answers: list[Any]
    ) -> None:
        script.answers = [lambda request: answers[script.requests[-1][0]].pop(0)]
        with pytest.raises(KVStoreError) as raised:
            call()
        assert not any(answers.values()), "it did not come so far"
        assert raised.type is kind
        cause: Any = raised.value.__cause__
        assert cause.grpc_status_code is code
        if kind is OutcomeUnknown:
            assert "Each entry is as it was or as it was to be" in raised.value.hint

    return check


SEVERAL: dict[str, tuple[Callable[[DatastoreBackend], object], dict[str, list[Any]]]] = {
    "set_many": (lambda backend: backend.set_many(dict.fromkeys(CELLS[:2], b"1"), None), {}),
    "delete_many": (
        lambda backend: backend.delete_many(CELLS[:2]),
        {"Lookup": [there(CELLS[:2])]},
    ),
    "clear": (lambda backend: backend.clear("a:"), {"RunQuery": [page(CELLS[:2], more=False)]}),
    "purge": (
        lambda backend: backend.purge("a:", EXPIRED + 1),
        {"RunQuery": [page(CELLS[:2], more=False)]},
    ),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_a_first_batch_that_may_be_done_in_part_does_not_say_that_nothing_was(
    backend: DatastoreBackend, script: Any, told: Told, name: str
) -> None:
    call, reads = SEVERAL[name]
    for code, kind in {
        StatusCode.RESOURCE_EXHAUSTED: OutcomeUnknown,
        StatusCode.PERMISSION_DENIED: Refused,
        StatusCode.INVALID_ARGUMENT: Refused,
    }.items():
        answers = {method: list(said) for method, said in reads.items()}
        told(kind, lambda: call(backend), code, **answers, Commit=[code])


@pytest.mark.parametrize("name", SEVERAL)
def test_a_first_batch_that_others_were_in_the_way_of_may_be_done_in_part(
    backend: DatastoreBackend, script: Any, name: str
) -> None:
    call, reads = SEVERAL[name]
    said = {method: list(answers) for method, answers in reads.items()}

    def answer(request: Any) -> Any:
        method = script.requests[-1][0]
        return said[method].pop(0) if method in said else StatusCode.ABORTED

    script.answers = [answer]
    with pytest.raises(OutcomeUnknown, match="others kept changing"):
        call(backend)


def test_what_is_refused_after_others_were_in_the_way_may_be_done_in_part(
    backend: DatastoreBackend, told: Told
) -> None:
    backend.contention_timeout = 30.0  # type: ignore[misc]
    code = StatusCode.PERMISSION_DENIED
    for number, kind in ((1, Refused), (2, OutcomeUnknown)):
        cells = dict.fromkeys(CELLS[:number], b"1")
        told(kind, lambda: backend.set_many(cells, None), code, Commit=[StatusCode.ABORTED, code])  # noqa: B023


@pytest.mark.parametrize("code", FAILURES)
def test_clearing_tells_of_the_first_page_when_the_second_fails(
    backend: DatastoreBackend, told: Told, code: StatusCode
) -> None:
    full = page(CELLS[:500], more=True)
    for call in (lambda: backend.clear("a:"), lambda: backend.purge("a:", EXPIRED + 1)):
        told(OutcomeUnknown, call, code, RunQuery=[full, code], Commit=[done(500)])
        told(FAILURES[code], call, code, RunQuery=[code])
    # Of an empty page nothing was done.
    told(FAILURES[code], lambda: backend.clear("a:"), code, RunQuery=[page([], more=True), code])
    told(FAILURES[code], lambda: backend.purge("a:", EXPIRED - 1), code, RunQuery=[full, code])


@pytest.mark.parametrize("code", FAILURES)
def test_looking_again_after_a_conflict_tells_of_what_was_deleted(
    backend: DatastoreBackend, told: Told, code: StatusCode
) -> None:
    answers = {
        "delete_many": {"Lookup": [there(CELLS[:2]), code]},
        "clear": {"Lookup": [code], "RunQuery": [page(CELLS[:2], more=False)]},
    }
    calls = {
        "delete_many": lambda: backend.delete_many(CELLS[:2]),
        "clear": lambda: backend.clear("a:"),
    }
    for conflicts, kind in ((1, OutcomeUnknown), (2, FAILURES[code])):
        for name, call in calls.items():
            said = {method: list(each) for method, each in answers[name].items()}
            told(kind, call, code, **said, Commit=[done(2, conflicts=conflicts)])


@pytest.mark.parametrize(("number", "kind"), [(1, Conflict), (2, OutcomeUnknown)])
def test_a_conflict_without_end_tells_of_what_was_deleted(
    backend: DatastoreBackend, script: Any, number: int, kind: type[KVStoreError]
) -> None:
    """Of `number` entries, the last one is changed by others again and again."""

    def answer(request: Any) -> Any:
        if script.requests[-1][0] == "Lookup":
            return there([key.path[0].name for key in request.keys])
        return done(len(request.mutations), conflicts=1)

    script.answers = [answer]
    with pytest.raises(KVStoreError, match="others kept changing") as raised:
        backend.delete_many(CELLS[:number])
    assert raised.type is kind


@pytest.mark.parametrize("code", [StatusCode.PERMISSION_DENIED, StatusCode.ABORTED])
def test_a_bulk_write_that_is_half_done_does_not_say_that_nothing_was(
    backend: DatastoreBackend, script: Any, code: StatusCode
) -> None:
    script.answers = [done(500), code]
    with pytest.raises(OutcomeUnknown, match=r"done before that \(500 entries\)") as caught:
        backend.set_many(dict.fromkeys(CELLS, b"1"), None)
    cause: Any = caught.value.__cause__
    assert cause.grpc_status_code is code
    script.answers = [there(CELLS), done(500), code]
    with pytest.raises(OutcomeUnknown, match=r"done before that \(500 entries\)"):
        backend.delete_many(CELLS)
