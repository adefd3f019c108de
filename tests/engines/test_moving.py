"""A store moves from one engine to another by its URL in the settings, and no code changes."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings

from django_kvstore import kvstore, kvstores, models

from .conftest import ITERABLE

#: What an application has stored: keys and values that engines have stumbled over.
VALUES: dict[str, Any] = {
    "plain": 1,
    "Plain": 2,
    "trailing ": 3,
    "\0\n\t%'\"\\/": (1, {2}),
    "\U0001f600é": {"when": date(2026, 1, 2), "price": Decimal("1.20")},
    "bytes": b"\0\xff" * 500,
    "none": None,
    "x" * 1000: "long key",
    "large": "y" * 1_200_000,
}


class Product(models.Model):
    sku = models.CharField(pk=True)
    price = models.DecimalField()


def use() -> dict[str, Any]:
    """What the application does: the same code on every engine."""
    product = Product.get("a")
    assert product is not None
    with_ttl = kvstore.ttl("mortal")
    assert with_ttl is not None
    assert 3000 < with_ttl <= 3600
    return {
        "all": {key: value for key, value in kvstore.items() if not key.startswith("__")},
        "count": kvstore.count(),
        "price": product.price,
        "sum": kvstore.incr("counter", 5),
    }


@pytest.mark.parametrize(("source", "target"), [*permutations(ITERABLE, 2)])
def test_a_store_moves(
    source: str,
    target: str,
    configured: Callable[..., dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    stores = configured(default=source, new=target)
    kvstore.set_many(VALUES)
    kvstore.set("mortal", 1, ttl=3600)
    kvstore.set("counter", 10)
    Product.create(sku="a", price="9.99")
    before = use()
    kvstore.decr("counter", 5)

    out, err = io.StringIO(), io.StringIO()
    call_command("kvstore", "copy", "default", "new", "--verify", stdout=out, stderr=err)
    assert "Copied 12 entries" in out.getvalue()
    kvstores["default"].clear()

    with override_settings(KEY_VALUE_STORES={"default": stores["new"]}):
        assert use() == before
        assert before["all"].keys() == {*VALUES, "mortal", "counter"}
        kvstores["default"].clear()
