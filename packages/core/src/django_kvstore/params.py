"""What a store's URL and OPTIONS may say, declared once and read everywhere.

A backend lists ``params = (Param("timeout", float, 3.0, "Seconds to wait for an answer."),)``;
parsing, the errors for unknown names, redaction and the documentation's tables follow from it.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .url import REDACTED, hide_credentials, is_secret_name

#: The greatest number, unless a parameter says otherwise. Operating systems and clients cannot
#: count many more seconds of a timeout.
MOST: Final = 1_000_000
#: The greatest whole number, unless a parameter says otherwise.
MOST_WHOLE: Final = 2**31 - 1


@dataclass(frozen=True)
class Param:
    """One parameter: its name, how its text is read, its default, one sentence of help.

    `parse` gets a ``str`` from a URL, or whatever object OPTIONS holds, and returns the value or
    raises ``ValueError`` or ``TypeError``. `aliases` are older spellings. A `secret` is not shown.
    """

    name: str
    parse: Callable[[Any], Any]
    default: Any
    help: str
    secret: bool = False
    aliases: tuple[str, ...] = ()


def boolean(text: object) -> bool:
    """Read a yes or no: true, yes, on, 1 and their opposites, in any case; or a bool itself."""
    if isinstance(text, int) and text in (0, 1):
        return bool(text)
    answer = {"true": True, "yes": True, "on": True, "1": True}
    answer |= {"false": False, "no": False, "off": False, "0": False}
    found = answer.get(text.lower()) if isinstance(text, str) else None
    if found is None:
        raise ValueError("it is neither true nor false")
    return found


def positive(text: Any, most: float = MOST) -> float:
    """Read a number greater than zero and at most a million, such as a timeout in seconds."""
    number = _number(text)
    if not number > 0:
        raise ValueError("it is not a number greater than zero")
    if number > most:
        raise ValueError(f"it is more than {most:,.0f}")
    return number


def optional_positive(text: Any, most: float = MOST) -> float | None:
    """As `positive`, or None for ``None``, an empty text or ``none``."""
    if text is None or (isinstance(text, str) and text.lower() in ("", "none")):
        return None
    return positive(text, most)


def not_negative(text: Any, most: float = MOST) -> float:
    """Read a number as `positive` does, or zero."""
    return 0.0 if _number(text) == 0 else positive(text, most)


def whole(text: Any, most: int = MOST_WHOLE) -> int:
    """Read a whole number greater than zero, such as the size of a pool."""
    number = _number(text)
    if number > most:
        raise ValueError(f"it is more than {most:,}")
    if not (number >= 1 and number.is_integer() and _is_of_digits(text)):
        raise ValueError("it is not a whole number greater than zero")
    return int(number)


def _number(text: Any) -> float:
    """Return the number that `text` is; infinity for one beyond floats, NaN for anything else."""
    if isinstance(text, bool):
        return math.nan
    try:
        return float(text)
    except OverflowError:
        return math.inf if text > 0 else -math.inf
    except (TypeError, ValueError):
        return math.nan


def _is_of_digits(text: Any) -> bool:
    """Say whether a text is the number in digits alone, and not ``1e3`` or ``5.0``."""
    return not isinstance(text, (str, bytes)) or text.strip().isdigit()


class ParamValues(dict[str, Any]):
    """Values of parameters by name, whose ``repr`` shows none that is a secret.

    So a page of Django's about an error, which shows what a function had before it, does not.
    """

    def __init__(self, values: Mapping[str, Any], hidden: Iterable[str] = ()) -> None:
        super().__init__(values)
        self.hidden = frozenset(name.lower() for name in hidden)

    def __repr__(self) -> str:
        return repr({name: self._shown(name, value) for name, value in self.items()})

    def _shown(self, name: str, value: Any) -> Any:
        if value is not None and (name.lower() in self.hidden or is_secret_name(name)):
            return REDACTED
        return hide_credentials(value) if isinstance(value, str) else value


def read_params(declared: Iterable[Param], given: Mapping[str, Any], *, where: str) -> ParamValues:
    """Return every declared parameter's value, from `given` or its default.

    Raises ``ValueError`` for a name that is not declared (with the nearest one that is), for one
    given twice under two spellings, and for a value that does not parse; a secret's value is
    not repeated in the message.
    """
    __traceback_hide__ = True  # see `redaction`
    declared = tuple(declared)
    spellings = {name: param for param in declared for name in (param.name, *param.aliases)}
    values = {param.name: param.default for param in declared}
    seen: dict[str, str] = {}
    for name, text in given.items():
        param = spellings.get(name) or spellings.get(name.lower())
        if param is None:
            near = difflib.get_close_matches(name.lower(), spellings, n=1)
            mend = f"did you mean '{near[0]}'?" if near else f"it takes {_names(values)}."
            raise ValueError(f"{where} does not know the parameter '{name}': {mend}")
        if param.name in seen:
            raise ValueError(
                f"{where} is given '{seen[param.name]}' and '{name}', which are one: "
                "keep one of them."
            )
        seen[param.name] = name
        try:
            values[param.name] = param.parse(text)
        except (ValueError, TypeError, OverflowError) as error:
            hide = param.secret or is_secret_name(name)
            shown = "a value" if hide else hide_credentials(_shown(text))
            detail = "" if hide else f": {hide_credentials(str(error))}"
            raise ValueError(f"{where} is given {shown} for '{name}'{detail}.") from None
    return ParamValues(values, secret_names(declared))


def secret_names(declared: Iterable[Param]) -> list[str]:
    """Return every spelling of those parameters that are not shown."""
    return [name for each in declared if each.secret for name in (each.name, *each.aliases)]


def shown_names(declared: Iterable[Param]) -> set[str]:
    """Return every spelling of those parameters that are."""
    return {name for each in declared if not each.secret for name in (each.name, *each.aliases)}


def _shown(value: object) -> str:
    """Return the value as it is written, or its type where that would be long or unknown."""
    if isinstance(value, (str, float, bool)) or value is None:
        return repr(value)
    if isinstance(value, int) and abs(value) < 10**20:
        return repr(value)
    return f"a value of type {type(value).__name__}"


def _names(values: Mapping[str, Any]) -> str:
    return ", ".join(sorted(values)) or "no parameters"
