"""What Google's exceptions mean for a store: was it done, was it not, or does nobody know.

``raise explain(backend, error, writes=True) from error``

The codes and what they say of a request: https://cloud.google.com/datastore/docs/concepts/errors
"""

from __future__ import annotations

from typing import Final

from google.api_core import exceptions

from django_kvstore.backend import Backend
from django_kvstore.errors import (
    Conflict,
    KVStoreError,
    OutcomeUnknown,
    Refused,
    Timeout,
    Unavailable,
)

#: Answers that say that a request was not carried out, and what to do about it.
_REFUSALS: Final[dict[type[Exception], str]] = {
    exceptions.InvalidArgument: "See that project, database, namespace and kind are what "
    "Datastore allows.",
    exceptions.AlreadyExists: "Somebody else has added the entry.",
    exceptions.FailedPrecondition: "See that the database is in Datastore mode; one in Native "
    "mode cannot be used.",
    exceptions.NotFound: "See that project and database exist: 'gcloud firestore databases "
    "create --type=datastore-mode' makes one.",
    exceptions.PermissionDenied: "Give the account the role 'roles/datastore.user' on the "
    "project, and enable the project's Datastore API.",
    exceptions.Unauthenticated: "Renew the credentials: run 'gcloud auth application-default "
    "login', or give a valid key file as 'credentials'.",
    exceptions.ResourceExhausted: "Raise the project's quota or budget, or wait for the next day.",
    exceptions.MethodNotImplemented: "See that DATASTORE_EMULATOR_HOST, where it is set, names "
    "a Datastore emulator.",
}

#: How gRPC begins the messages of calls that never left this process.
_NEVER_SENT: Final = (
    "failed to connect to all addresses",
    "DNS resolution failed",
    "errors resolving",
    "Getting metadata from plugin failed",
)

#: Answers to a commit of several mutations, each by itself, that do not say that none was done.
MAYBE_PARTLY_DONE: Final = (exceptions.Aborted, exceptions.ResourceExhausted)

_REACH = (
    "See that Google Cloud, or the emulator that DATASTORE_EMULATOR_HOST names, can be reached."
)


def never_sent(error: Exception) -> bool:
    """Say whether the call is known not to have left this process."""
    return _message(error).startswith(_NEVER_SENT)


def explain(backend: Backend, error: Exception, *, writes: bool) -> KVStoreError:
    """Return this project's error for Google's."""
    told = f"{type(error).__name__}, {_message(error)[:300]}"
    if isinstance(error, exceptions.ResourceExhausted) and "quota" not in told.lower():
        return backend.error(
            Unavailable,
            f"Datastore is too busy ({told}).",
            hint="Try again, or ask for less at a time; see the project's quota, too.",
        )
    for kind, hint in _REFUSALS.items():
        if isinstance(error, kind):
            return backend.error(Refused, f"Datastore refused ({told}).", hint=hint)
    if isinstance(error, exceptions.Aborted):
        return backend.error(
            Conflict,
            f"others kept changing the entry for {backend.contention_timeout:g} s.",
            hint="Nothing was written; try again, or spread the load over more keys.",
        )
    if writes and not never_sent(error):
        return backend.error(
            OutcomeUnknown,
            f"the answer to a write was lost ({told}).",
            hint="It may or may not have been done: read first, then decide.",
        )
    if isinstance(error, exceptions.DeadlineExceeded):
        return backend.error(
            Timeout,
            f"no answer within {backend.options['timeout']:g} s.",
            hint=f"{_REACH} The parameter 'timeout' allows more time.",
        )
    return backend.error(Unavailable, f"Datastore could not be asked ({told}).", hint=_REACH)


def told_of_part(backend: Backend, told: KVStoreError) -> KVStoreError:
    """Return the error for a write of several entries, of which some may have been done."""
    if isinstance(told, OutcomeUnknown):
        return told
    return backend.error(
        OutcomeUnknown,
        f"a part of several entries may be done: {told.reason}",
        hint="Each entry is as it was or as it was to be: read first, then decide."
        + ("" if isinstance(told, Conflict) else f" {told.hint}"),
    )


def _message(error: Exception) -> str:
    # Google's own begins with the code, and may go on for lines.
    return str(getattr(error, "message", None) or error).partition("\n")[0]
