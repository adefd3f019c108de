"""``manage.py kvstore check [ALIAS …]``: asks each store's engine and reports what is wrong.

Unlike ``manage.py check`` it asks the engines too, and stores an entry for a moment: a database, or
a role in it, may answer every read and refuse to write.
"""

from __future__ import annotations

import json
import secrets
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_kvstore.errors import KVStoreError
from django_kvstore.store import Store

from .subcommand import Subcommand, add_aliases, add_json, chosen, for_each, healthy

#: Where the entry is stored: no walk through the store's own keys sees it.
NAMESPACE: Final = "kvstore-check"


class Check(Subcommand):
    """A line for each store; exit code 1 when one is not OK."""

    help = gettext_lazy(
        "Asks each store's engine, and writes, reads and deletes an entry; exit code 1 when one is "
        "not OK."
    )
    example = "manage.py kvstore check default --json"

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_aliases(parser)
        add_json(parser)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        seconds, problems = for_each(options["alias"], try_out)
        found = {alias: problems.get(alias) for alias in chosen(options["alias"])}
        if options["json"]:
            command.stdout.write(json.dumps(found, ensure_ascii=False))
        else:
            for alias, problem in found.items():
                command.stdout.write(f"{alias}: {problem or healthy(seconds[alias])}")
        if problems:
            raise CommandError(_("Not OK: %s") % ", ".join(problems))


def try_out(store: Store) -> float:
    """Ask the engine, then write, read and delete an entry; return the seconds that asking took.

    Raises `KVStoreError` where one of these fails, or what is read is not what was written.
    """
    seconds = store.ping()
    scratch, key, value = store.namespace(NAMESPACE), secrets.token_hex(8), secrets.token_hex(8)
    scratch.set(key, value, ttl=60)
    # `pop` reads where it writes, and so not from a replica that lags behind.
    found = scratch.pop(key) if store.backend.atomic else scratch.get(key)
    if not store.backend.atomic:
        scratch.delete(key)
    if found != value:
        raise store.backend.error(
            KVStoreError,
            "an entry that was written a moment ago could not be read.",
            hint="See that the engine has room, and that its servers are those of the settings.",
        )
    return seconds
