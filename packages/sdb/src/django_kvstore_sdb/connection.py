"""One process's client of SimpleDB: timeouts, and which request may be sent again.

``Connection(backend).call("get_attributes", ItemName="shop:greeting", ConsistentRead=True)``

Importing this module imports boto3, which takes a quarter of a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import boto3.session
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from .condition import ConditionUnmet
from .failures import (
    ABSENT,
    FAILURES,
    TURNED_AWAY,
    UNMET,
    answer_was_lost,
    code_of,
    explain,
    pool_was_closed,
    was_retried,
)

if TYPE_CHECKING:
    from .backend import SimpleDBBackend

#: What may not be done twice. To create a domain that is there does nothing.
_WRITES: Final = frozenset(
    {"PutAttributes", "DeleteAttributes", "BatchPutAttributes", "BatchDeleteAttributes"}
)


class Connection:
    """A client for `backend`, connected when it is first called; safe to share between threads."""

    def __init__(self, backend: SimpleDBBackend) -> None:
        self._backend = backend
        self._client = _sign_in(backend)

    def call(self, method: str, **parameters: Any) -> Any:
        """Send a request about the domain and return the answer; raises this project's errors.

        A read whose connection breaks is sent a second time, at once: the connection may have
        been a kept one that has ended meanwhile.
        """
        if method != "select":
            parameters["DomainName"] = self._backend.url.location
        writes = self._client.meta.method_to_api_mapping[method] in _WRITES
        again = not writes
        while True:
            try:
                answer = getattr(self._client, method)(**parameters)
                if "RequestId" not in answer.get("ResponseMetadata", {}):
                    raise ResponseParserError("The answer is not one of SimpleDB's.")
                return answer
            except FAILURES as error:
                if "Expected" in parameters and (code := code_of(error)) in UNMET:
                    raise ConditionUnmet(
                        retried=was_retried(error), absent=code == ABSENT
                    ) from error
                if pool_was_closed(error):
                    continue
                if again and answer_was_lost(error):
                    again = False
                    continue
                raise explain(self._backend, error, writes=writes) from self._backend.cause(error)

    def close(self) -> None:
        """Close the connections that nobody is using; another call opens what it needs."""
        self._client.close()


def _sign_in(backend: SimpleDBBackend) -> Any:
    """Return a client; it has not sent anything yet."""
    options = backend.options
    try:
        # A session of our own, because boto3's default one is not safe to share between threads.
        session = boto3.session.Session(
            aws_access_key_id=options["aws_access_key"],
            aws_secret_access_key=options["aws_secret_access_key"],
            aws_session_token=options["aws_session_token"],
            region_name=options["region"],
        )
        client = session.client(
            "sdb",
            endpoint_url=options["endpoint_url"],
            config=Config(
                connect_timeout=options["connect_timeout"],
                read_timeout=options["timeout"],
                max_pool_connections=options["max_pool_connections"],
                retries={"mode": "adaptive", "total_max_attempts": options["attempts"]},
                # What is sent is made here and nowhere else; the server checks it again.
                parameter_validation=False,
            ),
        )
    except FAILURES as error:
        raise explain(backend, error, writes=False) from backend.cause(error)
    # Before botocore's own, which would send anything again.
    client.meta.events.register_first("needs-retry.simpledb", _decide)
    return client


def _decide(
    response: Any, operation: Any, attempts: int, caught_exception: Any, **kwargs: Any
) -> None:
    """Leave it to botocore when and how often to send again, but not what.

    A write whose answer was lost may have been done: sent again, it would meet its own effect and
    take that for somebody else's. A write that was turned away was not done. And a request that
    has taken its whole time must not take it again.
    """
    if caught_exception is not None:
        raise caught_exception
    http, parsed = response
    failed = http.status_code >= 300
    code = parsed.get("Error", {}).get("Code", "")
    if failed and operation.name in _WRITES and code not in TURNED_AWAY:
        parsed.setdefault("ResponseMetadata", {})["RetryAttempts"] = attempts - 1
        raise ClientError(parsed, operation.name)
