"""What memcached is told of an entry's expiry, and what can be told from it again.

``exptime, stamp = tell(time.time() + 60)``, for the arguments of a storing command.

memcached counts whole seconds, by a clock that ticks once a second. It is told how many seconds
the entry has left, so that its clock need not agree with ours, and always enough of them; the
record says the exact time. More seconds than it accepts are told as a time, which is then at least
30 days off. For a deletion, which reads no record, the exact time also stands in the entry's 32
flag bits.
"""

from __future__ import annotations

import math
import time
from typing import Final

from django_kvstore import records

#: Up to this, memcached takes a number for seconds from now (protocol.txt, "Expiration times").
_LONGEST_RELATIVE: Final = 30 * 24 * 60 * 60
#: memcached keeps a time in 31 bits, and cuts the higher ones off without a word.
_LAST_TIME: Final = 2**31 - 1
#: A negative time is over already.
OVER: Final = -1

#: A stamp counts tenths of milliseconds modulo 2**32, which is nearly five days.
_STAMPS_PER_SECOND: Final = 10_000
_STAMPS: Final = 2**32
#: An entry with more seconds left than this has not expired, however the clocks differ.
_SURELY_LEFT: Final = 24 * 60 * 60


def tell(expires: float | None) -> tuple[int, int]:
    """Return memcached's expiry time and flags for an entry that expires then; None is never."""
    if expires is None:
        return 0, 0
    left = expires - time.time()
    # Rounded up to its next tick, and one more because the last tick was up to a second ago.
    exptime = math.ceil(left) + 1
    if left <= 0:
        exptime = OVER
    elif exptime > _LONGEST_RELATIVE:
        exptime = math.ceil(expires) + 1
        if exptime > _LAST_TIME:
            exptime = 0
    return exptime, math.ceil(expires * _STAMPS_PER_SECOND) % _STAMPS or 1


def is_over(left: int, stamp: int) -> bool:
    """Say whether an entry is over that memcached shows with `left` seconds and this stamp."""
    if stamp == 0 or left < 0 or left > _SURELY_LEFT:
        return False
    ahead = (stamp - int(time.time() * _STAMPS_PER_SECOND)) % _STAMPS
    return ahead == 0 or ahead > _STAMPS // 2


def is_gone(cell: str, record: bytes | None) -> bool:
    """Say whether there is no record, or one that has expired though memcached still has it.

    A damaged record has not expired, whatever it says: it is shown, so that the damage is told.
    """
    if record is None:
        return True
    expires = records.expiry(record)
    if expires is None or expires > time.time():
        return False
    try:
        records.unpack(cell, record)
    except records.BadRecord:
        return False
    return True


def without_gone(found: dict[str, bytes]) -> dict[str, bytes]:
    """Return what was found without the records of which `is_gone` is true."""
    dated = [
        cell
        for cell, record in found.items()
        if len(record) >= records.OVERHEAD and record[1] & records.HAS_EXPIRY
    ]
    for cell in dated:
        if is_gone(cell, found[cell]):
            del found[cell]
    return found
