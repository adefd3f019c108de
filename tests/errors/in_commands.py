"""Mistakes on the command line."""

from __future__ import annotations

from .mistake import Chapter, Mistake

_DB = 'KEY_VALUE_STORES = {"sessions": "db://sessions"}'

COMMANDS = Chapter(
    "Commands",
    "A command that fails ends with exit code 1, and with the message of its store's error, or one "
    "of these.",
    (
        Mistake(
            "A store that the settings do not have",
            raises="CommandError",
            settings=_DB,
            alias="sesions",
            call="python manage.py kvstore keys --store sesions",
            wrong="There is no store 'sesions'",
            fix="Did you mean 'sessions'?",
        ),
        Mistake(
            "A value that is not JSON",
            raises="CommandError",
            settings=_DB,
            alias="",
            call="python manage.py kvstore set a '{hunter2}' --json --store sessions",
            wrong="With --json the value must be JSON",
            fix="A name needs double quotes",
        ),
        Mistake(
            "A dump that is not there",
            raises="CommandError",
            settings=_DB,
            alias="",
            call="python manage.py kvstore load backup.jsonl --store sessions",
            wrong="There is no file backup.jsonl",
            fix="Give a dump's path",
        ),
        Mistake(
            "A dump that was cut short",
            raises="CommandError",
            settings=_DB,
            alias="",
            scene=(
                'with open("backup.jsonl", "w") as file:\n'
                '    file.write(\'{"django-kvstore":"dump","version":1}\\n\')'
            ),
            call="python manage.py kvstore load backup.jsonl --store sessions",
            wrong="The dump was cut short",
            fix="Dump the store again",
        ),
        Mistake(
            "A table of pickles",
            raises="CommandError",
            settings=_DB,
            alias="",
            scene="place.table('kvstore', 'kee TEXT PRIMARY KEY, value TEXT')",
            call="python manage.py kvstore import-legacy kvstore --store sessions",
            wrong="The table holds pickles, which run the code they name",
            fix="add --unpickle",
        ),
    ),
)
