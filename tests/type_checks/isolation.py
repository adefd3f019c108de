"""Tests of an application, and of a backend."""

from __future__ import annotations

from typing import assert_type

from django.test import TestCase, override_settings

from django_kvstore import Store, kvstore
from django_kvstore.stores import Stores
from django_kvstore.test import IsolatedStoresMixin
from django_kvstore_testing import Contract
from django_kvstore_testing.port import Port
from django_kvstore_testing.proxy import Proxy


class BasketTest(IsolatedStoresMixin, TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(kvstore.clear)

    def test_it_begins_empty(self) -> None:
        assert kvstore.incr("baskets") == 1
        with override_settings(KEY_VALUE_STORES={"default": "locmem://of-one-test"}):
            assert kvstore.backend.scheme == "locmem"


def test_basket(isolated_kvstores: Stores) -> None:
    assert_type(isolated_kvstores["default"], Store)
    assert isolated_kvstores["default"].incr("baskets") == 1


class TestContract(Contract):
    url = "shelf://"
    rounds = 100

    def stop_server(self) -> None: ...

    def start_server(self) -> None: ...


def cut_a_reply() -> None:
    with Port.claim() as port, Proxy("127.0.0.1", port.number) as proxy:
        proxy.cut_reply(after=0)
