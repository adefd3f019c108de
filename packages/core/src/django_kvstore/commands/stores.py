"""``manage.py kvstore stores [ALIAS …]``: what is configured, what it can do, and how it is."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_kvstore.errors import KVStoreError

from .subcommand import Subcommand, add_aliases, chosen_stores

FLAGS = ("atomic", "iterable", "durable", "shared", "transactional")


class Stores(Subcommand):
    """A line or two for each store."""

    help = gettext_lazy("Lists the stores: alias, URL without secrets, abilities, health.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_aliases(parser)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        for store in chosen_stores(options["alias"]):
            abilities = " ".join(flag for flag in FLAGS if getattr(store.backend, flag))
            try:
                health = _("answers in %.1f ms") % (store.ping() * 1000)
            except KVStoreError as error:
                health = str(error)
            command.stdout.write(f"{store.alias}  {store!r}\n    {abilities or '-'}\n    {health}")
