"""The contract on locmem."""

from __future__ import annotations

from django_kvstore_testing import Contract


class TestContract(Contract):
    url = "locmem://contract"
