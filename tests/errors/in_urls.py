"""Mistakes in what a URL says besides its scheme, which is each engine's own business."""

from __future__ import annotations

from .in_settings import TAKE
from .mistake import GET, Chapter, Mistake

URLS = Chapter(
    "URLs of engines",
    "What a URL says besides its scheme is [the engine's](backends/index.md) business.",
    (
        Mistake(
            "db: no table",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "db://"}',
            call=GET,
            wrong="the URL names no table",
            fix="db://kvstore",
        ),
        Mistake(
            "db: another database in the URL",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "db://shop:hunter2@sessions"}',
            call=GET,
            wrong="name a table and nothing else",
            fix="db://kvstore?using=alias",
        ),
        Mistake(
            "db: a database that there is not",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions?using=replica"}',
            call=GET,
            wrong="the database 'replica'",
            fix="settings.DATABASES has: 'default'",
        ),
        Mistake(
            "memcached: a user and a password",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "memcached://shop:hunter2@127.0.0.1:11211"}',
            call=TAKE,
            wrong="SASL is not supported",
            fix="remove what stands before the '@'",
        ),
        Mistake(
            "memcached: no server",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "memcached://"}',
            call=TAKE,
            wrong="it names no server",
            fix="write memcached://127.0.0.1:11211",
        ),
        Mistake(
            "A port that is none",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "memcached://127.0.0.1:112110"}',
            call=TAKE,
            wrong="'127.0.0.1:112110'",
            fix="host:port",
        ),
        Mistake(
            "tyrant: several servers",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "tyrant://10.0.0.1;10.0.0.2"}',
            call=TAKE,
            wrong="tyrant takes one server",
            fix="'tyrant://127.0.0.1:1978'",
        ),
        Mistake(
            "sdb: half of the credentials",
            raises="ImproperlyConfigured",
            settings=(
                "KEY_VALUE_STORES = {\n"
                '    "sessions": "sdb://sessions?region=eu-west-1&aws_secret_access_key=hunter2",\n}'
            ),
            call=TAKE,
            wrong="'aws_access_key' and 'aws_secret_access_key'",
            fix="go together",
        ),
        Mistake(
            "sdb: a domain that SimpleDB does not take",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "sdb://my%20sessions?region=eu-west-1"}',
            call=TAKE,
            wrong="one domain of 3 to 255 ASCII letters",
            fix="'sdb://domain?region=eu-west-1'",
        ),
        Mistake(
            "gae: a namespace that Datastore does not take",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "gae://shop/my%20sessions"}',
            call=TAKE,
            wrong="the Datastore namespace 'my sessions'",
            fix="up to 100 ASCII letters, digits or any of . _ -",
        ),
        Mistake(
            "A module of django-kvstore 1.0 that is not there",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "shop.storage://files.example"}',
            call=TAKE,
            wrong="the module 'shop.storage'",
            fix="Correct the path before '://'",
        ),
    ),
)
