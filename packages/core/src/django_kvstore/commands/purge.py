"""``manage.py kvstore purge [ALIAS …]``: deletes what has expired; for a daily cron job, say."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .subcommand import Subcommand, add_aliases, chosen_stores


class Purge(Subcommand):
    """Says of each store how many cells it deleted."""

    help = gettext_lazy(
        "Deletes expired entries, and what is left of replaced large values, from engines that "
        "do not do so by themselves."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_aliases(parser)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        for store in chosen_stores(options["alias"]):
            if store.backend.iterable:
                command.stdout.write(_("%s: %d deleted") % (store.alias, store.purge()))
            elif options["alias"]:
                store.purge()  # raises what the engine cannot
            else:
                command.stdout.write(_("%s: expires by itself") % store.alias)
