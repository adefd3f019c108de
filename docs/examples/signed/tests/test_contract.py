"""The contract on values written with this serializer, in memory."""

from __future__ import annotations

from django_kvstore_testing import Contract


class TestContract(Contract):
    url = "locmem://signed"
    options = {"SERIALIZER": "signed"}
