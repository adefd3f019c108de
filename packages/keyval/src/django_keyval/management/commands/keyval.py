"""``manage.py keyval``: reading and writing named keys and values from the command line.

``manage.py keyval -c set -n settings -k motd -V hello``
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_keyval.copying import copy_names, count_keys, is_one, verify_names
from django_keyval.models import KeyVal
from django_keyval.names import Names, names, stored_key, to_store
from django_kvstore import MISSING, KVStoreError, Store
from django_kvstore.commands.copy import finish
from django_kvstore.commands.import_legacy import Row, add_import, run_import
from django_kvstore.commands.subcommand import chosen_store, confirmed, given_value, json_value
from django_kvstore.commands.terminal import shown, terminal
from django_kvstore.transfer.failures import Failures
from django_kvstore.transfer.legacy_tables import read_keyval, rows
from django_kvstore.transfer.progress import Progress

COMMANDS = ("set", "get", "del", "list", "flush", "purge", "copy", "import-legacy")
#: The table of django_keyval 0.1.2.
TABLE = "django_keyval__kvstore"


class Command(BaseCommand):
    """Exit code 1 when something is wrong; as with the ancestor, a missing key is told, and is not.

    With ``--strict`` it is.
    """

    help = "Reads, writes, deletes and lists named keys and values."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "-c",
            "--command",
            metavar="{%s}" % ",".join(COMMANDS),  # noqa: UP031, of braces
            help=_("What to do."),
        )
        parser.add_argument(
            "-n",
            "--store_name",
            "--name",
            dest="name",
            help=_(
                "The name; 'list' without one lists the names, 'flush' without one empties all, "
                "'copy' without one copies all."
            ),
        )
        parser.add_argument("-k", "--key", "--ke", dest="key", help=_("The key."))
        parser.add_argument(
            "-V",
            "--value",
            dest="value",
            help=_("The value, stored as text, or as JSON with --json; '-' reads standard input."),
        )
        parser.add_argument(
            "--strict", action="store_true", help=_("Exit with 1 where there is no such key.")
        )
        parser.add_argument("--ttl", type=float, help=_("Seconds that the key is to live."))
        parser.add_argument(
            "--json", action="store_true", help=_("Read the value as JSON, and answer in JSON.")
        )
        parser.add_argument(
            "--table", default=TABLE, help=_("For 'import-legacy': the table's name.")
        )
        parser.add_argument(
            "--to",
            metavar="STORE",
            help=_("For 'copy': the alias or URL of the store that is to have the names too."),
        )
        add_import(parser)
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help=_("Do not ask before emptying."),
        )

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as Django does, whatever the terminal can show."""
        with terminal():
            super().run_from_argv(argv)

    def handle(self, *args: Any, command: str | None, **options: Any) -> None:
        if command not in COMMANDS:
            # Told here and not by argparse, whose exit code is another than the ancestor's.
            raise CommandError(_("Say what to do: --command %s.") % ", ".join(COMMANDS))
        try:
            getattr(self, f"do_{command.replace('-', '_')}")(**options)
        except (KVStoreError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error

    def do_set(self, *, value: str | None, ttl: float | None, **options: Any) -> None:
        """Write a key."""
        keyval, key = self._named(**options), self._key(**options)
        if value is None:
            raise CommandError(_("Give the value with --value, '-' for standard input."))
        new = keyval.set(key, given_value(value, as_json=options["json"]), ttl)
        said = _("New key %s set in %s.") if new else _("Existing key %s overwritten in %s.")
        self._answer(said % (key, keyval.name), options, {"key": key, "new": new})

    def do_get(self, **options: Any) -> None:
        """Show a key's value."""
        keyval, key = self._named(**options), self._key(**options)
        value = keyval.get_default(key, MISSING)
        if value is MISSING:
            self._no_key(key, keyval, options)
            return
        shown = json_value(value) if options["json"] else None
        self._answer(str(value), options, {"key": key, "value": shown})

    def do_del(self, **options: Any) -> None:
        """Delete a key."""
        keyval, key = self._named(**options), self._key(**options)
        if not keyval.delete(key, ignore_keyerror=True):
            self._no_key(key, keyval, options)
            return
        self._answer(_("Key %s deleted from %s.") % (key, keyval.name), options, {"key": key})

    def do_list(self, *, name: str | None, **options: Any) -> None:
        """List the keys of a name, or the names."""
        found = list(KeyVal(name)) if name is not None else KeyVal.names()
        if options["json"]:
            self.stdout.write(json.dumps(found))
            return
        for each in found:
            self.stdout.write(shown(each, self.stdout, line=True))

    def do_flush(self, *, name: str | None, interactive: bool, **options: Any) -> None:
        """Empty a name, or all."""
        what = _("every key of every name") if name is None else _("every key of %s") % name
        if interactive and not confirmed(_("Delete %s? Type 'yes': ") % what):
            raise CommandError(_("Nothing was deleted."))
        if name is None:
            KeyVal.flush_all()
        else:
            KeyVal(name).flush()
        self._answer(_("Deleted %s.") % what, options, {"flushed": name})

    def do_purge(self, **options: Any) -> None:
        """Delete what has expired."""
        deleted = KeyVal.purge()
        self._answer(_("%d deleted") % deleted, options, {"deleted": deleted})

    def do_copy(self, *, name: str | None, to: str | None, **options: Any) -> None:
        """Copy a name, or all, to another store, and read what was written."""
        if to is None:
            raise CommandError(_("Give the other store with --to, an alias or a URL."))
        source, target = names(), Names(chosen_store(to))
        if is_one(source, target):
            raise CommandError(_("The names are in %s already.") % target.store.alias)
        chosen = KeyVal.names() if name is None else [name]
        if options["dry_run"]:
            number = count_keys(source, chosen)
            text = ngettext("%d key would be copied.", "%d keys would be copied.", number)
            self._answer(text % number, options, {"entries": number})
            return
        failures, quiet = Failures(), options["verbosity"] == 0
        with Progress(_("Copying"), self.stderr, None, quiet=quiet) as progress:
            copied = copy_names(source, target, chosen, failures, progress)
        with Progress(_("Verifying"), self.stderr, None, quiet=quiet) as progress:
            verify_names(source, target, chosen, failures, progress)
        text = ngettext("Copied %d key to %s.", "Copied %d keys to %s.", copied)
        finish(self, options, failures, text % (copied, target.store.alias), copied)

    def do_import_legacy(self, *, using: str, table: str, **options: Any) -> None:
        """Import a table of django_keyval 0.1.2."""

        def place(key: Row) -> tuple[Store, str, Callable[[Any], Any]]:
            name, text = key
            stored = stored_key(text)
            return names().open(name), stored, lambda value: to_store(stored, text, value)

        def write(key: Row, value: Any) -> None:
            KeyVal(key[0]).set(key[1], value)

        found = rows(using, table, "name", "key", "value")
        run_import(self, options, found, read_keyval, place, write)

    def _named(self, *, name: str | None, **options: Any) -> KeyVal:
        if name is None:
            raise CommandError(_("Give the name with --store_name."))
        return KeyVal(name)

    def _key(self, *, key: str | None, **options: Any) -> str:
        if key is None:
            raise CommandError(_("Give the key with --key."))
        return key

    def _no_key(self, key: str, keyval: KeyVal, options: dict[str, Any]) -> None:
        told = _("Key %s does not exist in %s.") % (key, keyval.name)
        if options["strict"]:
            raise CommandError(told)
        if options["json"]:
            self.stdout.write(json.dumps({"key": key, "missing": True}))
        else:
            self.stderr.write(_("Warning: %s") % told)

    def _answer(self, text: str, options: dict[str, Any], data: dict[str, Any]) -> None:
        text = json.dumps(data) if options["json"] else text
        self.stdout.write(shown(text, self.stdout))
