"""A clock that a check moves on, so that nobody has to sleep until an entry has expired.

``clock.advance(0.05)``: from then on, `time.time` is that much later in this process.
"""

from __future__ import annotations

import time

import pytest


class Clock:
    """Moves `time.time` on; `patch` puts it right again."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._now = time.time
        self._ahead = 0.0

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self._ahead += seconds
        self._patch.setattr(time, "time", lambda: self._now() + self._ahead)
