"""``manage.py kvstore provision [ALIAS …]``: creates what engines need before their first use."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .subcommand import Subcommand, add_aliases, add_json, for_each, tell_problems


class Provision(Subcommand):
    """Says of each store whether something was created."""

    help = gettext_lazy(
        "Creates what the stores' engines need before their first use: a table, a domain."
    )
    example = "manage.py kvstore provision default"

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_aliases(parser)
        add_json(parser)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        told, problems = for_each(options["alias"], lambda store: store.backend.provision())
        if options["json"]:
            command.stdout.write(json.dumps({"created": told}))
        else:
            for alias, created in told.items():
                done = _("created") if created else _("nothing to create")
                command.stdout.write(f"{alias}: {done}")
        tell_problems(problems)
