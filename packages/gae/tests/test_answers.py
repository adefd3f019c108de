"""Every answer that Datastore may give, from a server that gives it: what it means for the caller.

The emulator says few of them, and never puts off a lookup or stops in the middle of a query.
"""

from __future__ import annotations

import time

import pytest
from google.api_core import exceptions
from google.cloud.datastore_v1 import (
    CommitResponse,
    LookupResponse,
    MutationResult,
    QueryResultBatch,
    RunQueryResponse,
)
from grpc import StatusCode

from django_kvstore.errors import (
    Conflict,
    KVStoreError,
    OutcomeUnknown,
    Refused,
    Timeout,
    Unavailable,
)
from django_kvstore_gae.failures import explain

DONE = CommitResponse(mutation_results=[MutationResult(version=2)])
REFUSED = CommitResponse(mutation_results=[MutationResult(version=2, conflict_detected=True)])
NOTHING = LookupResponse()


@pytest.fixture
def backend(opened, script):
    backend = opened("gae://project/namespace?timeout=2")
    # The first call connects; an answer to it says that the script is read.
    script.answers = [NOTHING]
    assert backend.get("a:b") is None
    script.requests.clear()
    return backend


READS = [
    lambda backend: backend.get("a:b"),
    lambda backend: backend.get_many(["a:b", "a:c"]),
    lambda backend: backend.scan("a:", None, 10),
    lambda backend: backend.count("a:"),
    lambda backend: backend.delete("a:b"),
    lambda backend: backend.ping(),
]
WRITES = [
    lambda backend: backend.set("a:b", b"1", None),
    lambda backend: backend.set_many({"a:b": b"1", "a:c": b"2"}, None),
    lambda backend: backend.add("a:b", b"1", None),
]
SEVERAL = WRITES[1]

SAID_NO = {
    StatusCode.INVALID_ARGUMENT: "namespace",
    StatusCode.FAILED_PRECONDITION: "Datastore mode",
    StatusCode.NOT_FOUND: "gcloud firestore databases create",
    StatusCode.PERMISSION_DENIED: "roles/datastore.user",
    StatusCode.UNAUTHENTICATED: "gcloud auth application-default login",
    StatusCode.RESOURCE_EXHAUSTED: "quota",
    StatusCode.UNIMPLEMENTED: "DATASTORE_EMULATOR_HOST",
}


@pytest.mark.parametrize("call", [*READS, *WRITES])
@pytest.mark.parametrize("code", SAID_NO)
def test_a_refusal_is_told_with_the_way_out(backend, script, call, code):
    script.answers = [code]
    # A batch is not all or none, and a quota may end in the middle of it.
    busy = code is StatusCode.RESOURCE_EXHAUSTED
    partly = call is SEVERAL and busy
    kind = OutcomeUnknown if partly else Unavailable if busy else Refused
    with pytest.raises(kind) as caught:
        call(backend)
    assert type(caught.value) is kind
    assert SAID_NO[code] in caught.value.hint
    assert "as the script has it" in caught.value.reason
    assert isinstance(caught.value.__cause__, exceptions.GoogleAPICallError)
    assert caught.value.__cause__.grpc_status_code is code
    assert len(script.requests) == 1


def test_a_quota_that_is_used_up_is_refused_and_a_busy_service_is_an_outage(backend):
    for message, kind in (
        ("Quota exceeded.", Refused),
        ("The project's free quota for today is used up.", Refused),
        ("Too much contention on these datastore entities.", Unavailable),
    ):
        for writes in (True, False):
            error = explain(backend, exceptions.ResourceExhausted(message), writes=writes)
            assert type(error) is kind
            assert message in error.reason


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize(
    "code",
    [
        *(StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED, StatusCode.INTERNAL),
        *(StatusCode.CANCELLED, StatusCode.UNKNOWN, StatusCode.DATA_LOSS),
    ],
)
def test_a_write_that_may_have_been_done_is_not_sent_again(backend, script, call, code):
    script.answers = [code, DONE]
    with pytest.raises(OutcomeUnknown) as caught:
        call(backend)
    assert caught.value.__cause__.grpc_status_code is code
    assert len(script.requests) == 1


@pytest.mark.parametrize("code", [code for code in StatusCode if code.value[0]])
@pytest.mark.parametrize("call", [*READS, *WRITES])
def test_no_answer_gets_past_the_errors_of_a_store(backend, script, call, code):
    backend.contention_timeout = 0.05
    script.answers = [code]
    if call is WRITES[-1] and code is StatusCode.ALREADY_EXISTS:
        assert call(backend) is False
        return
    with pytest.raises(KVStoreError) as caught:
        call(backend)
    assert caught.value.alias == "tested"
    assert caught.value.hint


@pytest.mark.parametrize("call", READS)
def test_a_read_is_asked_again_when_the_connection_breaks(backend, script, call):
    nothing = {"Lookup": LookupResponse(), "RunQuery": RunQueryResponse()}
    answers = [StatusCode.UNAVAILABLE, StatusCode.UNAVAILABLE]
    script.answers = [*answers, lambda request: nothing[script.requests[-1][0]]]
    call(backend)
    assert len(script.requests) == 3


def test_a_read_is_not_asked_again_for_ever(backend, script):
    script.answers = [StatusCode.UNAVAILABLE]
    begun = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        backend.get("a:b")
    assert not isinstance(caught.value, Timeout)
    assert time.monotonic() - begun < backend.options["timeout"] + 0.5
    assert len(script.requests) > 2


def test_a_read_that_took_too_long_is_a_timeout(backend, script):
    script.answers = [StatusCode.DEADLINE_EXCEEDED]
    with pytest.raises(Timeout, match="no answer within 2 s"):
        backend.get("a:b")
    assert len(script.requests) == 1


@pytest.mark.parametrize("call", WRITES[:2])
def test_a_write_that_others_were_in_the_way_of_is_sent_again(backend, script, call):
    script.answers = [StatusCode.ABORTED, StatusCode.ABORTED, DONE]
    call(backend)
    assert len(script.requests) == 3


def test_a_busy_entity_is_waited_for_longer_than_an_answer(opened, script):
    backend = opened("gae://project?timeout=2")
    free = time.monotonic() + 2.5

    def busy(request):
        return DONE if time.monotonic() > free else StatusCode.ABORTED

    script.answers = [busy]
    backend.set("a:b", b"1", None)
    assert time.monotonic() > free


def test_a_write_that_others_are_always_in_the_way_of_is_a_conflict(backend, script):
    backend.contention_timeout = 0.2
    script.answers = [StatusCode.ABORTED]
    with pytest.raises(Conflict, match="others kept changing") as caught:
        backend.set("a:b", b"1", None)
    assert isinstance(caught.value.__cause__, exceptions.Aborted)


def test_add_says_no_when_there_is_something(backend, script):
    script.answers = [StatusCode.ALREADY_EXISTS]
    assert backend.add("a:b", b"1", None) is False


@pytest.mark.parametrize(("answer", "written"), [(DONE, True), (REFUSED, False)])
def test_a_conflict_that_is_no_error_is_seen(backend, script, answer, written):
    script.answers = [
        lambda request: LookupResponse(found=[found(request.keys[0], b"old")]),
        answer,
    ]
    assert backend.compare_and_set("a:b", b"old", b"new", None) is written


def found(key, record):
    entity = {"key": key, "properties": {"record": {"blob_value": record}}}
    return {"entity": entity, "version": 1}


def test_keys_that_were_put_off_are_asked_for_again(backend, script):
    def answer(request):
        keys = list(request.keys)
        return LookupResponse(found=[found(key, b"1") for key in keys[:3]], deferred=keys[3:])

    script.answers = [answer]
    names = [f"a:{number}" for number in range(10)]
    assert backend.get_many(names) == dict.fromkeys(names, b"1")
    assert [len(request.keys) for _, request in script.requests] == [10, 7, 4, 1]


def test_keys_that_are_put_off_for_ever_are_no_miss(backend, script):
    script.answers = [lambda request: LookupResponse(deferred=request.keys)]
    with pytest.raises(Unavailable, match="put off"):
        backend.get("a:b")


@pytest.mark.parametrize("cursor", [b"", b"begun"])
def test_a_query_that_stops_where_it_began_does_not_go_on_for_ever(backend, script, cursor):
    more = QueryResultBatch.MoreResultsType.NOT_FINISHED
    answer = RunQueryResponse(batch={"end_cursor": cursor, "more_results": more})
    script.answers = [answer]
    with pytest.raises(Unavailable, match="where it had begun"):
        backend.count("a:")
    assert len(script.requests) <= 2


def test_a_query_that_stops_early_goes_on_where_it_stopped(backend, script):
    def page(names, cursor, more):
        results = [
            found({"path": [{"kind": "KVStore", "name": name}]}, name.encode()) for name in names
        ]
        batch = {"entity_results": results, "end_cursor": cursor, "more_results": more}
        return RunQueryResponse(batch=batch)

    more = QueryResultBatch.MoreResultsType
    script.answers = [
        page(["a:1"], b"\0one", more.NOT_FINISHED),
        page([], b"\xfftwo", more.NOT_FINISHED),
        page(["a:2", "a:3"], b"three", more.NO_MORE_RESULTS),
    ]
    first = backend.scan("a:", None, 10)
    assert [name for name, _ in first.cells] == ["a:1"]
    second = backend.scan("a:", first.cursor, 10)
    assert second.cells == []
    third = backend.scan("a:", second.cursor, 10)
    assert [name for name, _ in third.cells] == ["a:2", "a:3"]
    assert third.cursor is None
    cursors = [request.query.start_cursor for _, request in script.requests]
    assert cursors == [b"", b"\0one", b"\xfftwo"]
