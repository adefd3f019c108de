"""``manage.py kvstore import-legacy TABLE``: imports a table of django-kvstore 1.0's db backend.

``manage.py kvstore import-legacy kvstore --store default --unpickle``
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_kvstore.store import Store
from django_kvstore.transfer.failures import Failures
from django_kvstore.transfer.legacy_tables import import_rows, read_kvstore, rows

from .subcommand import Subcommand, add_store, answer, store_of

Row = tuple[Any, ...]


def add_import(parser: ArgumentParser) -> None:
    """Declare the arguments of an import."""
    parser.add_argument(
        "--using", default="default", help=_("The database's alias; 'default' if not given.")
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help=_(
            "Write nothing. Alone it counts the rows; with --unpickle it reads every row, and "
            "reports what the import would do."
        ),
    )
    parser.add_argument(
        "--unpickle",
        action="store_true",
        help=_("Load the table's pickles. They run the code they name: trust the table first."),
    )


def run_import(
    command: BaseCommand,
    options: dict[str, Any],
    found: Iterator[Row],
    read: Callable[[Any], Any],
    place: Callable[[Row], tuple[Store, str, Callable[[Any], Any]]],
    write: Callable[[Row, Any], object],
) -> None:
    """Count the rows, or import them and list those that failed.

    `place` returns for a row's key the store, the key and the value's form in it: what a dry run
    checks instead of calling `write`.
    """
    dry_run = options["dry_run"]
    if dry_run and not options["unpickle"]:
        number = sum(1 for _row in found)
        text = ngettext(
            "The table has %d row. Add --unpickle to see whether it can be imported.",
            "The table has %d rows. Add --unpickle to see which of them can be imported.",
            number,
        )
        answer(command, options, text % number, rows=number)
        return
    if not options["unpickle"]:
        raise CommandError(
            _(
                "The table holds pickles, which run the code they name. When you trust everyone "
                "who could write to it, add --unpickle; --dry-run counts its rows without loading "
                "any."
            )
        )

    def check(key: Row, value: Any) -> None:
        store, name, form = place(key)
        store.coder.payload(store.coder.cell(name), form(value))

    failures = Failures()
    done, failed = import_rows(found, read, check if dry_run else write, failures)
    if failed:
        failures.tell(command.stderr)
        told = (
            _("%d rows can be imported, %d cannot.")
            if dry_run
            else _("%d rows imported, %d not imported.")
        )
        raise CommandError(told % (done, failed))
    if dry_run:
        text = ngettext("%d row can be imported.", "%d rows can be imported.", done)
    else:
        text = ngettext("%d row imported.", "%d rows imported.", done)
    answer(command, options, text % done, rows=done)


class ImportLegacy(Subcommand):
    """The table stays as it is."""

    help = gettext_lazy("Imports a table of django-kvstore 1.0's db backend into a store.")
    example = "manage.py kvstore import-legacy kvstore --dry-run --unpickle"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("table", help=_("The table's name, as in the old 'db://table'."))
        add_import(parser)
        add_store(parser)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        store = store_of(options)
        found = rows(options["using"], options["table"], "kee", "value")

        def place(key: Row) -> tuple[Store, str, Callable[[Any], Any]]:
            return store, key[0], lambda value: value

        def write(key: Row, value: Any) -> None:
            store.set(key[0], value)

        run_import(command, options, found, read_kvstore, place, write)
