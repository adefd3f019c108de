"""``manage.py kvstore load FILE``: writes what ``dump`` wrote into a store.

``manage.py kvstore load backup.jsonl.gz --store default``
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_kvstore.entries import Entry
from django_kvstore.transfer.checkpoint import Checkpoint
from django_kvstore.transfer.dumpfile import STANDARD, lines_of
from django_kvstore.transfer.failures import Failures
from django_kvstore.transfer.lines import read_line
from django_kvstore.transfer.progress import Progress
from django_kvstore.transfer.writers import Writers

from .copy import add_transfer, finish
from .subcommand import Subcommand, add_namespace, add_store, chosen_store

_PAGE = 250


class Load(Subcommand):
    """Overwrites entries of the same keys, and leaves others alone."""

    help = gettext_lazy("Writes the entries of a dump into a store, over those of the same keys.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help=_("The dump; '-' for standard input."))
        add_store(parser)
        add_namespace(parser)
        add_transfer(parser, verify=False)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        store, name = chosen_store(options["store"], options["namespace"]), options["file"]
        if name != STANDARD and not Path(name).exists():
            raise CommandError(
                _("There is no file %s. Give a dump's path, or - for standard input.") % name
            )
        of = [options["store"], options["namespace"], *_version(name)]
        checkpoint = Checkpoint(Path(f"{name}.loading"), of=of)
        state = checkpoint.begin(resume=options["resume"]) if name != STANDARD else None
        failures = Failures(state and state["failures"])
        skip = state["lines"] if state else 0
        whole = _Whole()
        quiet = options["verbosity"] == 0

        def written(cursor: str | None) -> None:
            if cursor is not None and name != STANDARD:
                checkpoint.write(lines=int(cursor), failures=failures.state)

        def write(page: list[Entry]) -> None:
            failures.restore(store, page)

        with (
            checkpoint.pointed_out(),
            closing(lines_of(name)) as lines,
            Progress(_("Loading"), command.stderr, None, quiet=quiet) as progress,
            Writers(options["workers"], write, written) as writers,
        ):
            for number, page in _pages(lines, skip, whole):
                writers.put(page, str(number))
                progress.advance(len(page))
        if whole.promised != whole.entries:
            raise CommandError(
                _("The dump was cut short: it has %d entries and no whole last line; dump again.")
                % whole.entries
            )
        checkpoint.remove()
        text = ngettext("Loaded %d entry into %s.", "Loaded %d entries into %s.", whole.entries)
        finish(command, options, failures, text % (whole.entries, store.alias), whole.entries)


def _version(name: str) -> list[str]:
    """Return what tells the file from another that takes its place."""
    if name == STANDARD:
        return []
    status = Path(name).stat()
    return [str(status.st_size), str(status.st_mtime_ns)]


class _Whole:
    """Whether a dump has as many entries as its last line says."""

    def __init__(self) -> None:
        self.entries = 0
        self.promised: int | None = None


def _pages(lines: Iterator[bytes], skip: int, whole: _Whole) -> Iterator[tuple[int, list[Entry]]]:
    """Yield pages of entries, each with the number of lines up to its end."""
    number = 0
    while page := list(islice(lines, _PAGE)):
        entries = []
        for line in page:
            number += 1
            try:
                found = read_line(line)
            except ValueError as error:
                raise CommandError(_("Line %d: %s.") % (number, error)) from error
            if isinstance(found, int):
                whole.promised = found
            elif found is not None:
                whole.entries += 1
                if number > skip:
                    entries.append(found)
        if entries:
            yield number, entries
