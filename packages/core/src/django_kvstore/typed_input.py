"""Read a value that a person types, in a form or on the command line, as typed JSON.

``read_value('{"$date": "2026-01-31"}')`` returns ``date(2026, 1, 31)``. Mistakes are explained in
words of our own, since Python's are for programmers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from .serializers.text import most_digits
from .typed_json import from_json

#: What Python's words for a mistake in JSON mean to somebody who types it. Keys are how they begin.
_MISTAKES: Final = {
    "Expecting value": gettext_noop(
        "A value is missing, or a text has no double quotes: line %(line)d, column %(column)d."
    ),
    "Expecting property name": gettext_noop(
        "A name needs double quotes: line %(line)d, column %(column)d."
    ),
    "Expecting ','": gettext_noop("A comma is missing: line %(line)d, column %(column)d."),
    "Expecting ':'": gettext_noop("A colon is missing: line %(line)d, column %(column)d."),
    "Extra data": gettext_noop("There is more after the value: line %(line)d, column %(column)d."),
    "Unterminated string": gettext_noop(
        "A text has no double quotes at its end: line %(line)d, column %(column)d."
    ),
    "Invalid control character": gettext_noop(
        "A text contains a control character, such as a new line, which is written \\n: "
        "line %(line)d, column %(column)d."
    ),
    "Invalid \\": gettext_noop(
        "A backslash in a text must be written twice: line %(line)d, column %(column)d."
    ),
    "Illegal trailing comma": gettext_noop(
        "There is a comma before the closing bracket: line %(line)d, column %(column)d."
    ),
}
_MISTAKE: Final = gettext_noop("This is not JSON: line %(line)d, column %(column)d.")
#: What begins a value that is not a number and none of true, false and null.
_STRUCTURED: Final = ("{", "[", '"')
#: Longer texts are not repeated in a message.
_SHOWN: Final = 60


def read_value(text: str) -> Any:
    """Return the value that the JSON stands for; raises ``ValueError``, whose text is for users."""
    try:
        data = json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_int
        )
        return from_json(data)
    except json.JSONDecodeError as error:
        raise ValueError(_mistake(text.strip(), error)) from error
    except RecursionError:
        raise ValueError(_("It is nested too deeply.")) from None
    except ValueError as error:
        raise ValueError(_("This is not typed JSON: %s") % str(error)[:300]) from error


def _mistake(text: str, error: json.JSONDecodeError) -> str:
    if text in ("True", "False", "None"):
        return _("Write true, false or null in small letters.")
    if not text.startswith(_STRUCTURED):
        if len(text) > _SHOWN:
            return _("Text needs double quotes around it.")
        if len(text) > 1 and text[0] == text[-1] == "'":
            text = text[1:-1]
        return _("Text needs double quotes: write %s.") % json.dumps(text, ensure_ascii=False)
    found = (told for said, told in _MISTAKES.items() if error.msg.startswith(said))
    return _(next(found, _MISTAKE)) % {"line": error.lineno, "column": error.colno}


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(_("the name “%s” appears twice") % name)
        found[name] = value
    return found


def _int(digits: str) -> int:
    most = most_digits()
    if most and len(digits.lstrip("-")) > most:
        raise ValueError(
            _('a number has more than %d digits; write it in hexadecimal, as {"$int": "0x…"}')
            % most
        )
    return int(digits)


def _no_constant(name: str) -> Any:
    raise ValueError(_('%s is not JSON; write {"$float": "nan"}, or "inf"') % name)
