from __future__ import annotations

from typing import Any

import pytest

from django_kvstore.params import (
    Param,
    boolean,
    optional_positive,
    positive,
    read_params,
    whole,
)

DECLARED = (
    Param("timeout", positive, 3.0, "Seconds."),
    Param("pool_size", whole, 10, "Connections."),
    Param("secret", str, None, "A secret.", secret=True, aliases=("old_secret",)),
    Param("number", int, None, "A secret number.", secret=True),
)


def read(**given: Any) -> dict[str, Any]:
    return read_params(DECLARED, given, where="The store 'x' (db)")


def test_defaults_and_given_values() -> None:
    assert read(timeout="2.5", old_secret="s") == {
        "timeout": 2.5,
        "pool_size": 10,
        "secret": "s",
        "number": None,
    }


def test_names_are_taken_in_any_case() -> None:
    assert read(TIMEOUT=1)["timeout"] == 1.0


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"timeuot": 1}, "does not know the parameter 'timeuot': did you mean 'timeout'?"),
        ({"zzz": 1}, "it takes number, pool_size, secret, timeout."),
        ({"timeout": "0"}, "is given '0' for 'timeout': it is not a number greater than zero."),
        ({"secret": "a", "old_secret": "b"}, "'secret' and 'old_secret', which are one"),
        ({"pool_size": "1.5"}, "for 'pool_size'"),
    ],
)
def test_a_mistake_is_named_with_its_mend(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011, the text is compared below
        read(**given)
    assert str(caught.value).startswith("The store 'x' (db) ")
    assert complaint in str(caught.value)


def test_a_secret_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="is given a value for 'number'") as caught:
        read(number="hunter2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["true", "Yes", "on", "1", True])
def test_yes(text: object) -> None:
    assert boolean(text) is True


@pytest.mark.parametrize("text", ["false", "No", "off", "0", False])
def test_no(text: object) -> None:
    assert boolean(text) is False


@pytest.mark.parametrize(
    ("parse", "bad"),
    [
        (boolean, "maybe"),
        (positive, "nan"),
        (positive, -1),
        (whole, 0),
        (whole, True),
        (whole, 1.5),
        (optional_positive, "0"),
    ],
)
def test_other_texts_are_refused(parse: Any, bad: object) -> None:
    with pytest.raises(ValueError, match=r"it is n|invalid literal"):
        parse(bad)


@pytest.mark.parametrize(
    ("parse", "most"),
    [(positive, "1,000,000"), (optional_positive, "1,000,000"), (whole, "2,147,483,647")],
)
@pytest.mark.parametrize("huge", ["inf", 1e300, 10**400, "9" * 5000])
def test_a_number_that_is_too_great_is_not_called_less_than_zero(
    parse: Any, most: str, huge: object
) -> None:
    with pytest.raises(ValueError, match=rf"^it is more than {most}$"):
        parse(huge)


class Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


@pytest.mark.parametrize(
    "bad", [pytest.param(10**5000, id="huge"), Unshowable(), 2, 1.0, b"yes", None]
)
def test_what_is_neither_true_nor_false(bad: object) -> None:
    with pytest.raises(ValueError, match=r"^it is neither true nor false$"):
        boolean(bad)


def test_none_is_no_limit() -> None:
    assert optional_positive(None) is None
    assert optional_positive("none") is None
    assert optional_positive("2") == 2.0
