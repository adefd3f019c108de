"""The contract on locmem, with as many keys and values as the property checks ever try."""

from __future__ import annotations

from django_kvstore_testing import Contract


class TestContract(Contract):
    url = "locmem://contract"
    examples = 10_000
