"""What a write may ask of its item, in the same step: SimpleDB's ``Expected``.

``connection.call("delete_attributes", ItemName=name, Expected=THERE)``

It names one attribute of a single value (Developer Guide, "Conditionally Putting and Deleting
Data"); batches take none.
"""

from __future__ import annotations

from typing import Any, Final

from .items import FORMAT

#: There is such a cell.
THERE: Final[dict[str, Any]] = {"Name": "f", "Value": FORMAT, "Exists": True}


def has_version(version: str | None) -> dict[str, Any]:
    """Return the condition that nobody has written since; None: that there is no version."""
    if version is None:
        return {"Name": "v", "Exists": False}
    return {"Name": "v", "Value": version, "Exists": True}


class ConditionUnmet(Exception):
    """The condition of a write did not hold, so it was not done.

    `retried` says that it was sent before, and turned away; `absent`, that the attribute is not
    there which the condition names.
    """

    def __init__(self, *, retried: bool, absent: bool) -> None:
        super().__init__(retried, absent)
        self.retried = retried
        self.absent = absent
