"""``manage.py kvstore check [ALIAS …]``: opens each store, asks it and tells what is wrong.

Unlike ``manage.py check`` it asks the engines too.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_kvstore.store import Store

from .subcommand import Subcommand, add_aliases, add_json, chosen, for_each


class Check(Subcommand):
    """A line for each store; exit code 1 when one is not well."""

    help = gettext_lazy("Opens each store and asks its engine; exit code 1 when one is not well.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_aliases(parser)
        add_json(parser)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        _well, ill = for_each(options["alias"], Store.ping)
        found = {alias: ill.get(alias) for alias in chosen(options["alias"])}
        if options["json"]:
            command.stdout.write(json.dumps(found, ensure_ascii=False))
        else:
            for alias, problem in found.items():
                command.stdout.write(f"{alias}: {problem or _('well')}")
        if ill:
            raise CommandError(_("Not well: %s") % ", ".join(ill))
