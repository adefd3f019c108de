"""Bytes that somebody planted in an engine: an error, quickly, and the process lives."""

from __future__ import annotations

import functools
import resource
import struct
import subprocess
import sys
import time
import tracemalloc
import zlib
from itertools import product
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from django_kvstore import CorruptValue, InvalidValue, Store, get_kvstore, records, split
from django_kvstore.compression import load_codec
from django_kvstore.entries import Entry
from django_kvstore.serializers.typed import TypedSerializer

#: The marks of MessagePack that say a size, and in how many bytes they say it.
SIZED = {
    0xC4: 1, 0xC5: 2, 0xC6: 4, 0xC7: 1, 0xC8: 2, 0xC9: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4,
    0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4,
}  # fmt: skip
CLAIMS = [
    bytes([mark]) + number.to_bytes(size, "big")
    for mark, size in SIZED.items()
    for number in {2 ** (8 * size) - 1, 2 ** (8 * size - 1), 2 ** (8 * size) // 3, 1}
]
KNOWN = [
    bytes.fromhex("ddda0dffb140"),
    bytes.fromhex("ddffffffff01"),
    bytes.fromhex("dfffffffffa161"),
    bytes.fromhex("91ddda0dffb140"),
    bytes.fromhex("c7ff01ddda0dffb140"),
    bytes.fromhex("c70701ddda0dffb14000"),
    bytes.fromhex("c7060bddda0dffb1"),
]
#: A header of a size within other headers, extensions among them, and a few bytes after it.
HOSTILE = st.builds(
    b"".join,
    st.tuples(
        st.lists(st.sampled_from([b"\x91", b"\x81\xa1a", b"\xd4\x01", b"\xd8\x0b"]), max_size=4),
        st.sampled_from(CLAIMS),
        st.lists(st.sampled_from(CLAIMS), max_size=2),
        st.binary(max_size=12),
    ).map(lambda parts: [*parts[0], parts[1], *parts[2], parts[3]]),
)

READER = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
from django_kvstore.serializers.typed import TypedSerializer
loads = TypedSerializer("default").loads
for line in sys.stdin:
    try:
        loads(bytes.fromhex(line), "k")
    except Exception as error:
        print(type(error).__name__)
    else:
        print("a value")
"""


def read_elsewhere(payloads: list[bytes]) -> list[str]:
    """Read each in one process of its own, which has little memory; return what came of each."""
    done = subprocess.run(
        [sys.executable, "-c", READER],
        input="\n".join(payload.hex() for payload in payloads),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_a_process_outlives_claims_of_any_size() -> None:
    around = [b"", b"\x91", b"\x81\xa1a", b"\xc7\x20\x01", b"\xc7\x20\x0b\x91\x92"]
    payloads = [
        before + claim + after
        for before, claim, after in product(around, CLAIMS, [b"", b"\x01", b"\xdd" * 8, bytes(40)])
    ]
    payloads += KNOWN
    answers = read_elsewhere(payloads)
    assert len(answers) == len(payloads)
    assert "MemoryError" not in answers
    assert set(answers[-len(KNOWN) :]) <= {"ValueError", "TypeError"}


@examples(max_examples=400, deadline=None)
@given(HOSTILE)
def test_a_claim_of_any_size_is_a_value_or_an_error(payload: bytes) -> None:
    serializer = TypedSerializer("default")
    try:
        value = serializer.loads(payload, "k")
    except (MemoryError, RecursionError):
        raise
    except Exception:  # noqa: BLE001, which a store tells as CorruptValue
        return
    # What was read is no larger than what was there to be read.
    assert len(serializer.dumps(value, "k")) <= 4 * len(payload) + 16


def forge(store: Store, payload: bytes, flags: int) -> None:
    record = records.pack(":k", payload, code=ord("t"), flags=flags, expires=None)
    store.backend.set(":k", record, None)


@functools.cache
def bomb(codec: str, size: int) -> bytes:
    """Return a few kilobytes that become `size` bytes."""
    if codec == "zstd":
        packer: Any = zstandard.ZstdCompressor(level=19).compressobj(size=size)
    else:
        packer = zlib.compressobj(9)
    packed = [packer.compress(bytes(2**20)) for _ in range(size // 2**20)]
    return b"".join(packed) + packer.flush()


@pytest.mark.parametrize("codec", ["zlib", "zstd"])
@pytest.mark.parametrize("compression", [None, "zlib", "zstd"])
@pytest.mark.parametrize("serializer", ["typed", "json", "pickle"])
def test_what_would_become_too_long_is_refused_before_memory_is_used(
    codec: str, compression: str | None, serializer: str
) -> None:
    packed = bomb(codec, 256 * 2**20)
    store = get_kvstore("locmem://bombs").with_options(
        compression=compression, serializer=serializer
    )
    store.set("k", 1)
    code = store.backend.get(":k")[2]  # type: ignore[index]
    flags = load_codec(codec).number << records.COMPRESSION_SHIFT
    record = records.pack(":k", packed, code=code, flags=flags, expires=None)
    store.backend.set(":k", record, None)
    tracemalloc.start()
    try:
        with pytest.raises(CorruptValue, match="limit of 67108864 bytes"):
            store.get("k")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 160 * 2**20
    assert store.delete("k")


@pytest.mark.parametrize("codec", ["zlib", "zstd"])
def test_a_value_of_the_limit_is_unpacked(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = get_kvstore("locmem://limits").with_options(compression=codec)
    monkeypatch.setattr(type(store.backend), "max_value_bytes", 5000)
    limited = store.with_options(compression=codec)
    limited.set("k", "x" * 4997)  # and three bytes for the mark and the size of the text
    assert limited.get("k") == "x" * 4997
    flags = load_codec(codec).number << records.COMPRESSION_SHIFT
    compress = load_codec(codec).compress
    for payload in (compress(b"\xda\x13\x86" + b"x" * 4998), compress(b"\xa1x") + b"y", b""):
        forge(limited, payload, flags)
        with pytest.raises(CorruptValue, match="decompress"):
            limited.get("k")
    forge(limited, compress(b"\xa1x")[:-1], flags)
    with pytest.raises(CorruptValue, match="decompress"):
        limited.get("k")


def test_a_frame_that_does_not_say_its_size_is_refused(store: Store) -> None:
    packer = zstandard.ZstdCompressor().compressobj()
    packed = packer.compress(b"\xa1x") + packer.flush()
    assert zstandard.frame_content_size(packed) == -1
    forge(store, packed, load_codec("zstd").number << records.COMPRESSION_SHIFT)
    with pytest.raises(CorruptValue, match="it is not whole"):
        store.get("k")


def test_a_head_of_millions_of_parts_costs_nothing(store: Store) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    for parts, size in ((2**32 - 1, 1), (2**32 - 1, 2**40), (2**18, 2**26), (0, 0), (1, 2**40)):
        forge(store, struct.pack(">16sIQ", b"g" * 16, parts, size), records.IS_SPLIT)
        for read in (
            lambda: store.get("k"),
            lambda: store.get_many(["k"]),
            lambda: store.incr("k"),
            lambda: store.touch("k", 10),
            lambda: list(store.items()),
        ):
            with pytest.raises(CorruptValue):
                read()
        assert store.purge() == 0
        assert store.put("k", 1) is False
        forge(store, struct.pack(">16sIQ", b"g" * 16, parts, size), records.IS_SPLIT)
        assert store.delete("k") is True
    # It took hours and all memory; this is generous, for a machine that does other things too.
    assert time.process_time() - begun < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


@pytest.mark.parametrize("owner", [b"\xff\xfe", b"", b"elsewhere", b":" + b"k" * 3000])
def test_a_part_of_no_owner_is_damage_and_is_left_alone(store: Store, owner: bytes) -> None:
    name = f";{(b'g' * 16).hex()}.0"
    payload = struct.pack(">16sdH", b"g" * 16, 1.0, len(owner)) + owner + b"\xa1x"
    record = records.pack(name, payload, code=ord(";"), expires=None)
    store.backend.set(name, record, None)
    forge(store, struct.pack(">16sIQ", b"g" * 16, 1, 2), records.IS_SPLIT)
    assert split.GRACE > 0
    store.purge()
    assert store.backend.get(name) == record
    if owner == b"\xff\xfe":
        with pytest.raises(CorruptValue, match="a part of it is damaged"):
            store.get("k")


@pytest.mark.parametrize("expires", [float("nan"), float("inf"), float("-inf")])
def test_an_expiry_that_is_not_a_time_is_not_written(store: Store, expires: float) -> None:
    with pytest.raises(InvalidValue, match="not a time"):
        store.restore([Entry("a", 1, None, 1), Entry("b", 1, expires, 1)])
    assert list(store.keys()) == []
