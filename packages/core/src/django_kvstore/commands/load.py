"""``manage.py kvstore load FILE``: writes what ``dump`` wrote into a store.

``manage.py kvstore load backup.jsonl.gz --store default``
"""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_kvstore.entries import Entry
from django_kvstore.transfer.checkpoint import Checkpoint
from django_kvstore.transfer.dumpfile import STANDARD, lines_of
from django_kvstore.transfer.failures import Failures
from django_kvstore.transfer.lines import longest_line
from django_kvstore.transfer.progress import Progress
from django_kvstore.transfer.reading import Whole, entry_pages
from django_kvstore.transfer.verify import verify_dump
from django_kvstore.transfer.writers import Writers

from .copy import add_transfer, add_verify, finish, refuse_standard
from .subcommand import Subcommand, add_store, store_of


class Load(Subcommand):
    """Overwrites entries of the same keys, and leaves others alone."""

    help = gettext_lazy("Writes the entries of a dump into a store, over those of the same keys.")
    example = "manage.py kvstore load backup.jsonl.gz --store default --verify"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help=_("The dump; '-' for standard input."))
        add_store(parser)
        add_transfer(parser)
        add_verify(parser, _("Read the store again and compare it with the dump."))

    def handle(self, command: BaseCommand, **options: Any) -> None:
        store, name = store_of(options), options["file"]
        refuse_standard(name, options)
        if name != STANDARD and not Path(name).exists():
            raise CommandError(
                _("There is no file %s. Give a dump's path, or - for standard input.") % name
            )
        of = [options["store"], options["namespace"] or "", *_version(name)]
        checkpoint = Checkpoint(Path(f"{name}.loading"), of=of)
        state = checkpoint.begin(resume=options["resume"]) if name != STANDARD else None
        failures = Failures(state and state["failures"])
        skip = state["lines"] if state else 0
        whole = Whole(name)
        quiet = options["verbosity"] == 0

        def written(cursor: str | None) -> None:
            if cursor is not None and name != STANDARD:
                checkpoint.write(lines=int(cursor), failures=failures.state)

        def write(page: list[Entry]) -> None:
            failures.restore(store, failures.readable(page))

        with (
            checkpoint.pointed_out(),
            closing(lines_of(name, longest_line(store))) as lines,
            Progress(_("Loading"), command.stderr, None, quiet=quiet) as progress,
            Writers(options["workers"], write, written) as writers,
        ):
            for number, page in entry_pages(lines, skip, whole):
                writers.put(page, str(number))
                progress.advance(len(page))
        whole.check()
        if options["verify"]:
            with Progress(_("Verifying"), command.stderr, whole.entries, quiet=quiet) as progress:
                verify_dump(name, store, failures, progress)
        checkpoint.remove()
        text = ngettext("Loaded %d entry into %s.", "Loaded %d entries into %s.", whole.entries)
        finish(command, options, failures, text % (whole.entries, store.alias), whole.entries)


def _version(name: str) -> list[str]:
    """Return what tells the file from another that takes its place."""
    if name == STANDARD:
        return []
    status = Path(name).stat()
    return [str(status.st_size), str(status.st_mtime_ns)]
