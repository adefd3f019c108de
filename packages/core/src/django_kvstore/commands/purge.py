"""``manage.py kvstore purge [ALIAS …]``: deletes what has expired; for a daily cron job, say."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_kvstore.store import Store

from .subcommand import Subcommand, add_aliases, add_json, for_each, tell_problems


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
        def purge(store: Store) -> int | None:
            # One that is asked for by name says itself what it cannot.
            return store.purge() if store.backend.iterable or options["alias"] else None

        told, problems = for_each(options["alias"], purge)
        if options["json"]:
            command.stdout.write(json.dumps({"deleted": told}))
        else:
            for alias, deleted in told.items():
                done = _("expires by itself") if deleted is None else _("%d deleted") % deleted
                command.stdout.write(f"{alias}: {done}")
        tell_problems(problems)
