"""The contract over every option, and over backends of every shape: the checks each can break.

What is the same for all of them, locmem checks.
"""

from __future__ import annotations

from urllib.parse import quote

import pytest

from django_kvstore import Backend, Store
from django_kvstore.options import StoreOptions
from django_kvstore_testing import Contract
from django_kvstore_testing.aio import Aio
from django_kvstore_testing.atomic import Atomic
from django_kvstore_testing.base import Base
from django_kvstore_testing.bulk import Bulk
from django_kvstore_testing.comparing import Comparing
from django_kvstore_testing.computing import Computing
from django_kvstore_testing.contention import Contention
from django_kvstore_testing.corruption import Corruption
from django_kvstore_testing.counting import Counting
from django_kvstore_testing.expired import Expired
from django_kvstore_testing.expiry import Expiry
from django_kvstore_testing.failure import Failure
from django_kvstore_testing.flags import Flags
from django_kvstore_testing.iteration import Iteration
from django_kvstore_testing.keys import Keys
from django_kvstore_testing.life import Life
from django_kvstore_testing.methods import Methods
from django_kvstore_testing.missing import Missing
from django_kvstore_testing.moving import Moving
from django_kvstore_testing.namespaces import Namespaces
from django_kvstore_testing.native_expiry import NativeExpiry
from django_kvstore_testing.prefixes import Prefixes
from django_kvstore_testing.splitting import Splitting
from django_kvstore_testing.values import Values
from mutants import sound


class Small(Base):
    """Races in memory find what they find early; here they are one among many checks."""

    examples = 100
    rounds = 20
    races = 20
    bulk = 300
    walk = 1100
    can_start_processes = False


class Coded(Small, Values, Counting, Comparing, Corruption, Splitting, Moving):
    """What reads a value's bytes, or writes them: a serializer or a compression can break it."""


class TestZlib(Coded):
    url = "locmem://zlib?compression=zlib"


class TestZstd(Coded):
    url = "locmem://zstd?compression=zstd"


class TestPickle(Coded):
    url = "locmem://pickle?serializer=pickle"


class TestPickleZlib(Coded):
    url = "locmem://picklezlib?serializer=pickle&compression=zlib"


class TestKeyValSerializer(Coded):
    url = "locmem://keyval?serializer=keyval"


class TestJSON(Coded):
    url = "locmem://json"
    options = {"SERIALIZER": "json"}


class Named(Small, Keys, Bulk, Iteration, Prefixes, Namespaces, Splitting, Moving):
    """What makes the names of cells, or reads them: a namespace can break it."""


class TestNamespace(Named):
    url = "locmem://namespace?namespace=shop/live"


class TestDefaultURLWithOptions(Named):
    url = "locmem://"
    options = {"NAMESPACE": "x", "COMPRESSION": "zlib", "OPTIONS": {}}


class TestOldStorageClass(Small, Contract):
    processes = 2

    @pytest.fixture
    def store_url(self, tmp_path_factory: pytest.TempPathFactory) -> str:
        """The old way: a folder, which other processes see too."""
        return f"contract.old_storage://{quote(str(tmp_path_factory.getbasetemp()), safe='')}"


class OverBackend(Small):
    """A backend that no URL names."""

    kind: type[Backend]
    store_options = StoreOptions()

    def make_store(self, url: str) -> Store:
        return Store(sound.open_backend(self.kind, url), self.store_options)


class TestSmallCells(OverBackend, Contract):
    url = "smallcells"
    kind = sound.SmallCells


class TestSmallCellsCompressed(OverBackend, Coded):
    url = "smallcellscompressed"
    kind = sound.SmallCells
    store_options = StoreOptions(compression="zlib", namespace="within")


class TestSmallCellsPickled(OverBackend, Coded):
    url = "smallcellspickled"
    kind = sound.SmallCells
    store_options = StoreOptions(serializer="pickle")


class Shaped(
    OverBackend,
    Methods,
    Missing,
    Bulk,
    Atomic,
    Counting,
    Comparing,
    Computing,
    Contention,
    Expiry,
    Expired,
    NativeExpiry,
    Iteration,
    Prefixes,
    Namespaces,
    Moving,
    Aio,
    Failure,
    Splitting,
    Flags,
    Life,
):
    """What asks an engine's flags; keys and values are bytes to all of these backends."""


class TestEvicting(Shaped, Corruption):
    url = "evicting"
    kind = sound.Evicting


class TestBare(OverBackend, Contract):
    """The three methods and no flag: each call that needs more is refused, as its check expects."""

    url = "bare"
    kind = sound.Bare


class TestBareAtomic(Shaped):
    url = "bareatomic"
    kind = sound.BareAtomic


class TestBareIterable(Shaped):
    url = "bareiterable"
    kind = sound.BareIterable


class TestExpiring(Shaped):
    url = "expiring"
    kind = sound.Expiring


class Limited(OverBackend, Keys, Values, Bulk, Expiry, Namespaces, Moving, Splitting, Flags):
    """What comes near the limits that an engine declares."""


class TestModest(Limited):
    url = "modest"
    kind = sound.Modest


class TestLeast(Limited):
    """What the contract lets an engine declare at the least."""

    url = "least"
    kind = sound.Least
