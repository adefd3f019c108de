"""``manage.py kvstore get|set|delete|ttl|incr KEY``: one entry from the command line.

``manage.py kvstore set greeting hello --ttl 60 --store counters``
"""

from __future__ import annotations

import shlex
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_kvstore.errors import InvalidValue
from django_kvstore.options import DEFAULT_TTL, MISSING

from .subcommand import Subcommand, add_store, answer, given_value, json_value, store_of
from .terminal import shown


class EntrySubcommand(Subcommand):
    """A subcommand about one key."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", help=_("The key."))
        add_store(parser)


def _missing(key: str) -> CommandError:
    return CommandError(_("There is no entry '%s'.") % key)


def _text(value: object) -> str:
    try:
        return value if isinstance(value, str) else repr(value)
    except ValueError as error:
        text = _(
            "The value can be shown with --json only: it has a number of more digits than Python "
            "writes."
        )
        raise CommandError(text) from error


class Get(EntrySubcommand):
    """Shows the value; exit code 1 when there is none."""

    help = gettext_lazy("Shows an entry's value; exit code 1 when there is none.")
    example = "manage.py kvstore get greeting --store default"

    def handle(self, command: BaseCommand, **options: Any) -> None:
        value = store_of(options).get(options["key"], MISSING)
        if value is MISSING:
            raise _missing(options["key"])
        if not options["json"]:
            command.stdout.write(shown(_text(value), command.stdout))
            return
        answer(command, options, "", key=options["key"], value=json_value(value))


class Set(EntrySubcommand):
    """Writes a value given as text or JSON."""

    help = gettext_lazy("Writes an entry.")
    example = "manage.py kvstore set limits '{\"upload\": 5}' --json --ttl 3600"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "value",
            help=_("The value: text, or with --json typed JSON; '-' reads standard input."),
        )
        parser.add_argument(
            "--ttl", type=float, default=DEFAULT_TTL, help=_("Seconds that the entry is to live.")
        )

    def handle(self, command: BaseCommand, **options: Any) -> None:
        value = given_value(options["value"], as_json=options["json"])
        store_of(options).set(options["key"], value, options["ttl"])
        answer(command, options, _("Set '%s'.") % options["key"], key=options["key"])


class Delete(EntrySubcommand):
    """Deletes one entry."""

    help = gettext_lazy("Deletes an entry; exit code 1 when there is none.")
    example = "manage.py kvstore delete greeting"

    def handle(self, command: BaseCommand, **options: Any) -> None:
        if not store_of(options).delete(options["key"]):
            raise _missing(options["key"])
        answer(command, options, _("Deleted '%s'.") % options["key"], key=options["key"])


class Ttl(EntrySubcommand):
    """Shows or changes an entry's expiry."""

    help = gettext_lazy("Shows how many seconds an entry has left, or changes that.")
    example = "manage.py kvstore ttl greeting --set 3600"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        change = parser.add_mutually_exclusive_group()
        change.add_argument("--set", type=float, metavar="SECONDS", help=_("The new time to live."))
        change.add_argument("--persist", action="store_true", help=_("Let it live without expiry."))

    def handle(self, command: BaseCommand, **options: Any) -> None:
        store, key = store_of(options), options["key"]
        change = options["persist"] or options["set"] is not None
        if change and not store.touch(key, None if options["persist"] else options["set"]):
            raise _missing(key)
        left = store.ttl(key)
        if left == 0.0 and not change:  # a time to live of none deletes it, as it was told to
            raise _missing(key)
        text = _("no expiry") if left is None else f"{left:.3f}"
        answer(command, options, text, key=key, ttl=left)


class Incr(EntrySubcommand):
    """Adds to a counter."""

    help = gettext_lazy("Adds to an integer, and shows the sum.")
    example = "manage.py kvstore incr visits 3"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "delta", type=int, nargs="?", default=1, help=_("What to add; 1 if not given.")
        )

    def handle(self, command: BaseCommand, **options: Any) -> None:
        store, key = store_of(options), options["key"]
        try:
            total = store.incr(key, options["delta"])
        except InvalidValue as error:
            if not isinstance(store.get(key), str):
                raise
            text = _("%s From the command line, --json stores a number: set %s 5 --json")
            raise CommandError(text % (error, shlex.quote(key))) from error
        answer(command, options, str(total), key=options["key"], value=total)
