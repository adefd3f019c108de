"""What can be written as text: strings in UTF-8, and numbers in decimal digits.

``is_short(10**5000)`` is False: Python refuses to write or read so many digits.
"""

from __future__ import annotations

import sys
from typing import Final

#: A number of so many bits has fewer digits than any limit that `sys` accepts (640 digits).
_SURELY_SHORT: Final = 2000


def is_utf8(text: str) -> bool:
    """Say whether there is no lone surrogate in the text."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_short(number: int) -> bool:
    """Say whether Python can write the number in decimal digits and read it again.

    See https://docs.python.org/3/library/stdtypes.html#integer-string-conversion-length-limitation.
    """
    if number.bit_length() <= _SURELY_SHORT:
        return True
    limit = most_digits()
    return limit == 0 or abs(number) < 10**limit


def most_digits() -> int:
    """Return how many digits a number may have that Python writes or reads; 0 for any number."""
    return sys.get_int_max_str_digits()
