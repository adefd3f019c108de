"""``manage.py kvstore``: looking after the configured stores.

``manage.py kvstore provision``; each subcommand is a module of `django_kvstore.commands`.
"""

from __future__ import annotations

import argparse
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from django_kvstore.commands import SUBCOMMANDS
from django_kvstore.commands.terminal import terminal
from django_kvstore.errors import KVStoreError

#: What Django gives every command, to be understood after the subcommand's name too.
_DJANGOS: Final[tuple[tuple[tuple[str, ...], dict[str, Any]], ...]] = (
    (("-v", "--verbosity"), {"type": int, "choices": range(4)}),
    (("--settings",), {}),
    (("--pythonpath",), {}),
    (("--traceback",), {"action": "store_true"}),
    (("--no-color",), {"action": "store_true"}),
    (("--force-color",), {"action": "store_true"}),
)


class Command(BaseCommand):
    """Dispatches to the subcommand; a store's errors end it with a message and exit code 1."""

    # A plain text, as with all commands: argparse takes no lazy one.
    help = "Looks after the configured key-value stores."
    #: `kvstore check` tells more of a wrong store than Django's checks, which would end this first.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        subparsers = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
        for name, subcommand in SUBCOMMANDS.items():
            sub = subparsers.add_parser(
                name,
                help=str(subcommand.help),
                description=str(subcommand.help),
                epilog=_("Example: %s") % subcommand.example,
            )
            subcommand.add_arguments(sub)
            for names, how in _DJANGOS:
                sub.add_argument(*names, default=argparse.SUPPRESS, help=argparse.SUPPRESS, **how)

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as Django does, whatever the terminal can show."""
        with terminal():
            super().run_from_argv(argv)

    def handle(self, *args: Any, subcommand: str, **options: Any) -> None:
        try:
            SUBCOMMANDS[subcommand].handle(self, **options)
        except (KVStoreError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
