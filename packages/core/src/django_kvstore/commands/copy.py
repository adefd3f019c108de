"""``manage.py kvstore copy SRC DST``: all entries of one store into another, expiry kept.

``manage.py kvstore copy default tyrant://10.0.0.5 --workers 4 --verify``
"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_kvstore.backend import Backend
from django_kvstore.entries import Entry
from django_kvstore.params import whole
from django_kvstore.store import Store
from django_kvstore.transfer.checkpoint import Checkpoint, digest
from django_kvstore.transfer.dumpfile import STANDARD
from django_kvstore.transfer.failures import Failures
from django_kvstore.transfer.pages import pages
from django_kvstore.transfer.progress import Progress
from django_kvstore.transfer.verify import verify
from django_kvstore.transfer.writers import Writers

from .subcommand import Subcommand, add_json, add_namespace, answer, chosen_store, within


def add_transfer(parser: ArgumentParser) -> None:
    """Declare the arguments of a transfer into a store."""
    parser.add_argument(
        "--resume", action="store_true", help=_("Continue where one that was stopped ended.")
    )
    parser.add_argument(
        "--workers", type=whole, default=1, help=_("How many threads write at once; 1 by default.")
    )


def add_verify(parser: ArgumentParser, told: str) -> None:
    """Declare the argument that has a transfer verified."""
    parser.add_argument("--verify", action="store_true", help=told)


def refuse_standard(name: str, options: dict[str, Any]) -> None:
    """End the command where it is to verify a dump that cannot be read again."""
    if name == STANDARD and options["verify"]:
        raise CommandError(_("--verify reads the dump again: give a file's path instead of -."))


def finish(
    command: BaseCommand, options: dict[str, Any], failures: Failures, text: str, entries: int
) -> None:
    """Say that it is done, or list what was not and exit with 1."""
    if failures.count:
        failures.tell(command.stderr)
        raise CommandError(
            ngettext(
                "%d entry was not transferred.", "%d entries were not transferred.", failures.count
            )
            % failures.count
        )
    answer(command, options, text, entries=entries)


class Copy(Subcommand):
    """Overwrites entries of the same keys, and leaves others in DST alone."""

    help = gettext_lazy("Copies all entries of a store into another; each an alias or a URL.")
    example = "manage.py kvstore copy default tyrant://10.0.0.5 --workers 4 --verify"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="SRC", help=_("The store to read."))
        parser.add_argument("target", metavar="DST", help=_("The store to write."))
        parser.add_argument("--prefix", default="", help=_("Only keys that begin so."))
        add_namespace(parser)
        add_transfer(parser)
        add_verify(parser, _("Read both stores again and compare them."))
        add_json(parser)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        source, target = chosen_store(options["source"]), chosen_store(options["target"])
        if source is target:
            raise CommandError(_("SRC and DST are one store."))
        namespace, prefix = options["namespace"], options["prefix"]
        source, target = within(source, namespace), within(target, namespace)
        quiet = options["verbosity"] == 0
        of = [options["source"], options["target"], prefix, namespace or ""]
        checkpoint = Checkpoint(Path(f"kvstore-copy-{digest(of)}.progress"), of=of)
        state = checkpoint.begin(resume=options["resume"])
        failures = Failures(state and state["failures"])
        copied, cursor = (state["entries"], state["cursor"]) if state else (0, None)
        total = _total(source, prefix)
        with (
            checkpoint.pointed_out(),
            Progress(_("Copying"), command.stderr, total, quiet=quiet) as progress,
        ):
            progress.advance(copied)
            sizes: list[int] = []

            def written(cursor: str | None) -> None:
                nonlocal copied
                copied += sizes.pop(0)
                if cursor is not None:
                    checkpoint.write(cursor=cursor, entries=copied, failures=failures.state)

            def write(page: list[Entry]) -> None:
                failures.restore(target, page)

            with Writers(options["workers"], write, written) as writers:
                for entries, following in pages(source, prefix, cursor):
                    page = failures.readable(entries)
                    sizes.append(len(page))
                    writers.put(page, following)
                    progress.advance(len(page))
        if options["verify"]:
            with Progress(_("Verifying"), command.stderr, total, quiet=quiet) as progress:
                verify(source, target, prefix, failures, progress)
        checkpoint.remove()
        text = ngettext(
            "Copied %d entry from %s to %s.",
            "Copied %d entries from %s to %s.",
            copied,
        )
        finish(command, options, failures, text % (copied, source.alias, target.alias), copied)


def _total(source: Store, prefix: str) -> int | None:
    # For the bar alone; an engine on which counting is a walk is not asked.
    counts = type(source.backend).count is not Backend.count
    return source.count(prefix) if counts else None
