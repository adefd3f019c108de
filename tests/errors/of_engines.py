"""Engines that are not there, do not let one in, or do not answer."""

from __future__ import annotations

from .mistake import GET, Chapter, Mistake


def _database(engine: str, port: str, **more: str) -> str:
    entry = {
        "ENGINE": f"django.db.backends.{engine}",
        "NAME": "shop",
        "USER": "shop",
        "PASSWORD": "hunter2",
        "HOST": "127.0.0.1",
        "PORT": port,
        **more,
    }
    lines = "".join(f'        "{name}": "{value}",\n' for name, value in entry.items())
    return (
        'DATABASES = {\n    "shop": {\n' + lines + "    },\n}\n"
        'KEY_VALUE_STORES = {"sessions": "db://sessions?using=shop"}'
    )


def _sdb(port: str, domain: str = "sessions") -> str:
    return (
        "KEY_VALUE_STORES = {\n"
        f'    "sessions": {{\n        "URL": "sdb://{domain}?region=eu-west-1",\n'
        '        "OPTIONS": {\n'
        '            "aws_access_key": "AKIAEXAMPLE",\n'
        '            "aws_secret_access_key": "hunter2",\n'
        f'            "endpoint_url": "http://127.0.0.1:{port}",\n'
        "        },\n    },\n}"
    )


REACH = Chapter(
    "Engines out of reach",
    "`Unavailable`, or `Timeout`: the call had no effect and may be repeated.",
    (
        Mistake(
            "memcached: a wrong port",
            raises="Unavailable",
            settings='KEY_VALUE_STORES = {"sessions": "memcached://127.0.0.1:11212"}',
            call=GET,
            wrong="the memcached server 127.0.0.1:11212 cannot be reached",
            fix="See that it runs, and that the store's URL is right",
        ),
        Mistake(
            "memcached: something else listens there",
            raises="Unavailable",
            settings='KEY_VALUE_STORES = {"sessions": "memcached://127.0.0.1:8000"}',
            call=GET,
            wrong="127.0.0.1:8000 gave no proper answer",
            fix="See that it runs and that it is a memcached",
        ),
        Mistake(
            "memcached: no answer",
            raises="Timeout",
            settings='KEY_VALUE_STORES = {"sessions": "memcached://127.0.0.1:11214?timeout=0.2"}',
            scene="place.proxy.hold('reply')",
            call=GET,
            wrong="127.0.0.1:11214 did not answer within 0.2 s",
            fix="give the store's URL a longer 'timeout'",
        ),
        Mistake(
            "memcached: the answer to a write is lost",
            raises="OutcomeUnknown",
            settings='KEY_VALUE_STORES = {"sessions": "memcached://127.0.0.1:11214"}',
            scene='kvstores["sessions"].get("a")\nplace.proxy.cut_reply(0)',
            call='kvstores["sessions"].set("a", "hunter2")',
            wrong="was sent a write, and its answer was lost",
            fix="read first, then decide",
        ),
        Mistake(
            "tyrant: a wrong port",
            raises="Unavailable",
            settings='KEY_VALUE_STORES = {"sessions": "tyrant://127.0.0.1:1979"}',
            call=GET,
            wrong="127.0.0.1:1979 cannot be reached",
            fix="Is ttserver running there",
        ),
        Mistake(
            "tyrant: something else listens there",
            raises="Timeout",
            # A server that reads lines answers what happens to hold the end of one; this is none.
            settings='KEY_VALUE_STORES = {"sessions": "tyrant://127.0.0.1:11214?timeout=0.2"}',
            scene="place.proxy.hold('reply')",
            call=GET,
            wrong="127.0.0.1:11214 did not answer in time",
            fix="Is it ttserver that listens there?",
        ),
        Mistake(
            "tyrant: a server that forbids commands",
            raises="Refused",
            settings='KEY_VALUE_STORES = {"sessions": "tyrant://127.0.0.1:1980"}',
            call=GET,
            wrong="the server refuses fwmkeys",
            fix="Start ttserver without -mask, or with -unmask fwmkeys after it",
        ),
        Mistake(
            "sdb: a wrong port",
            raises="Unavailable",
            settings=_sdb("8001"),
            call=GET,
            wrong="SimpleDB could not be asked (EndpointConnectionError)",
            fix="the store's 'endpoint_url', can be reached from here",
        ),
        Mistake(
            "sdb: wrong credentials",
            raises="Refused",
            settings=_sdb("8000"),
            scene="place.simpledb.set(credentials={'AKIAEXAMPLE': 'another secret'})",
            call=GET,
            wrong="SimpleDB does not accept the signature (SignatureDoesNotMatch)",
            fix="the store's 'aws_access_key' and 'aws_secret_access_key'",
        ),
        Mistake(
            "sdb: a domain that is not there",
            raises="NoSuchDomain",
            settings=_sdb("8000"),
            scene="place.simpledb.set(credentials={})",
            call=GET,
            wrong="there is no domain 'sessions'",
            fix="Run 'manage.py kvstore provision sessions'",
        ),
        Mistake(
            "gae: a wrong port",
            raises="Unavailable",
            shell="DATASTORE_EMULATOR_HOST=127.0.0.1:8081",
            settings='KEY_VALUE_STORES = {"sessions": "gae://shop/sessions?timeout=2"}',
            call=GET,
            wrong="Datastore could not be asked",
            fix="the emulator that DATASTORE_EMULATOR_HOST names, can be reached",
        ),
        Mistake(
            "gae: no credentials",
            raises="Unavailable",
            settings=(
                "KEY_VALUE_STORES = {\n"
                '    "sessions": "gae://shop/sessions?credentials=/etc/account.json",\n}'
            ),
            call=GET,
            wrong="there are no credentials to sign in to Google Cloud with",
            fix="give the path of a service account's key file as 'credentials'",
        ),
    ),
)

DATABASES = Chapter(
    "Databases",
    "The same errors, for what `db` finds in one of Django's databases.",
    (
        Mistake(
            "The table is missing",
            raises="Unavailable",
            settings='KEY_VALUE_STORES = {"sessions": "db://not_migrated"}',
            call=GET,
            wrong="the table 'not_migrated' is missing in the database 'default'",
            fix="Run 'manage.py migrate --database=default'",
        ),
        Mistake(
            "The table is another one",
            raises="Unavailable",
            settings='KEY_VALUE_STORES = {"sessions": "db://django_site"}',
            scene="place.table('django_site', 'id INTEGER PRIMARY KEY, domain TEXT')",
            call=GET,
            wrong="the table 'django_site' in the database 'default' is not one of a store",
            fix="Give the store a table of its own: db://another_name",
        ),
        Mistake(
            "A database router keeps the table out",
            raises="Unavailable",
            settings=(
                "class OwnTables:\n"
                "    def allow_migrate(self, db, app_label, **hints):\n"
                '        return app_label == "shop"\n\n\n'
                "DATABASE_ROUTERS = [OwnTables()]\n"
                'KEY_VALUE_STORES = {"sessions": "db://not_migrated"}'
            ),
            call=GET,
            wrong="the table 'not_migrated' is missing in the database 'default'",
            fix="let its allow_migrate() return True for the application label 'django_kvstore_db'",
        ),
        Mistake(
            "A migration uses a store that has no table yet",
            raises="Unavailable",
            settings='KEY_VALUE_STORES = {"sessions": "db://not_migrated"}',
            scene="from django.db import migrations; migrate = place.migrate",
            call=(
                "def fill(apps, schema_editor):\n"
                '    kvstores["sessions"].set("word", "hunter2")\n\n\n'
                "migrate(migrations.RunPython(fill))"
            ),
            wrong="the table 'not_migrated' is missing in the database 'default'",
            fix="Put ProvisionStore('sessions'), from django_kvstore.migrations, before",
        ),
        Mistake(
            "A module uses a store when it is imported",
            raises="Unavailable",
            settings='KEY_VALUE_STORES = {"sessions": "db://not_migrated"}',
            scene=(
                "place.module('prices', 'from django_kvstore import kvstores; '\n"
                '             \'PRICES = kvstores["sessions"].get("prices")\')'
            ),
            call="import prices",
            wrong="the table 'not_migrated' is missing in the database 'default'",
            fix="The store is used while Django starts",
        ),
        Mistake(
            "SQLite: a database that may only be read",
            raises="Refused",
            settings=(
                "DATABASES = {\n"
                '    "shop": {\n        "ENGINE": "django.db.backends.sqlite3",\n'
                '        "NAME": "shop.sqlite3",\n    },\n}\n'
                'KEY_VALUE_STORES = {"sessions": "db://sessions?using=shop"}'
            ),
            scene=(
                "from django.db import connections\n"
                'kvstores["sessions"].backend.provision()\n'
                'connections["shop"].cursor().execute("PRAGMA query_only = 1")'
            ),
            call='kvstores["sessions"].set("word", "hunter2")',
            wrong="refused a statement (error SQLITE_READONLY): attempt to write a readonly",
            fix="Repeating the call does not help before the database or its settings are changed",
        ),
        Mistake(
            "PostgreSQL: a wrong port",
            raises="Unavailable",
            settings=_database("postgresql", "5433"),
            call=GET,
            wrong="the database 'shop' could not be reached",
            fix="HOST, PORT, NAME, USER and PASSWORD in settings.DATABASES['shop']",
        ),
        Mistake(
            "PostgreSQL: a user that it does not know",
            raises="Unavailable",
            settings=_database("postgresql", "5432"),
            call=GET,
            wrong="the database 'shop' could not be reached",
            fix="HOST, PORT, NAME, USER and PASSWORD in settings.DATABASES['shop']",
        ),
        Mistake(
            "MariaDB: a wrong port",
            raises="Unavailable",
            settings=_database("mysql", "3307"),
            call=GET,
            wrong="the database 'shop' could not be reached (error 2003): Can't connect",
            fix="HOST, PORT, NAME, USER and PASSWORD in settings.DATABASES['shop']",
        ),
        Mistake(
            "MariaDB: a wrong password",
            raises="Unavailable",
            settings=_database("mysql", "3306"),
            call=GET,
            wrong="the database 'shop' could not be reached (error 1045): Access denied for user",
            fix="HOST, PORT, NAME, USER and PASSWORD in settings.DATABASES['shop']",
        ),
        Mistake(
            "SQLite: a folder that is not there",
            raises="Unavailable",
            settings=(
                "DATABASES = {\n"
                '    "shop": {\n        "ENGINE": "django.db.backends.sqlite3",\n'
                '        "NAME": "/nowhere/shop.sqlite3",\n    },\n}\n'
                'KEY_VALUE_STORES = {"sessions": "db://sessions?using=shop"}'
            ),
            call=GET,
            wrong="could not be reached (error SQLITE_CANTOPEN): unable to open database file",
            fix="the folder of NAME",
        ),
    ),
)
