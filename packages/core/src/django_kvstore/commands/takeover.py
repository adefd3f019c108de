"""``manage.py kvstore takeover TABLE``: takes over a table of django-kvstore 1.0's db backend.

``manage.py kvstore takeover kvstore --store default --unpickle``
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_kvstore.transfer.ancestors import read_kvstore, rows, take_over
from django_kvstore.transfer.failures import Failures

from .subcommand import Subcommand, add_store, answer, chosen_store


def add_takeover(parser: ArgumentParser) -> None:
    """Declare the arguments of a takeover."""
    parser.add_argument(
        "--using", default="default", help=_("The database's alias; 'default' if not said.")
    )
    parser.add_argument(
        "--dry-run", action="store_true", help=_("Count the rows, and write nothing.")
    )
    parser.add_argument(
        "--unpickle",
        action="store_true",
        help=_("Load the table's pickles. They run the code they name: trust the table first."),
    )


def run_takeover(
    command: BaseCommand,
    options: dict[str, Any],
    found: Iterator[tuple[Any, ...]],
    read: Callable[[Any], Any],
    write: Callable[[tuple[Any, ...], Any], None],
) -> None:
    """Count, or take over and list what failed."""
    if options["dry_run"]:
        number = sum(1 for _row in found)
        text = ngettext("%d row would be taken over.", "%d rows would be taken over.", number)
        answer(command, options, text % number, rows=number)
        return
    if not options["unpickle"]:
        raise CommandError(
            _(
                "The table holds pickles, which run the code they name. When you trust whoever "
                "could write to it, add --unpickle; --dry-run counts its rows without."
            )
        )
    failures = Failures()
    done, failed = take_over(found, read, write, failures)
    if failed:
        failures.tell(command.stderr)
        raise CommandError(_("%d rows taken over, %d not.") % (done, failed))
    text = ngettext("%d row taken over.", "%d rows taken over.", done)
    answer(command, options, text % done, rows=done)


class Takeover(Subcommand):
    """The table stays as it is."""

    help = gettext_lazy("Takes over a table of django-kvstore 1.0's db backend into a store.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("table", help=_("The table's name, as in the old 'db://table'."))
        add_takeover(parser)
        add_store(parser)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        store = chosen_store(options["store"])
        found = rows(options["using"], options["table"], "kee", "value")

        def write(key: tuple[Any, ...], value: Any) -> None:
            store.set(key[0], value)

        run_takeover(command, options, found, read_kvstore, write)
