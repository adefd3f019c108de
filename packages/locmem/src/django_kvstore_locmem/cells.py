"""The cells of one location: a dict, a lock, and their names in order for those who walk.

Writers pay for order only once somebody walks: new names are noted, and merged at the next page.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping
from threading import Lock

#: From so many new names on, sorting a list that is nearly sorted is quicker than inserting.
_MANY = 20
#: So many new names are noted, and an eighth of those in order besides.
_MOST = 1000


class Cells:
    """Records by name. Change them only while holding `lock`; reading one needs none."""

    def __init__(self) -> None:
        self.records: dict[str, bytes] = {}
        self.lock = Lock()
        #: Names that were new when they were written since the last page; None while nobody walks.
        self.added: list[str] | None = None
        self._ordered: list[str] = []

    def put(self, name: str, record: bytes) -> None:
        """Write a cell; the caller holds the lock."""
        if self.added is not None and name not in self.records:
            self._note([name])
        self.records[name] = record

    def put_many(self, cells: Mapping[str, bytes]) -> None:
        """Write cells; the caller holds the lock."""
        if self.added is not None:
            # Not as a difference of sets, which would go through all records.
            self._note([name for name in cells if name not in self.records])
        self.records.update(cells)

    def take(self, name: str) -> bool:
        """Delete a cell, and say whether there was one; the caller holds the lock."""
        return self.records.pop(name, None) is not None

    def page(self, prefix: str, after: str | None, limit: int) -> tuple[list[str], str | None]:
        """Return up to `limit` names that start with `prefix` and come after `after`, in order.

        With them comes the last one if there may be more. Some may have been deleted.
        """
        with self.lock:
            ordered = self._merge()
            at = bisect_left(ordered, prefix)
            if after is not None and after >= prefix:
                at = bisect_right(ordered, after, at)
            names = ordered[at : at + limit]
        if names and not names[-1].startswith(prefix):
            del names[bisect_left(names, True, key=lambda name: not name.startswith(prefix)) :]
        return names, names[-1] if len(names) == limit else None

    def _note(self, names: list[str]) -> None:
        assert self.added is not None
        self.added += names
        if len(self.added) > _MOST + len(self._ordered) // 8:
            self.added = None  # sorting them all anew will cost no more

    def _merge(self) -> list[str]:
        """Return the names in order; deleted ones may still stand among them."""
        ordered, added = self._ordered, self.added
        if added is None or len(ordered) + len(added) > 2 * len(self.records) + 100:
            ordered = self._ordered = sorted(self.records)
        else:
            # It may have been deleted and written again.
            fresh = [name for name in set(added) if not _holds(ordered, name)]
            if len(fresh) > _MANY:
                ordered += fresh
                ordered.sort()
            else:
                for name in fresh:
                    insort(ordered, name)
        self.added = []
        return ordered


def _holds(ordered: list[str], name: str) -> bool:
    at = bisect_left(ordered, name)
    return at < len(ordered) and ordered[at] == name
