"""The errors that a store raises, one short family.

Catch the family with ``except KVStoreError``, or one kind: ``except Unavailable: serve_without()``.

Every message names the store's alias and scheme, what went wrong and the way out; the exception
of the engine's client, where there was one, is the ``__cause__``.
"""

from __future__ import annotations


class KVStoreError(Exception):
    """The root of the family: whatever a store raises of itself is one of these.

    ``alias`` and ``scheme`` say which store it was (empty while none is known yet), ``reason`` what
    went wrong, ``hint`` what to do about it. No argument ever holds a value or a secret.
    """

    def __init__(self, reason: str, *, alias: str = "", scheme: str = "", hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.alias = alias
        self.scheme = scheme
        self.hint = hint

    def __str__(self) -> str:
        where = f"Store '{self.alias}' ({self.scheme}): " if self.alias else ""
        return f"{where}{self.reason}{' ' if self.hint else ''}{self.hint}"

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process pools; keyword arguments would be lost by Exception's own way.
        return (_restore, (type(self), self.reason, self.alias, self.scheme, self.hint))


def _restore(
    kind: type[KVStoreError], reason: str, alias: str, scheme: str, hint: str
) -> KVStoreError:
    return kind(reason, alias=alias, scheme=scheme, hint=hint)


class InvalidKey(KVStoreError, ValueError):
    """The key is no non-empty ``str`` of UTF-8 within the limit; nothing was sent."""


class InvalidValue(KVStoreError, ValueError):
    """The value cannot be stored, or counted with, as asked; nothing was written."""


class ValueTooLarge(InvalidValue):
    """The serialized value is over the store's declared limit; the old value stays."""


class CorruptValue(KVStoreError):
    """What the engine holds is not what this store wrote; no part of it was loaded."""


class NotSupported(KVStoreError, NotImplementedError):
    """The engine declares that it cannot do this; nothing weaker was done in its place."""


class Conflict(KVStoreError):
    """Somebody else changed the entry first; nothing was written."""


class Unavailable(KVStoreError):
    """The engine could not be reached or refused; the call had no effect and may be repeated."""


class Refused(KVStoreError):
    """The engine answered and refused: a permission, a read-only server, a full disk, a quota.

    The call had no effect. Not a kind of `Unavailable`: repeating it does not help before somebody
    has changed the engine or its settings. The reason has the engine's own words.
    """


class Timeout(Unavailable, TimeoutError):
    """The engine did not answer a read within its time limit."""


class OutcomeUnknown(KVStoreError):
    """A write was sent and its answer was lost: it may or may not have happened.

    Not a kind of `Unavailable`, since repeating the call blindly may do the work twice: read
    first, then decide.
    """
