"""``manage.py kvstore check [ALIAS …]``: opens each store, asks it and tells what is wrong.

Unlike ``manage.py check`` it asks the engines too.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_kvstore.errors import KVStoreError
from django_kvstore.stores import kvstores

from .subcommand import Subcommand, add_aliases, add_json, chosen_store


class Check(Subcommand):
    """A line for each store; exit code 1 when one is not well."""

    help = gettext_lazy("Opens each store and asks its engine; exit code 1 when one is not well.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_aliases(parser)
        add_json(parser)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        found = {alias: self._ask(alias) for alias in options["alias"] or kvstores}
        if options["json"]:
            command.stdout.write(json.dumps(found, ensure_ascii=False))
        else:
            for alias, problem in found.items():
                command.stdout.write(f"{alias}: {problem or _('well')}")
        ill = [alias for alias, problem in found.items() if problem]
        if ill:
            raise CommandError(_("Not well: %s") % ", ".join(ill))

    def _ask(self, alias: str) -> str | None:
        try:
            chosen_store(alias).ping()
        except (KVStoreError, ImproperlyConfigured) as error:
            return str(error)
        return None
