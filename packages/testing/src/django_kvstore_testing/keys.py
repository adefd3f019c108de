"""Checks of keys: any text is one, and no two share an entry."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from django_kvstore.errors import InvalidKey
from django_kvstore.store import Store

from .base import Base
from .clauses import clause, needs
from .strategies import keys

_BATCH: Final = 20


class Keys(Base):
    """Clauses ``keys-…``."""

    def _distinct(self, store: Store, *keys: str) -> None:
        """Write an entry for each key; every one must be there, and itself, afterwards."""
        for number, key in enumerate(keys):
            store.set(key, number)
        read = {key: store.get(key) for key in keys}
        assert read == {key: number for number, key in enumerate(keys)}
        assert store.get_many(keys) == read
        store.delete(keys[0])
        assert [key in store for key in keys] == [False, *(True for _ in keys[1:])]

    @clause("keys-exact")
    def test_case_makes_another_key(self, store: Store) -> None:
        """Keys that differ in case alone are two keys."""
        self._distinct(store, "key", "Key", "KEY", "kEY")
        self._distinct(store, "straße", "STRASSE", "strasse", "STRAẞE")
        self._distinct(store, "i", "I", "\u0131", "\u0130")

    @clause("keys-exact")
    def test_trailing_spaces_make_another_key(self, store: Store) -> None:
        """Keys that differ in spaces at their end are two keys."""
        self._distinct(store, "key", "key ", "key  ", "key\t", "key\n", "key\xa0")

    @clause("keys-exact")
    def test_leading_spaces_make_another_key(self, store: Store) -> None:
        """Keys that differ in spaces at their beginning are two keys."""
        self._distinct(store, "key", " key", "\tkey", "\nkey", "\ufeffkey")

    @clause("keys-exact")
    def test_a_key_of_a_space_is_a_key(self, store: Store) -> None:
        """A key of nothing but white space is a key."""
        self._distinct(store, " ", "  ", "\t", "\n", "\u3000")

    @clause("keys-exact")
    def test_accents_make_another_key(self, store: Store) -> None:
        """Keys that differ in accents alone are two keys."""
        self._distinct(store, "resume", "résumé", "resumé", "rèsumè")

    @clause("keys-exact")
    def test_combining_characters_are_not_composed(self, store: Store) -> None:
        """A letter with a combining accent, and the accented letter, make two keys."""
        self._distinct(store, "e\u0301", "\u00e9", "e", "\u0301e")
        self._distinct(store, "\u212b", "\u00c5", "A\u030a")

    @clause("keys-exact")
    def test_compatible_characters_are_not_folded(self, store: Store) -> None:
        """Characters that look or sort alike are not taken for one another."""
        self._distinct(store, "1", "\uff11", "\u0661", "\u2460")
        self._distinct(store, "fi", "\ufb01")
        self._distinct(store, "a", "\u0430", "\uff41")

    @clause("keys-exact")
    def test_invisible_characters_count(self, store: Store) -> None:
        """Characters without a shape of their own are part of the key."""
        self._distinct(store, "ab", "a\u200bb", "a\u200db", "a\xadb", "a\u2060b", "ab\ufe0f")

    @clause("keys-exact")
    def test_numbers_are_texts(self, store: Store) -> None:
        """A key that reads as a number is text."""
        self._distinct(store, "1", "01", "1.0", "1e0", "+1", "0x1", "True", "None")

    @clause("keys-any")
    def test_control_characters_are_ordinary(self, store: Store) -> None:
        """NUL, newlines and every other control character may stand in a key."""
        self._distinct(store, *(f"a{chr(code)}b" for code in (*range(32), *range(127, 160))))

    @clause("keys-any")
    def test_a_nul_ends_no_key(self, store: Store) -> None:
        """What follows a NUL is part of the key."""
        self._distinct(store, "a", "a\0", "a\0b", "a\0c", "\0", "\0\0")

    @clause("keys-any")
    def test_percent_and_slash_are_ordinary(self, store: Store) -> None:
        """A key is not decoded, and is no path."""
        self._distinct(store, "a/b", "a%2Fb", "a%2fb", "a%252Fb", "a//b", "a/./b", "../a/b", "%")
        self._distinct(store, "A", "%41", "\\x41", "\\u0041", "&#65;", "+", " ", "%20")

    @clause("keys-any")
    def test_quotes_are_ordinary(self, store: Store) -> None:
        """Quotes and backslashes are characters like any other."""
        self._distinct(store, "'", "''", '"', '""', "`", "\\", "\\\\", "\\'", "'; --", "a' or '1")

    @clause("keys-any")
    def test_wildcards_are_ordinary(self, store: Store) -> None:
        """No character of a key stands for others."""
        self._distinct(store, "a%c", "a_c", "a*c", "a?c", "a[b]c", "abc", "a.c", "a\\%c")

    @clause("keys-any")
    def test_emoji_are_ordinary(self, store: Store) -> None:
        """Characters beyond the sixteen-bit ones may stand in a key."""
        self._distinct(
            store, "\U0001f600", "\U0001f601", "\U0010ffff", "\U0001f468\u200d\U0001f469"
        )

    @clause("keys-any")
    def test_separators_are_ordinary(self, store: Store) -> None:
        """The characters that set namespaces, parts and locks apart may stand in keys."""
        self._distinct(store, ":", ";", "!", "a:b", "a;b", "a!b", ":a", "::", "a/b:c")

    @clause("keys-any")
    def test_a_beginning_of_a_key_is_another_key(self, store: Store) -> None:
        """A key and what it begins with are two keys."""
        self._distinct(store, *("abcdefghij"[:length] for length in range(1, 11)))

    @clause("keys-any")
    def test_names_with_a_meaning_elsewhere_are_ordinary(self, store: Store) -> None:
        """Names that engines reserve for themselves may be keys."""
        self._distinct(store, "__key__", "__x__", ".", "..", "NULL", "con", "get a 0 0", "-", "id")

    @clause("keys-length")
    def test_a_key_of_one_character_is_stored(self, store: Store) -> None:
        """The shortest key has one character."""
        self._distinct(store, "a", "b", "é", "\U0001f600")

    @clause("keys-length")
    def test_a_key_of_the_greatest_length_is_stored(self, store: Store) -> None:
        """A key, its namespace included, may be as long as the engine declares: 1,024 bytes."""
        room = self.room(store)
        self._distinct(store, "k" * room, "k" * (room - 1) + "K", "k" * (room - 1))

    @clause("keys-length")
    def test_long_keys_that_differ_at_their_end_are_two(self, store: Store) -> None:
        """No part of a long key is cut off."""
        room = self.room(store)
        self._distinct(store, *("k" * (room - 1) + last for last in "abc "))

    @clause("keys-length")
    def test_the_length_is_counted_in_bytes(self, store: Store) -> None:
        """The limit is one of bytes of UTF-8, not of characters."""
        room = self.room(store)
        longest = "\U0001f600" * (room // 4) + "é" * (room % 4 // 2)
        self._distinct(store, longest, longest[:-1])
        with pytest.raises(InvalidKey):
            store.set("\U0001f600" * (room // 4 + 1), 1)

    @clause("keys-length")
    def test_an_overlong_key_is_refused(self, store: Store) -> None:
        """A key over the limit raises InvalidKey, and no shorter key is written in its place."""
        room = self.room(store)
        store.set("k" * room, "old")
        with pytest.raises(InvalidKey):
            store.set("k" * (room + 1), "new")
        with pytest.raises(InvalidKey):
            store.get("k" * (room + 1))
        assert store.get("k" * room) == "old"

    @clause("keys-invalid")
    def test_an_empty_key_is_refused(self, store: Store) -> None:
        """A key has at least one character."""
        self._refused(store, "")

    @clause("keys-invalid")
    def test_a_lone_surrogate_is_refused(self, store: Store) -> None:
        """A key with half of a surrogate pair is no UTF-8."""
        self._refused(store, "a\ud800")
        self._refused(store, "\udfff")

    @clause("keys-invalid")
    @pytest.mark.parametrize("key", [None, 1, 1.5, b"key", ("key",), True])
    def test_a_key_that_is_no_str_is_refused(self, store: Store, key: Any) -> None:
        """Only text is a key; nothing is turned into text."""
        self._refused(store, key)

    def _refused(self, store: Store, key: Any) -> None:
        calls: list[Callable[[], object]] = [
            lambda: store.get(key),
            lambda: store.set(key, 1),
            lambda: store.set(key, 1, ttl=0),
            lambda: store.delete(key),
            lambda: store.exists(key),
            lambda: store.ttl(key),
            lambda: store.get_many(["fine", key]),
            lambda: store.delete_many(["fine", key]),
        ]
        if store.backend.atomic:
            calls += [
                lambda: store.add(key, 1),
                lambda: store.incr(key),
                lambda: store.pop(key),
                lambda: store.compare_and_set(key, 1, 2),
                lambda: store.get_or_set(key, 1),
                lambda: store.touch(key, 1),
            ]
        for call in calls:
            with pytest.raises(InvalidKey) as caught:
                call()
            assert isinstance(caught.value, ValueError)
            assert caught.value.alias == store.alias

    @clause("keys-invalid")
    def test_nothing_is_sent_for_a_bad_key(self, store: Store) -> None:
        """One bad key in a bulk call, and no entry of the call is written or deleted."""
        store.set("old", 1)
        with pytest.raises(InvalidKey):
            store.set_many({"new": 1, "": 2})
        with pytest.raises(InvalidKey):
            store.delete_many(["old", "a\ud800"])
        assert store.get_many(["old", "new"]) == {"old": 1}

    @clause("keys-any")
    @needs("atomic")
    def test_any_key_takes_part_in_atomic_calls(self, store: Store) -> None:
        """What may be a key may be counted, added and popped."""
        room = self.room(store)
        for key in ("\0", "a b\n", "%41", "é'\"\\", "\U0001f600" * min(20, room // 4)):
            assert store.add(key, 1)
            assert store.incr(key) == 2
            assert store.compare_and_set(key, 2, 3)
            assert store.pop(key) == 3
            assert key not in store

    @clause("keys-any")
    def test_any_text_is_a_key_of_its_own(self, store: Store) -> None:
        """Whatever texts are chosen, each is the key of its own entry and of no other."""
        tried, room = 0, self.room(store)
        wanted = self.examples_wanted

        @examples(max_examples=math.ceil(wanted / _BATCH), deadline=None)
        @given(st.lists(keys, min_size=_BATCH, max_size=_BATCH, unique=True))
        def check(batch: list[str]) -> None:
            nonlocal tried
            # An engine may take less than the longest of these.
            batch = [key for key in batch if len(key.encode()) <= room]
            tried += len(batch)
            written = {key: f"the value of {key}" for key in batch}
            assert store.get_many(batch) == {}
            store.set_many(written)
            assert {key: store.get(key) for key in batch} == written
            if store.backend.iterable:
                assert dict(store.items()) == written
                assert sorted(store.keys()) == sorted(batch)
            assert store.delete_many(batch) == len(batch)

        check()
        assert tried >= wanted
