"""``manage.py kvstore``: looking after the configured stores.

``manage.py kvstore provision``; each subcommand is a module of `django_kvstore.commands`.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext_lazy as _

from django_kvstore.commands import SUBCOMMANDS
from django_kvstore.errors import KVStoreError


class Command(BaseCommand):
    """Dispatches to the subcommand; a store's errors end it with a message and exit code 1."""

    help = _("Looks after the configured key-value stores.")  # type: ignore[assignment]
    #: `kvstore check` tells more of a wrong store than Django's checks, which would end this first.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        subparsers = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
        for name, subcommand in SUBCOMMANDS.items():
            sub = subparsers.add_parser(
                name, help=str(subcommand.help), description=str(subcommand.help)
            )
            subcommand.add_arguments(sub)

    def handle(self, *args: Any, subcommand: str, **options: Any) -> None:
        try:
            SUBCOMMANDS[subcommand].handle(self, **options)
        except (KVStoreError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
