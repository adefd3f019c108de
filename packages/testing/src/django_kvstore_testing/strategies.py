"""Keys and values of every kind, for Hypothesis to choose from.

``@given(strategies.keys, strategies.exact_values)``
"""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

#: Pieces that engines, encodings and query languages have stumbled over.
_AWKWARD: Final = (
    *"aAbBéÉß\u0131\u0130\u017f\u212aK%_*?[]\\/'\"`:;!.-+=&#@$(){}<>|,~^ ",
    *"\t\n\r\0\x01\x1f\x7f\x80\xa0\xad",
    *("\u0301", "\u200b", "\u200d", "\u202e", "\u2028", "\ufeff", "\ufffd", "\uffff"),
    *("\U0001f600", "\U0001f468\u200d\U0001f469", "\U00010000", "\U0010ffff"),
    *("%41", "%00", "\\x00", "&amp;", "\r\n", "..", "//", "${a}", "__a__", "e\u0301"),
)

keys: Final = st.one_of(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
    st.lists(st.sampled_from(_AWKWARD), min_size=1, max_size=6).map("".join),
)

_ZONES: Final = st.sampled_from(
    [UTC, timezone(timedelta(hours=-3, minutes=-30)), ZoneInfo("Europe/Berlin")]
)
_TEXTS: Final = st.text(max_size=20)
_PLAIN: Final = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), _TEXTS
)
_HASHABLE: Final = st.one_of(
    _PLAIN,
    st.integers(),
    st.binary(max_size=20),
    st.dates(),
    st.times(),
    st.datetimes(timezones=st.none() | _ZONES),
    st.timedeltas(),
    st.decimals(allow_nan=False),
    st.just(Decimal("NaN")),
    st.uuids(),
)
#: Everything that the default serializer promises, nested.
exact_values: Final = st.recursive(
    _HASHABLE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.sets(_HASHABLE, max_size=4),
        st.frozensets(_HASHABLE, max_size=4),
        st.dictionaries(_HASHABLE, inner, max_size=4),
    ),
    max_leaves=8,
)
#: Everything that JSON has, nested.
json_values: Final = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(codec="utf-8"), max_size=20),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=4),
    ),
    max_leaves=8,
)
