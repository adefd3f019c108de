"""One connection to one server, and what must be known of it to tell what a failure means.

``connection = Connection(("127.0.0.1", 11211), connect_timeout=3.0, timeout=3.0)``
"""

from __future__ import annotations

import time
from typing import Final

from pymemcache.exceptions import MemcacheUnexpectedCloseError

from django_kvstore.line import Address, Progress, dial

from .commands import Commands

#: What an item needs besides its value: the key, and 63 bytes of memcached's own in 1.6; rounded.
ITEM_OVERHEAD: Final = 384
#: The smallest limit that a server can be started with (its option -I).
SMALLEST_ITEM: Final = 1024


class Connection(Commands):
    """A connection with one owner at a time. Whoever gets an exception from it closes it."""

    def __init__(self, address: Address, *, connect_timeout: float, timeout: float) -> None:
        super().__init__(address, timeout=timeout, default_noreply=False)
        # Before connecting: what was learnt from the server after this moment holds for it.
        self.opened = time.monotonic()
        self.line = self.sock = dial(address, connect_timeout=connect_timeout, timeout=timeout)
        #: The server's largest item in bytes: None before it was asked, 0 if it does not say.
        self.largest_item: int | None = None
        #: How many cells the next request writes, or the one that failed; 0 where it is harmless.
        self.writing = 0

    def _connect(self) -> None:
        # pymemcache would connect anew by itself, to a server that may have been restarted.
        raise MemcacheUnexpectedCloseError("the connection is closed")

    @property
    def last_used(self) -> float:
        """When its last request began, by the monotonic clock."""
        return self.line.deadline - self.line.limit

    @property
    def may_have_written(self) -> bool:
        """Whether a failed write's server may have got one whole command."""
        if self.writing == 1:
            return self.line.progress is Progress.ALL
        return self.writing > 1 and self.line.progress is not Progress.NONE

    def has_room(self, record_bytes: int) -> bool:
        """Say whether the record fits the server; asks it once, when the record is not tiny."""
        if record_bytes <= SMALLEST_ITEM - ITEM_OVERHEAD:
            return True
        if self.largest_item is None:
            self.largest_item = self.largest_item_size()
        return self.largest_item == 0 or record_bytes <= self.largest_record

    @property
    def largest_record(self) -> int:
        """The longest record that surely fits, in bytes, once the server was asked."""
        return (self.largest_item or 0) - ITEM_OVERHEAD
