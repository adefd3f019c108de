"""A write of several requests: a failure after the first one leaves it done in part, and says so.

``with Bulk(backend) as bulk: bulk.done += len(page)``

`Unavailable` and `Conflict` mean that a call had no effect. From the first entry on that is no
longer so, also where what fails then only reads.
"""

from __future__ import annotations

from types import TracebackType

from django_kvstore.backend import Backend
from django_kvstore.errors import Conflict, OutcomeUnknown, Unavailable


class Bulk:
    """Counts the entries that a write has done; what is raised within tells of them."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.done = 0

    def __enter__(self) -> Bulk:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.done and isinstance(error, (Unavailable, Conflict)):
            raise self._backend.error(
                OutcomeUnknown,
                f"{self.done} entries were done, and then no more: {error.reason}",
                hint="Each entry is as it was or as it was to be: read first, then decide.",
            ) from (error.__cause__ or error)
