"""One process's client of Datastore: signing in, deadlines, and what may be asked again.

``Connection(backend).call("lookup", request)``

Google's own retrying is off, since it goes on for a minute and knows nothing of what a write may
have done. A read is asked again when the connection breaks, for a second; a write only when it is
known that it was not done.
"""

from __future__ import annotations

import functools
import os
import random
import time
from typing import TYPE_CHECKING, Any, Final

import google.auth
import grpc
from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError
from google.cloud.datastore_v1 import DatastoreClient
from google.cloud.datastore_v1.services.datastore.transports import DatastoreGrpcTransport
from google.oauth2 import service_account

from django_kvstore.errors import Unavailable

from .failures import MAYBE_PARTLY_DONE, explain, never_sent, told_of_part
from .forking import NO_FORK

if TYPE_CHECKING:
    from .backend import DatastoreBackend

#: For how long, in seconds, to ask again when the connection breaks.
BROKEN_AGAIN: Final = 1.0


class Connection:
    """A client for `backend`, connected when it is first called; safe to share between threads."""

    def __init__(self, backend: DatastoreBackend) -> None:
        self._backend = backend
        self._timeout: float = backend.options["timeout"]
        self._emulator = os.environ.get("DATASTORE_EMULATOR_HOST")
        self._credentials, self.project = self._sign_in()
        self._client = self._connect()

    def call(self, method: str, request: Any, *, writes: int = 0) -> Any:
        """Send a request, which writes so many entities, and return the answer.

        Raises this project's errors. A call takes `timeout` seconds in all; a write that others
        are in the way of, as long as `contention_timeout`.
        """
        begun = time.monotonic()
        limit = begun + self._timeout
        pause = 0.01
        partly = False
        while True:
            client = self._client
            timeout = max(limit - time.monotonic(), 0.001)
            try:
                with NO_FORK:
                    return getattr(client, method)(request=request, retry=None, timeout=timeout)
            except (exceptions.GoogleAPICallError, GoogleAuthError) as error:
                now = time.monotonic()
                # Each mutation is by itself, so that this may be the answer to the last of them.
                partly |= writes > 1 and isinstance(error, MAYBE_PARTLY_DONE)
                if isinstance(error, exceptions.DeadlineExceeded) or never_sent(error):
                    self._replace(client)
                elif isinstance(error, exceptions.Aborted):
                    limit = now + self._timeout  # it has answered
                # Full jitter: those who failed together do not come back together.
                delay = random.uniform(0, pause)
                if now - begun + delay > self._patience(error, writes > 0):
                    told = explain(self._backend, error, writes=writes > 0)
                    if partly:
                        told = told_of_part(self._backend, told)
                    raise told from self._backend.cause(error)
            time.sleep(delay)
            pause = min(pause * 2, 0.25)

    def _patience(self, error: Exception, writes: bool) -> float:
        """Return for how many seconds, from the first time, to ask again after this error."""
        if isinstance(error, exceptions.Aborted):
            # Others were writing to the entity, and this was not written.
            return self._backend.contention_timeout
        broken = isinstance(error, exceptions.ServiceUnavailable)
        if broken and (not writes or never_sent(error)):
            return min(BROKEN_AGAIN, self._timeout / 2)
        return 0.0

    def _replace(self, client: DatastoreClient) -> None:
        """Connect anew for the next call.

        At the other end of this channel nobody may be left; or gRPC waits before it tries again,
        while the server may be back. It is let go rather than closed, as others may be waiting
        for answers: gRPC closes a channel that nobody holds.
        """
        if self._client is client:
            self._client = self._connect()

    def _connect(self) -> DatastoreClient:
        options = [
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
            # Else a new channel to the same place shares the old one's connection.
            ("grpc.use_local_subchannel_pool", 1),
            # How long an attempt to connect may take, a little less than a call: a write is then
            # known not to have been sent. And how soon the next attempt follows: gRPC's own 20 s
            # and up to 2 minutes would outlast an outage by far.
            ("grpc.min_reconnect_backoff_ms", max(int(self._timeout * 900), 1)),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1000),
        ]
        if self._emulator:
            channel = grpc.insecure_channel(self._emulator, options)
            return DatastoreClient(transport=DatastoreGrpcTransport(channel=channel))

        def secure_channel(*args: Any, **kwargs: Any) -> grpc.Channel:
            return DatastoreGrpcTransport.create_channel(*args, **{**kwargs, "options": options})

        transport = functools.partial(DatastoreGrpcTransport, channel=secure_channel)
        return DatastoreClient(credentials=self._credentials, transport=transport)

    def _sign_in(self) -> tuple[Any, str]:
        """Return the credentials and the project that the URL names, or theirs."""
        __traceback_hide__ = True  # Django shows no variables of this function
        given = self._backend.options["credentials"]
        accounts: Any = service_account.Credentials  # untyped
        project: str | None
        try:
            if self._emulator:
                credentials = None
                names = ("DATASTORE_PROJECT_ID", "GOOGLE_CLOUD_PROJECT")
                project = next(filter(None, map(os.environ.get, names)), None)
            elif given is None:
                credentials, project = google.auth.default()
            elif isinstance(given, dict):
                credentials = accounts.from_service_account_info(given)
                project = credentials.project_id
            else:
                credentials = accounts.from_service_account_file(given)
                project = credentials.project_id
        except (GoogleAuthError, OSError, ValueError) as error:
            raise self._backend.error(
                Unavailable,
                "there are no credentials to sign in to Google Cloud with, or they are damaged.",
                hint="Run 'gcloud auth application-default login', or give the path of a service "
                "account's key file as 'credentials'.",
            ) from self._backend.cause(error)
        project = self._backend.url.location or project
        if not project:
            raise self._backend.error(
                Unavailable,
                "neither the URL nor the credentials name a project.",
                hint="Write 'gae://project/namespace', or set GOOGLE_CLOUD_PROJECT.",
            )
        return credentials, project
