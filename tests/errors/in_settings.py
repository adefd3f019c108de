"""Mistakes in the settings: found by ``manage.py check``, or when a store is first taken."""

from __future__ import annotations

from .mistake import Chapter, Mistake

TAKE = 'kvstores["sessions"]'

STORES = Chapter(
    "Settings",
    "`python manage.py check` tells of these before anybody runs into them.",
    (
        Mistake(
            "No store is configured",
            raises="ImproperlyConfigured",
            call='kvstore.get("greeting")',
            alias="default",
            wrong="There is no store 'default'",
            fix="KEY_VALUE_STORE_BACKEND = 'db://kvstore'",
        ),
        Mistake(
            "An alias that the settings do not have",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions"}',
            call='kvstores["sesions"]',
            alias="sesions",
            wrong="There is no store 'sesions'",
            fix="Did you mean 'sessions'?",
        ),
        Mistake(
            "A URL without a scheme",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "kvstore"}',
            call=TAKE,
            wrong="begins with a scheme and '://'",
            fix="'db://kvstore'",
        ),
        Mistake(
            "A typo in a scheme",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "memcache://127.0.0.1:11211"}',
            call=TAKE,
            wrong="no backend for the scheme 'memcache'",
            fix="Did you mean 'memcached'?",
        ),
        Mistake(
            "A scheme that nobody offers",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "flatfile://:hunter2@/var/lib/shop"}',
            call=TAKE,
            installed=("django-kvstore-locmem",),
            wrong="no backend for the scheme 'flatfile'",
            fix="must be installed in this environment. Installed schemes: locmem.",
        ),
        Mistake(
            "An engine that is not installed",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "memcached://127.0.0.1:11211"}',
            call=TAKE,
            installed=("django-kvstore-locmem",),
            wrong="no backend for the scheme 'memcached'",
            fix="run 'pip install django-kvstore-memcached'",
        ),
        Mistake(
            "A typo in the scheme of an engine that is not installed",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "tirant://127.0.0.1:1978"}',
            call=TAKE,
            installed=("django-kvstore-locmem",),
            wrong="no backend for the scheme 'tirant'",
            fix="Did you mean 'tyrant'? That one needs 'pip install django-kvstore-tyrant'.",
        ),
        Mistake(
            "A backend that cannot be imported",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "flatfile:///var/lib/shop"}',
            call=TAKE,
            scene="place.install('kvstore-flatfile', 'flatfile', 'import flatfile_client')",
            wrong="No module named 'flatfile_client'",
            fix="Reinstall kvstore-flatfile",
        ),
        Mistake(
            "Two distributions that claim one scheme",
            raises="SystemCheckError",
            settings='KEY_VALUE_STORES = {"sessions": "flatfile:///var/lib/shop"}',
            call="python manage.py check",
            alias="",
            installed=("django-kvstore-locmem",),
            scene=(
                "place.install('kvstore-flatfile', 'flatfile', place.BACKEND)\n"
                "place.install('kvstore-flatfile2', 'flatfile', place.BACKEND)"
            ),
            wrong="'flatfile' is claimed by several distributions",
            fix="run 'pip uninstall kvstore-flatfile2'",
        ),
        Mistake(
            "A typo in a parameter",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "memcached://127.0.0.1:11211?timout=1"}',
            call=TAKE,
            wrong="does not know the parameter 'timout'",
            fix="did you mean 'timeout'?",
        ),
        Mistake(
            "A parameter that another engine has",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions?password=hunter2"}',
            call=TAKE,
            wrong="does not know the parameter 'password'",
            fix="it takes direct, using",
        ),
        Mistake(
            "A value that a parameter cannot have",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "memcached://127.0.0.1:11211?timeout=-1"}',
            call=TAKE,
            wrong="'-1' for 'timeout'",
            fix="a number greater than zero",
        ),
        Mistake(
            "A parameter beside the URL and not in OPTIONS",
            raises="ImproperlyConfigured",
            settings=(
                'KEY_VALUE_STORES = {\n    "sessions": '
                '{"URL": "memcached://127.0.0.1:11211", "TIMEOUT": 1},\n}'
            ),
            call=TAKE,
            wrong="knows no 'TIMEOUT'",
            fix="what the engine takes in OPTIONS",
        ),
        Mistake(
            "One thing said twice",
            raises="ImproperlyConfigured",
            settings=(
                'KEY_VALUE_STORES = {"sessions": {"URL": "db://sessions?ttl=60", "TTL": 300}}'
            ),
            call=TAKE,
            wrong="is given 'ttl' in its URL and beside it",
            fix="keep one of them",
        ),
        Mistake(
            "One thing said under two names",
            raises="ImproperlyConfigured",
            settings=(
                "KEY_VALUE_STORES = {\n"
                '    "sessions": "sdb://sessions?region=eu-west-1&region_name=us-east-1",\n}'
            ),
            call=TAKE,
            wrong="is given 'region' and 'region_name'",
            fix="keep one of them",
        ),
        Mistake(
            "A parameter twice in one URL",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions?ttl=60&ttl=300"}',
            call=TAKE,
            wrong="the parameter 'ttl' more than once",
            fix="keep one of them",
        ),
        Mistake(
            "Two stores that are the default",
            raises="ImproperlyConfigured",
            settings=(
                'KEY_VALUE_STORE_BACKEND = "db://kvstore"\n'
                'KEY_VALUE_STORES = {"default": "locmem://"}'
            ),
            call='kvstore.get("greeting")',
            alias="default",
            wrong="both name the default store",
            fix="keep one of them",
        ),
        Mistake(
            "A store that is no URL",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": {"BACKEND": "db", "PASSWORD": "hunter2"}}',
            call=TAKE,
            wrong="is neither a URL nor a dict with one",
            fix="{'URL': 'db://kvstore'}",
        ),
        Mistake(
            "Stores that are no dict",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = "db://kvstore"',
            call=TAKE,
            alias="",
            wrong="KEY_VALUE_STORES must be a dict",
            fix="{'default': 'db://kvstore'}",
        ),
        Mistake(
            "A password that is not percent-encoded",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "flatfile://shop:hunter2%@files.example"}',
            call=TAKE,
            wrong="a '%' in the URL is not followed by two hexadecimal digits",
            fix="write '%25'",
        ),
    ),
)

OPTIONS = Chapter(
    "Options",
    "What [every store takes](settings.md), whichever engine is behind it.",
    (
        Mistake(
            "A typo in a serializer",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions?serializer=jsn"}',
            call=TAKE,
            wrong="There is no serializer 'jsn'",
            fix="Did you mean 'json'?",
        ),
        Mistake(
            "A serializer that is not installed",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "locmem://sessions?serializer=flatbuf"}',
            call=TAKE,
            installed=("django-kvstore-locmem",),
            wrong="There is no serializer 'flatbuf'",
            fix="Installed: json, pickle, typed.",
        ),
        Mistake(
            "A compression that there is not",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions?compression=gzip"}',
            call=TAKE,
            wrong="'gzip' for 'compression'",
            fix="zlib and zstd",
        ),
        Mistake(
            "zstd without its library",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "locmem://sessions?compression=zstd"}',
            call=TAKE,
            installed=("django-kvstore-locmem",),
            wrong="zstd compression needs a library",
            fix="run 'pip install django-kvstore[zstd]'",
        ),
        Mistake(
            "A ttl that is none",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions?ttl=0"}',
            call=TAKE,
            wrong="'0' for 'ttl'",
            fix="a number greater than zero",
        ),
        Mistake(
            "A namespace with other characters",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions?namespace=my%20shop"}',
            call=TAKE,
            wrong="the namespace 'my shop'",
            fix="must be up to 200 ASCII letters, digits, '_', '.' or '-'",
        ),
        Mistake(
            "A namespace within a store",
            raises="InvalidKey",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions"}',
            call='kvstores["sessions"].namespace("my shop")',
            wrong="the name of a namespace must be 1 to 200 ASCII letters",
            fix="Choose another name",
        ),
        Mistake(
            "A path for the name of a namespace",
            raises="InvalidKey",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions"}',
            call='kvstores["sessions"].namespace("user/ada")',
            wrong="and 'user/ada' is not",
            fix="call namespace('outer').namespace('inner')",
        ),
    ),
)
