"""Give each test of an application empty stores, in unittest and in Django's own runner.

``class MyTest(IsolatedStoresMixin, TestCase): …``

Each test sees stores of its own, in a random namespace on the engine that is configured; tests
that run at the same time, in other processes too, do not meet. Under pytest the fixture
``isolated_kvstores`` of django-kvstore-testing does the same.
"""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING

from .stores import kvstores

if TYPE_CHECKING:
    _Base = unittest.TestCase
else:
    _Base = object


class IsolatedStoresMixin(_Base):
    """Put it before the test case's class, so that its set-up comes first.

    What ``setUpClass`` and ``setUpTestData`` store is apart too: neither the tests nor anybody else
    sees it.
    """

    @classmethod
    def setUpClass(cls) -> None:
        isolation = kvstores.isolated()
        isolation.__enter__()
        try:
            super().setUpClass()
        finally:
            # Cleanups run last in, first out: the stores are emptied while Django still keeps the
            # class off every database that is not among its `databases`.
            cls.addClassCleanup(isolation.__exit__, None, None, None)

    def setUp(self) -> None:
        isolation = kvstores.isolated()
        isolation.__enter__()
        self.addCleanup(isolation.__exit__, None, None, None)
        super().setUp()
