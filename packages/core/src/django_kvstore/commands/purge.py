"""``manage.py kvstore purge [ALIAS …]``: deletes what has expired; for a daily cron job."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_kvstore.store import Store

from .subcommand import (
    Subcommand,
    add_aliases,
    add_json,
    add_namespace,
    chosen_store,
    for_each,
    tell_problems,
    within,
)


class Purge(Subcommand):
    """Says of each store how many cells it deleted."""

    help = gettext_lazy(
        "Deletes expired entries, and what is left of replaced large values, from engines that "
        "do not do so by themselves."
    )
    example = "manage.py kvstore purge default"

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_aliases(parser)
        add_namespace(parser)
        add_json(parser)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        def purge(store: Store) -> int | None:
            # One that is asked for by name says itself what it cannot.
            if not store.backend.iterable and not options["alias"]:
                return None
            return within(store, options["namespace"]).purge()

        told, problems = for_each(options["alias"], purge)
        if options["json"]:
            command.stdout.write(json.dumps({"deleted": told}))
        else:
            for alias, deleted in told.items():
                command.stdout.write(f"{alias}: {_said(alias, deleted)}")
        tell_problems(problems)


def _said(alias: str, deleted: int | None) -> str:
    if deleted is not None:
        return _("%d deleted") % deleted
    if chosen_store(alias).backend.expires_itself:
        return _("expires by itself")
    return _("cannot list its keys, so nothing is deleted")
