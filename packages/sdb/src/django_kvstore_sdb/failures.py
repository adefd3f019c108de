"""What boto3's errors and SimpleDB's codes mean to the one who called.

``raise explain(backend, error, writes=True) from error``

The Developer Guide, "API Error Codes", has the codes. A code is shown, its message is not, since
that may quote what was stored.
"""

from __future__ import annotations

from typing import Any, Final

from botocore import exceptions
from botocore.parsers import ResponseParserError

from django_kvstore.backend import Backend
from django_kvstore.errors import (
    KVStoreError,
    OutcomeUnknown,
    Refused,
    Timeout,
    Unavailable,
    ValueTooLarge,
)

#: What a call raises. The last two come of answers that are XML, but not SimpleDB's.
FAILURES: Final = (
    exceptions.BotoCoreError,
    exceptions.ClientError,
    ResponseParserError,
    KeyError,
    ValueError,
)

#: The condition's attribute is not there.
ABSENT: Final = "AttributeDoesNotExist"
#: The condition of a put or a delete does not hold; nothing was done.
UNMET: Final = frozenset({"ConditionalCheckFailed", ABSENT})

#: Too busy: the request was turned away. SimpleDB's own is the first ("system overload message",
#: Developer Guide, "API Error Retries"), the others are those of Amazon's shared front.
TURNED_AWAY: Final = frozenset(
    {
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "BandwidthLimitExceeded",
        "SlowDown",
    }
)

_FULL = frozenset({"NumberDomainBytesExceeded", "NumberDomainAttributesExceeded"})
_TOO_MANY_DOMAINS = "NumberDomainsExceeded"
_TOO_LARGE = frozenset(
    {
        "NumberItemAttributesExceeded",
        "NumberSubmittedAttributesExceeded",
        "RequestEntityTooLarge",
    }
)
_SIGN_IN = frozenset(
    {
        "AuthFailure",
        "AuthMissingFailure",
        "InvalidClientTokenId",
        "MissingClientTokenId",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "InvalidSecurity",
        "InvalidAccessKeyId",
        "InvalidToken",
        "ExpiredToken",
        "ExpiredTokenException",
        "UnrecognizedClientException",
    }
)
_FORBIDDEN = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AccessFailure",
        "NotAuthorized",
        "OptInRequired",
        "UnauthorizedOperation",
    }
)
#: A request has the time at which it was signed, and is taken for old after a quarter of an hour.
_CLOCK = frozenset({"RequestExpired", "RequestTimeTooSkewed"})
_NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.ProfileNotFound,
    exceptions.TokenRetrievalError,
)

_CREDENTIALS = (
    "See that the credentials are whole and in force: the store's 'aws_access_key' and "
    "'aws_secret_access_key', or those that boto3 finds by itself. The clock must be right, too."
)
_REACH = "See that Amazon SimpleDB, or the store's 'endpoint_url', can be reached from here."


class NoSuchDomain(Unavailable):
    """The domain is not there (yet)."""


def code_of(error: Exception) -> str:
    """Return SimpleDB's code for an error; "" when the error is not SimpleDB's answer."""
    return str(_response(error).get("Error", {}).get("Code", ""))


def was_retried(error: Exception) -> bool:
    """Say whether the answer is to a request that had been sent before."""
    return bool(_response(error).get("ResponseMetadata", {}).get("RetryAttempts"))


def pool_was_closed(error: Exception) -> bool:
    """Say whether another thread closed the client just before the request was sent."""
    # By its name: urllib3 is botocore's business.
    return (
        isinstance(error, exceptions.HTTPClientError)
        and type(error.kwargs.get("error")).__name__ == "ClosedPoolError"
    )


def answer_was_lost(error: Exception) -> bool:
    """Say whether the connection broke, or the answer is damaged; being late is another matter."""
    if isinstance(error, exceptions.HTTPClientError):
        return not isinstance(error, exceptions.ReadTimeoutError)
    return isinstance(error, (ResponseParserError, KeyError))


def explain(backend: Backend, error: Exception, *, writes: bool) -> KVStoreError:
    """Return this project's error for boto3's."""
    if isinstance(error, exceptions.ClientError):
        return _refused(backend, error, writes)
    if isinstance(error, exceptions.ReadTimeoutError) and not writes:
        return backend.error(
            Timeout,
            f"no answer within {backend.options['timeout']:g} s.",
            hint=f"{_REACH} The parameter 'timeout' allows more time.",
        )
    if isinstance(error, exceptions.ConnectTimeoutError):
        return backend.error(
            Timeout,
            f"no connection within {backend.options['connect_timeout']:g} s.",
            hint=f"Nothing was sent. {_REACH}",
        )
    if writes and (
        isinstance(error, (exceptions.HTTPClientError, exceptions.SSLError))
        or answer_was_lost(error)
    ):
        return _lost(backend, type(error).__name__)
    if isinstance(error, _NO_CREDENTIALS):
        return backend.error(
            Unavailable,
            f"there are no credentials to sign requests with ({type(error).__name__}).",
            hint="Give the store 'aws_access_key' and 'aws_secret_access_key', or set up one of "
            "the ways in which boto3 finds them by itself.",
        )
    if isinstance(error, exceptions.NoRegionError):
        return backend.error(
            Unavailable,
            "no region is given.",
            hint="Say which in the store's URL, as in 'sdb://domain?region=eu-west-1', or set "
            "AWS_DEFAULT_REGION.",
        )
    return backend.error(
        Unavailable, f"SimpleDB could not be asked ({type(error).__name__}).", hint=_REACH
    )


def _refused(backend: Backend, error: Exception, writes: bool) -> KVStoreError:
    code, domain = code_of(error), backend.url.location
    status = _response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "NoSuchDomain":
        return backend.error(
            NoSuchDomain,
            f"there is no domain '{domain}'.",
            hint=backend.provision_hint(
                f"Run 'manage.py kvstore provision {backend.alias}' once to create it, and see "
                "that the region is right."
            ),
        )
    if code in TURNED_AWAY:
        return backend.error(
            Unavailable,
            f"SimpleDB is too busy ({code}).",
            hint="Nothing was done. Ask for less at a time, or spread the load over several "
            "domains; the parameter 'attempts' allows more patience.",
        )
    if code in _CLOCK:
        return backend.error(
            Refused,
            f"SimpleDB finds that the request was signed too long ago, or in the future ({code}).",
            hint="Nothing was done. Set the clock of this machine, as by NTP.",
        )
    if code in _SIGN_IN:
        return backend.error(
            Refused, f"SimpleDB does not accept the signature ({code}).", hint=_CREDENTIALS
        )
    if code == _TOO_MANY_DOMAINS:
        return backend.error(
            Refused,
            f"the account has as many domains as it may ({code}).",
            hint="Nothing was done. Delete a domain, ask Amazon for more, or give the stores one "
            "domain and a NAMESPACE each.",
        )
    if code in _FULL:
        return backend.error(
            Refused,
            f"the domain '{domain}' is full ({code}).",
            hint="Nothing was written. Delete or purge entries, or spread stores over domains.",
        )
    if code in _TOO_LARGE:
        return backend.error(
            ValueTooLarge,
            f"SimpleDB finds the item too large ({code}).",
            hint="The old value stays. Do others write attributes of their own to the item?",
        )
    if status >= 500 or code == "RequestTimeout":
        if writes:
            return _lost(backend, code)
        return backend.error(
            Timeout if code == "RequestTimeout" else Unavailable,
            f"SimpleDB failed to answer ({code}).",
            hint="Try again.",
        )
    return backend.error(
        # Without a code it was not SimpleDB that answered, but something in between.
        Refused if code and status >= 400 else Unavailable,
        f"SimpleDB refused ({code}).",
        hint="Nothing was done. See that the account may use the domain."
        if status == 403 or code in _FORBIDDEN
        else "Nothing was done.",
    )


def _lost(backend: Backend, told: str) -> KVStoreError:
    return backend.error(
        OutcomeUnknown,
        f"the answer to a write was lost ({told}).",
        hint="It may or may not have been done: read first, then decide.",
    )


def _response(error: Exception) -> dict[str, Any]:
    return getattr(error, "response", None) or {}
