r"""How a key is written where not every character can be: in forms, messages and the history.

``spell("a\0b")`` is ``a\u0000b``, and ``read_spelled`` gives the key back.

A form cannot carry a NUL or a lone newline, and nobody sees a space at the end, or what turns the
direction of writing around.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Final

from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

#: Control and format characters but those that join emoji, spaces other than the plain one, halves
#: of surrogate pairs, which no page can hold, and what Unicode says is no character.
_UNSEEN: Final = (
    "\x00-\x1f\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f"
    "\u3000\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff"
)
#: Those, and plain spaces where they are lost: at an end, or after another.
_MARKED: Final = re.compile(rf"[{_UNSEEN}]|^ | $|(?<= ) ")
_ESCAPED: Final = re.compile(rf"[{_UNSEEN}\\]|^ | $|(?<= ) ")
#: Tabs and newlines are what lays a text out.
_UNSEEN_IN_TEXT: Final = re.compile(rf"(?![\t\n])[{_UNSEEN}]")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([nrt\\])|)")
_SHORT: Final = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}


def spell(key: str) -> str:
    r"""Return the key with escapes for what cannot be written or seen, and ``\\`` for ``\``."""
    return _ESCAPED.sub(lambda match: _escape(match[0]), key)


def read_spelled(text: str, *, halves: bool = False) -> str:
    """Return the key that was spelled; raises ``ValueError`` for an escape that is none.

    With `halves` it may hold halves of surrogate pairs: a key cannot, other names can.
    """
    found = _ESCAPE.sub(_character, text)
    if halves:
        return found
    try:
        # Two halves of a surrogate pair, as JSON writes them, are one character.
        return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise ValueError(_("Half a surrogate pair is no character.")) from None


def escape_unseen(text: str) -> str:
    r"""Return text in which nothing is unseen; JSON's too, which reads ``\u202e`` as we do."""
    return _UNSEEN_IN_TEXT.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def show(key: str) -> SafeString:
    """Return the key as HTML, the unseen characters as marks."""
    return format_html_join("", "{}", ((part,) for part in _parts(key)))


def _parts(key: str) -> Iterator[str | SafeString]:
    at = 0
    for match in _MARKED.finditer(key):
        yield key[at : match.start()]
        yield format_html_join("", '<span class="kvstore-mark">{}</span>', [(_escape(match[0]),)])
        at = match.end()
    yield key[at:]


def _escape(character: str) -> str:
    for name, meant in _SHORT.items():
        if character == meant:
            return f"\\{name}"
    return f"\\u{ord(character):04x}"


def _character(match: re.Match[str]) -> str:
    four, eight, short = match.groups()
    if short:
        return _SHORT[short]
    number = int(four or eight or "FFFFFFFF", 16)
    if number > sys.maxunicode:
        raise ValueError(
            _(
                "After \\ comes n, r, t, another \\, u and the four hexadecimal digits of a "
                "character, or U and eight."
            )
        )
    return chr(number)
