"""The cells of one location: a dict, a lock, and their names in order for those who walk.

Writers pay for order only once somebody walks: new names are noted, and merged at the next page.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from threading import Lock


class Cells:
    """Records by name. Change them only while holding `lock`; reading one needs none."""

    def __init__(self) -> None:
        self.records: dict[str, bytes] = {}
        self.lock = Lock()
        self._ordered: list[str] | None = None
        self._added: list[str] = []

    def put(self, name: str, record: bytes) -> None:
        """Write a cell; the caller holds the lock."""
        if self._ordered is not None and name not in self.records:
            self._added.append(name)
        self.records[name] = record

    def page(self, prefix: str, after: str | None, limit: int) -> list[str]:
        """Return up to `limit` names that start with `prefix` and come after `after`, in order."""
        with self.lock:
            ordered = self._merge()
            at = bisect_left(ordered, prefix if after is None else after)
            names: list[str] = []
            while at < len(ordered) and len(names) < limit and ordered[at].startswith(prefix):
                if ordered[at] != after and ordered[at] in self.records:
                    names.append(ordered[at])
                at += 1
            return names

    def _merge(self) -> list[str]:
        """Return the names in order; deleted ones may still stand among them."""
        ordered, added = self._ordered, self._added
        stale = ordered is None or len(ordered) + len(added) > 2 * len(self.records) + 100
        if ordered is None or stale or len(added) > 1000:
            ordered = self._ordered = sorted(self.records)
        else:
            for name in added:
                at = bisect_left(ordered, name)
                # It may have been deleted and written again.
                if at == len(ordered) or ordered[at] != name:
                    insort(ordered, name, lo=at)
        self._added = []
        return ordered
