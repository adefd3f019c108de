"""``manage.py kvstore stores [ALIAS …]``: what is configured, what it can do, and how it is."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_kvstore.errors import KVStoreError
from django_kvstore.stores import get_kvstore

from .subcommand import Subcommand, add_aliases, add_json, chosen, healthy

FLAGS: Final = ("atomic", "iterable", "clearable", "durable", "shared", "transactional")


class Stores(Subcommand):
    """A line for each store, or with --json one object of all."""

    help = gettext_lazy("Lists the stores: alias, scheme, URL without secrets, health, abilities.")
    example = "manage.py kvstore stores"

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_aliases(parser)
        add_json(parser)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        found = {shown: _describe(name) for shown, name in chosen(options["alias"]).items()}
        if options["json"]:
            command.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        head = (_("alias"), _("scheme"), _("URL"), _("health"), _("abilities"))
        for line in _aligned([head, *(_row(alias, told) for alias, told in found.items())]):
            command.stdout.write(line)
        for alias, told in found.items():
            if told["problem"]:
                command.stdout.write(f"\n{alias}: {told['problem']}")


def _describe(name: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "scheme": None,
        "url": None,
        "abilities": dict.fromkeys(FLAGS, False),
        "milliseconds": None,
        "problem": None,
    }
    try:
        store = get_kvstore(name)
        told["scheme"], told["url"] = store.backend.scheme, store.address
        told["abilities"] = {flag: getattr(store.backend, flag) for flag in FLAGS}
        told["milliseconds"] = store.ping() * 1000
    except (KVStoreError, ImproperlyConfigured) as error:
        told["problem"] = str(error)
    return told


def _row(alias: str, told: dict[str, Any]) -> tuple[str, ...]:
    health = _("failed") if told["problem"] else healthy(told["milliseconds"] / 1000)
    abilities = " ".join(flag for flag, able in told["abilities"].items() if able)
    return alias, told["scheme"] or "-", told["url"] or "-", health, abilities or "-"


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
