"""``manage.py kvstore stores [ALIAS …]``: what is configured, what it can do, and how it is."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_kvstore.errors import KVStoreError
from django_kvstore.store import Store

from .subcommand import Subcommand, add_aliases, add_json, chosen_stores

FLAGS = ("atomic", "iterable", "clearable", "durable", "shared", "transactional")


class Stores(Subcommand):
    """Some lines for each store, or with --json one object of all."""

    help = gettext_lazy("Lists the stores: alias, URL without secrets, abilities, health.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_aliases(parser)
        add_json(parser)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        found = {store.alias: _describe(store) for store in chosen_stores(options["alias"])}
        if options["json"]:
            command.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        for alias, told in found.items():
            abilities = " ".join(flag for flag, able in told["abilities"].items() if able)
            health = told["problem"] or _("answers in %.1f ms") % told["milliseconds"]
            command.stdout.write(f"{alias}\n  {told['store']}\n  {abilities}\n  {health}")


def _describe(store: Store) -> dict[str, Any]:
    told: dict[str, Any] = {
        "store": repr(store.backend),
        "abilities": {flag: getattr(store.backend, flag) for flag in FLAGS},
        "milliseconds": None,
        "problem": None,
    }
    try:
        told["milliseconds"] = store.ping() * 1000
    except KVStoreError as error:
        told["problem"] = str(error)
    return told
