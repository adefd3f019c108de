"""``manage.py kvstore check [ALIAS …]``: asks each store's engine and reports what is wrong.

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

from .subcommand import Subcommand, add_aliases, add_json, chosen, for_each, healthy


class Check(Subcommand):
    """A line for each store; exit code 1 when one is not OK."""

    help = gettext_lazy("Opens each store and asks its engine; exit code 1 when one is not OK.")
    example = "manage.py kvstore check default --json"

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_aliases(parser)
        add_json(parser)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        seconds, problems = for_each(options["alias"], Store.ping)
        found = {alias: problems.get(alias) for alias in chosen(options["alias"])}
        if options["json"]:
            command.stdout.write(json.dumps(found, ensure_ascii=False))
        else:
            for alias, problem in found.items():
                command.stdout.write(f"{alias}: {problem or healthy(seconds[alias])}")
        if problems:
            raise CommandError(_("Not OK: %s") % ", ".join(problems))
