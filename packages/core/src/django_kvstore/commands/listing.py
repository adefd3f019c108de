"""``manage.py kvstore keys|count [PREFIX]``: what is in a store."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_kvstore.params import whole

from .subcommand import Subcommand, add_store, answer, chosen_store


class ListingSubcommand(Subcommand):
    """A subcommand about the keys of a prefix."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prefix", nargs="?", default="", help=_("What the keys begin with."))
        add_store(parser)


class Keys(ListingSubcommand):
    """One key a line, as it is read; with --json one JSON text a line, for keys with newlines."""

    help = gettext_lazy("Lists keys, one a line; with --json each as a JSON text.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--limit", type=whole, help=_("How many at the most."))

    def handle(self, command: BaseCommand, **options: Any) -> None:
        for number, key in enumerate(chosen_store(options["store"]).keys(options["prefix"])):
            if number == options["limit"]:
                return
            command.stdout.write(json.dumps(key, ensure_ascii=False) if options["json"] else key)


class Count(ListingSubcommand):
    """The number of keys."""

    help = gettext_lazy("Counts keys.")

    def handle(self, command: BaseCommand, **options: Any) -> None:
        total = chosen_store(options["store"]).count(options["prefix"])
        answer(command, options, str(total), prefix=options["prefix"], count=total)
