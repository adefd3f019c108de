"""Hide the secrets that the settings of a store hold, in whatever text they turn up.

``Redactor(url, declared, options)("cannot reach http://ada:pa55@host")`` is
``"cannot reach http://ada:***@host"``.

Django's page about an error, and the mails that it sends, also show what each function had in its
variables. Functions that have a secret as the settings give it say ``__traceback_hide__ = True``,
which leaves them out there; ``sensitive_variables`` would do so in mails only. All other functions
get `StoreURL` and `ParamValues`, whose ``repr`` hides secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from .params import Param, secret_names
from .serializers.text import is_short
from .url import REDACTED, StoreURL, credentials_in, is_secret_name

#: Up to so many characters a secret is hidden only where it stands alone: else a password "a" would
#: take every "a" out of a message.
_SHORT = 3


class Redactor:
    """Knows every secret of one store, as it is written and as it is in URLs."""

    def __init__(
        self,
        url: StoreURL,
        declared: Iterable[Param],
        options: Mapping[str, Any],
        *,
        also: Iterable[str] = (),
    ) -> None:
        secrets = {name.lower() for name in secret_names(declared)}
        found = set(_found(url.params, secrets)) | set(_found(options, secrets))
        found |= {each for each in also if each.strip()}
        if url.password and url.password.strip():
            found.add(url.password)
        texts = {form for each in found for form in _forms(each)}
        patterns = [
            rf"(?<!\w){re.escape(text)}(?!\w)" if len(text) <= _SHORT else re.escape(text)
            # The longest first, because one may be within another.
            for text in sorted(texts, key=len, reverse=True)
        ]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def __bool__(self) -> bool:
        return self._pattern is not None

    def __call__(self, text: str) -> str:
        """Return the text with `REDACTED` in place of each secret."""
        return self._pattern.sub(REDACTED, text) if self._pattern else text


def _found(values: Mapping[str, Any], secrets: set[str]) -> Iterator[str]:
    """Yield the secrets among parameters: of a secret name, or credentials within a URL."""
    for name, value in values.items():
        if name.lower() in secrets or is_secret_name(name):
            yield from _secret_texts(value)
        elif isinstance(value, str):
            yield from credentials_in(value)


def _secret_texts(value: Any) -> Iterator[str]:
    if isinstance(value, bytes):
        value = value.decode(errors="ignore")
    if isinstance(value, str):
        if value.strip():
            yield value
        yield from credentials_in(value)
    elif isinstance(value, Mapping):
        # A service account has public parts too, such as its project.
        named = {name: each for name, each in value.items() if is_secret_name(str(name))}
        for each in (named or value).values():
            yield from _secret_texts(each)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from _secret_texts(each)
    elif isinstance(value, float) or (type(value) is int and is_short(value)):
        yield str(value)


def _forms(secret: str) -> set[str]:
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}
