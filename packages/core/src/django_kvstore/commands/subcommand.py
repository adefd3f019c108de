"""What every subcommand of ``manage.py kvstore`` is."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.functional import Promise

from django_kvstore.store import Store
from django_kvstore.stores import kvstores


class Subcommand:
    """One subcommand: its help, its arguments, and what it does."""

    help: str | Promise

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""

    def handle(self, command: BaseCommand, **options: Any) -> None:
        """Do it, writing to ``command.stdout``."""
        raise NotImplementedError


def add_aliases(parser: ArgumentParser) -> None:
    """Declare the aliases of the stores to work on."""
    parser.add_argument("alias", nargs="*", help="which stores, by alias; all of them by default")


def chosen_stores(aliases: list[str]) -> list[Store]:
    """Return the stores of those aliases, or every one."""
    unknown = [alias for alias in aliases if alias not in kvstores]
    if unknown:
        known = ", ".join(kvstores) or "none"
        raise CommandError(f"There is no store '{unknown[0]}'. The settings have: {known}.")
    return [kvstores[alias] for alias in aliases or kvstores]
