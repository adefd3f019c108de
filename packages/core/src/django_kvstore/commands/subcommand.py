"""What every subcommand of ``manage.py kvstore`` is, and the arguments that several share."""

from __future__ import annotations

import difflib
import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from django_kvstore.store import Store
from django_kvstore.stores import get_kvstore, kvstores
from django_kvstore.typed_json import from_json


class Subcommand:
    """One subcommand: its help, its arguments, and what it does."""

    help: str | Promise

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""

    def handle(self, command: BaseCommand, **options: Any) -> None:
        """Do it, writing to ``command.stdout``."""
        raise NotImplementedError


def add_aliases(parser: ArgumentParser) -> None:
    """Declare the aliases of the stores to work on."""
    parser.add_argument("alias", nargs="*", help=_("Which stores, by alias; all by default."))


def add_store(parser: ArgumentParser) -> None:
    """Declare the one store to work on, and the form of the answer."""
    parser.add_argument(
        "-s",
        "--store",
        default="default",
        help=_("The store's alias or URL; 'default' if not said."),
    )
    add_json(parser)


def add_json(parser: ArgumentParser) -> None:
    """Declare the form of the answer."""
    parser.add_argument("--json", action="store_true", help=_("Answer in JSON."))


def chosen_stores(aliases: list[str]) -> list[Store]:
    """Return the stores of those aliases, or every one."""
    return [chosen_store(alias) for alias in aliases or kvstores]


def chosen_store(name: str) -> Store:
    """Return the store of an alias or URL."""
    if "://" not in name and name not in kvstores:
        known = ", ".join(kvstores) or _("none")
        told = _("There is no store '%s'. The settings have: %s.") % (name, known)
        near = difflib.get_close_matches(name, kvstores, n=1)
        meant = _(" Did you mean '%s'?") % near[0] if near else ""
        raise CommandError(f"{told}{meant}")
    return get_kvstore(name)


def given_value(text: str, *, as_json: bool) -> Any:
    """Return the value that the command line, or for '-' standard input, says."""
    if text == "-":
        text = sys.stdin.read()
    if not as_json:
        return text
    try:
        return from_json(json.loads(text))
    except ValueError as error:
        raise CommandError(_("The value is no JSON: %s") % error) from error


def answer(command: BaseCommand, options: dict[str, Any], text: str, **data: Any) -> None:
    """Write the answer as text, or with --json as one object."""
    command.stdout.write(json.dumps(data, ensure_ascii=False) if options["json"] else text)
