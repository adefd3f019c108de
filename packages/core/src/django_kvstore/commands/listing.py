"""``manage.py kvstore keys|count [PREFIX]``: what is in a store."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_kvstore.params import whole

from .subcommand import Subcommand, add_store, answer, store_of
from .terminal import shown


class ListingSubcommand(Subcommand):
    """A subcommand about the keys of a prefix."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prefix", nargs="?", default="", help=_("What the keys begin with."))
        add_store(parser)


class Keys(ListingSubcommand):
    """One key a line, as it is read; with --json one JSON text a line, for keys with newlines."""

    help = gettext_lazy("Lists keys, one a line; with --json each as a JSON text.")
    example = "manage.py kvstore keys user: --limit 20"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--limit", type=whole, help=_("How many at the most."))

    def handle(self, command: BaseCommand, **options: Any) -> None:
        for number, key in enumerate(store_of(options).keys(options["prefix"])):
            if number == options["limit"]:
                return
            text = json.dumps(key, ensure_ascii=False) if options["json"] else key
            command.stdout.write(shown(text, command.stdout, line=True))


class Count(ListingSubcommand):
    """The number of keys."""

    help = gettext_lazy("Counts keys.")
    example = "manage.py kvstore count user: --store default"

    def handle(self, command: BaseCommand, **options: Any) -> None:
        total = store_of(options).count(options["prefix"])
        answer(command, options, str(total), prefix=options["prefix"], count=total)
