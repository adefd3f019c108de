"""The whole contract over every option, and over backends of every shape."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from contract import sound
from django_kvstore import Backend, Store
from django_kvstore.options import StoreOptions
from django_kvstore_testing import Contract


class Small(Contract):
    """Races in memory find what they find early; here they are one among many checks."""

    examples = 100
    rounds = 50
    races = 20
    swaps = 160
    bulk = 300
    can_start_processes = False


class TestZlib(Small):
    url = "locmem://zlib?compression=zlib"


class TestZstd(Small):
    url = "locmem://zstd?compression=zstd"


class TestPickle(Small):
    url = "locmem://pickle?serializer=pickle"


class TestPickleZlib(Small):
    url = "locmem://picklezlib?serializer=pickle&compression=zlib"


class TestKeyValSerializer(Small):
    url = "locmem://keyval?serializer=keyval"


class TestJSON(Small):
    url = "locmem://json"
    options = {"SERIALIZER": "json"}


class TestNamespace(Small):
    url = "locmem://namespace?namespace=shop/live"


class TestDefaultURLWithOptions(Small):
    url = "locmem://"
    options = {"NAMESPACE": "x", "COMPRESSION": "zlib", "OPTIONS": {}}


class TestOldStorageClass(Small):
    processes = 2

    @pytest.fixture
    def store_url(self, tmp_path_factory: pytest.TempPathFactory) -> str:
        """The old way: a folder, which other processes see too."""
        return f"contract.old_storage://{quote(str(tmp_path_factory.getbasetemp()), safe='')}"


class OverBackend(Small):
    """The contract over a backend that no URL names."""

    kind: type[Backend]
    store_options = StoreOptions()

    def make_store(self, url: str) -> Store:
        return Store(sound.open_backend(self.kind, url), self.store_options)


class TestSmallCells(OverBackend):
    url = "smallcells"
    kind = sound.SmallCells


class TestSmallCellsCompressed(OverBackend):
    url = "smallcellscompressed"
    kind = sound.SmallCells
    store_options = StoreOptions(compression="zlib", namespace="within")


class TestSmallCellsPickled(OverBackend):
    url = "smallcellspickled"
    kind = sound.SmallCells
    store_options = StoreOptions(serializer="pickle")


class TestEvicting(OverBackend):
    url = "evicting"
    kind = sound.Evicting


class TestBare(OverBackend):
    url = "bare"
    kind = sound.Bare


class TestBareAtomic(OverBackend):
    url = "bareatomic"
    kind = sound.BareAtomic


class TestBareIterable(OverBackend):
    url = "bareiterable"
    kind = sound.BareIterable


class TestExpiring(OverBackend):
    url = "expiring"
    kind = sound.Expiring


class TestModest(OverBackend):
    url = "modest"
    kind = sound.Modest


class TestLeast(OverBackend):
    """What the contract lets an engine declare at the least, and knobs for one that is slow."""

    url = "least"
    kind = sound.Least
    walk = 300
