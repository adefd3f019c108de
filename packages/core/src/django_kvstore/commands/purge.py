"""``manage.py kvstore purge [ALIAS …]``: deletes what has expired; for a daily cron job, say."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .subcommand import Subcommand, add_aliases, add_json, chosen_stores


class Purge(Subcommand):
    """Says of each store how many cells it deleted."""

    help = gettext_lazy(
        "Deletes expired entries, and what is left of replaced large values, from engines that "
        "do not do so by themselves."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_aliases(parser)
        add_json(parser)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        told: dict[str, int | None] = {}
        for store in chosen_stores(options["alias"]):
            # One that is asked for by name says itself what it cannot.
            able = store.backend.iterable or options["alias"]
            told[store.alias] = store.purge() if able else None
            if not options["json"]:
                done = _("%d deleted") % told[store.alias] if able else _("expires by itself")
                command.stdout.write(f"{store.alias}: {done}")
        if options["json"]:
            command.stdout.write(json.dumps({"deleted": told}))
