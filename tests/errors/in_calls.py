"""Mistakes in calls: a key, a value, a number, or something that the engine cannot do."""

from __future__ import annotations

from .mistake import Chapter, Mistake

ON_DB = 'KEY_VALUE_STORES = {"sessions": "db://sessions"}'

KEYS = Chapter(
    "Keys",
    "Refused before anything is sent.",
    (
        Mistake(
            "An empty key",
            raises="InvalidKey",
            settings=ON_DB,
            call='kvstores["sessions"].set("", "hunter2")',
            wrong="the key is empty",
            fix="Give it at least one character",
        ),
        Mistake(
            "A key that is no text",
            raises="InvalidKey",
            settings=ON_DB,
            call='kvstores["sessions"].get(42)',
            wrong="a key is a str, not int",
            fix="str(key)",
        ),
        Mistake(
            "A key in bytes",
            raises="InvalidKey",
            settings=ON_DB,
            call='kvstores["sessions"].get(b"cart")',
            wrong="a key is a str, not bytes",
            fix="Decode it, as in key.decode()",
        ),
        Mistake(
            "A key that was not given",
            raises="InvalidKey",
            settings=ON_DB,
            call='kvstores["sessions"].get(None)',
            wrong="a key is a str, not None",
            fix="Find out where it comes from",
        ),
        Mistake(
            "One key where several are asked for",
            raises="InvalidKey",
            settings=ON_DB,
            call='kvstores["sessions"].delete_many("cart")',
            wrong="the call needs several keys, not one str",
            fix="Write [key] for a single one",
        ),
        Mistake(
            "A key that is too long",
            raises="InvalidKey",
            settings=ON_DB,
            call='kvstores["sessions"].get("k" * 2000)',
            wrong="the key is 2000 bytes",
            fix="hashlib.sha256(key.encode()).hexdigest()",
        ),
        Mistake(
            "A key with half a character",
            raises="InvalidKey",
            settings=ON_DB,
            call='kvstores["sessions"].get("\\ud800")',
            wrong="a lone surrogate",
            fix="ascii(key)",
        ),
    ),
)

VALUES = Chapter(
    "Values and numbers",
    "Nothing was written when one of these is raised, and what was there is still there.",
    (
        Mistake(
            "A value that the serializer does not know",
            raises="InvalidValue",
            settings=ON_DB,
            call='kvstores["sessions"].set("when", {"user": object(), "word": "hunter2"})',
            wrong="the serializer 'typed' cannot write the dict: value['user'] is a ",
            fix="set the store's option SERIALIZER",
        ),
        Mistake(
            "Pairs in place of a dict",
            raises="InvalidValue",
            settings=ON_DB,
            call='kvstores["sessions"].set_many([("word", "hunter2")])',
            wrong="set_many takes a dict of keys and their values, not list",
            fix="Give a dict, as in {'key': value}",
        ),
        Mistake(
            "A value that JSON does not have",
            raises="InvalidValue",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions?serializer=json"}',
            call='kvstores["sessions"].set("seen", {1: "one"})',
            wrong="value is a dict with a key of type int; JSON's names are str",
            fix="Store plain types",
        ),
        Mistake(
            "A value that pickle cannot write",
            raises="InvalidValue",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions?serializer=pickle"}',
            call='kvstores["sessions"].set("later", (word for word in ["hunter2"]))',
            wrong="the serializer 'pickle' cannot write the generator",
            fix="Store what the object is made of, as plain types",
        ),
        Mistake(
            "A value that is too large",
            raises="ValueTooLarge",
            settings=ON_DB,
            call='kvstores["sessions"].set("film", bytes(64 * 1024 * 1024))',
            wrong="the limit is 67108864",
            fix="Store a file's name rather than the file",
        ),
        Mistake(
            "A value that memcached's items are too small for",
            raises="ValueTooLarge",
            settings='KEY_VALUE_STORES = {"sessions": "memcached://127.0.0.1:11213"}',
            call='kvstores["sessions"].set("photo", bytes(1_000_000))',
            wrong="whose items have 524288 at most",
            fix="item_bytes=523904",
        ),
        Mistake(
            "A ttl that is no number",
            raises="InvalidValue",
            settings=ON_DB,
            call='kvstores["sessions"].set("a", 1, ttl="1h")',
            wrong="the ttl must be a number of seconds or a timedelta, not str",
            fix="as in ttl=60",
        ),
        Mistake(
            "A ttl that is a date",
            raises="InvalidValue",
            settings=ON_DB,
            call='kvstores["sessions"].set("a", 1, ttl=9_999_999_999)',
            wrong="the ttl must be at most a hundred years",
            fix="None for an entry that does not expire",
        ),
        Mistake(
            "A coroutine function for get_or_set",
            raises="InvalidValue",
            settings=ON_DB,
            scene="async def fetch(): return 'hunter2'",
            call='kvstores["sessions"].get_or_set("rates", fetch)',
            wrong="the default's value must be awaited, and get_or_set cannot",
            fix="Call 'await aget_or_set(...)'",
        ),
        Mistake(
            "A default that asks for its own key",
            raises="InvalidValue",
            settings=ON_DB,
            call=(
                'kvstores["sessions"].get_or_set("rates", lambda: '
                'kvstores["sessions"].get_or_set("rates", list))'
            ),
            wrong="the default for the key calls get_or_set for the key itself",
            fix="Compute the value without the entry that it is for",
        ),
        Mistake(
            "A lease that never ends",
            raises="InvalidValue",
            settings=ON_DB,
            call='kvstores["sessions"].get_or_set("rates", list, lease=None)',
            wrong="the lease must be a number of seconds or a timedelta, not NoneType",
            fix="Give more seconds than the computation takes",
        ),
        Mistake(
            "Counting at a text",
            raises="InvalidValue",
            settings=ON_DB,
            scene='kvstores["sessions"].set("name", "hunter2")',
            call='kvstores["sessions"].incr("name")',
            wrong="the value there is a str; only an int counts",
            fix="Set an int first, or count at another key",
        ),
        Mistake(
            "Counting in fractions",
            raises="InvalidValue",
            settings=ON_DB,
            call='kvstores["sessions"].incr("balance", 0.5)',
            wrong="the delta is a float; only an int counts",
            fix="Give an int",
        ),
        Mistake(
            "Counting too far",
            raises="InvalidValue",
            settings=ON_DB,
            scene='kvstores["sessions"].set("hits", 2**63 - 1)',
            call='kvstores["sessions"].incr("hits")',
            wrong="outside signed 64 bits",
            fix="Set a smaller one first",
        ),
    ),
)

CAPABILITIES = Chapter(
    "What an engine cannot do",
    "Nothing weaker is done in its place. [The matrix](backends/index.md) has who can.",
    (
        Mistake(
            "Listing what memcached has",
            raises="NotSupported",
            settings='KEY_VALUE_STORES = {"sessions": "memcached://127.0.0.1:11211"}',
            call='list(kvstores["sessions"].keys())',
            wrong="the engine cannot list its keys",
            fix="Choose a backend whose 'iterable' is true",
        ),
        Mistake(
            "Clearing a part of what memcached has",
            raises="NotSupported",
            settings='KEY_VALUE_STORES = {"sessions": "memcached://127.0.0.1:11211"}',
            call='kvstores["sessions"].clear("user:")',
            wrong="the engine cannot clear a part of a store",
            fix="Choose a backend whose 'iterable' is true",
        ),
        Mistake(
            "Counting on an engine without atomic operations",
            raises="NotSupported",
            settings='KEY_VALUE_STORES = {"sessions": "flatfile:///var/lib/shop"}',
            scene="place.install('kvstore-flatfile', 'flatfile', place.BACKEND)",
            call='kvstores["sessions"].incr("hits")',
            wrong="the engine cannot change an entry atomically",
            fix="Choose a backend whose 'atomic' is true",
        ),
        Mistake(
            "Clearing an engine that only has three methods",
            raises="NotSupported",
            settings='KEY_VALUE_STORES = {"sessions": "flatfile:///var/lib/shop"}',
            scene="place.install('kvstore-flatfile', 'flatfile', place.BACKEND)",
            call='kvstores["sessions"].clear()',
            wrong="the engine cannot delete all entries of a store",
            fix="Choose a backend whose 'clearable' is true",
        ),
    ),
)
