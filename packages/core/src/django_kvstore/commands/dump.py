"""``manage.py kvstore dump FILE``: a store as JSON Lines, types and expiry kept.

``manage.py kvstore dump backup.jsonl.gz --store default``
"""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_kvstore.transfer.checkpoint import Checkpoint
from django_kvstore.transfer.dumpfile import STANDARD, DumpWriter
from django_kvstore.transfer.failures import Failures
from django_kvstore.transfer.lines import entry_line, footer_line, header_line
from django_kvstore.transfer.pages import pages
from django_kvstore.transfer.progress import Progress
from django_kvstore.transfer.verify import verify_dump

from .copy import add_verify, refuse_standard
from .subcommand import Subcommand, add_store, answer, store_of


class Dump(Subcommand):
    """Writes pages; the file is whole when its last line, the number of entries, is there."""

    help = gettext_lazy(
        "Writes a store's entries to a file as JSON Lines; .gz and .zst names are compressed, "
        "'-' is standard output."
    )
    example = "manage.py kvstore dump backup.jsonl.gz --store default --verify"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help=_("The file to write; '-' for standard output."))
        parser.add_argument("--prefix", default="", help=_("Only keys that begin so."))
        parser.add_argument(
            "--resume", action="store_true", help=_("Continue where a dump to it was stopped.")
        )
        add_verify(parser, _("Read the file and compare it with the store."))
        add_store(parser)

    def handle(self, command: BaseCommand, **options: Any) -> None:
        store = store_of(options)
        name, prefix = options["file"], options["prefix"]
        refuse_standard(name, options)
        of = [options["store"], prefix, options["namespace"] or ""]
        checkpoint = Checkpoint(Path(f"{name}.progress"), of=of)
        # A dump into a pipe or a device cannot be resumed.
        resumable = name != STANDARD and (Path(name).is_file() or not Path(name).exists())
        state = checkpoint.begin(resume=options["resume"]) if resumable else None
        failures = Failures(state and state["failures"])
        done, cursor = (state["entries"], state["cursor"]) if state else (0, None)
        quiet = options["verbosity"] == 0
        with (
            checkpoint.pointed_out(),
            closing(DumpWriter(name, resume_at=state["offset"] if state else None)) as writer,
            Progress(_("Dumping"), command.stderr, None, quiet=quiet) as progress,
        ):
            if not state:
                writer.write(header_line())
            for entries, following in pages(store, prefix, cursor):
                lines = _lines(entries, failures)
                done += len(lines)
                writer.write(b"".join(lines))
                progress.advance(len(lines))
                if following is not None and resumable:
                    checkpoint.write(
                        offset=writer.offset,
                        cursor=following,
                        entries=done,
                        failures=failures.state,
                    )
            writer.write(footer_line(done))
        if options["verify"]:
            with Progress(_("Verifying"), command.stderr, done, quiet=quiet) as progress:
                verify_dump(name, store, failures, progress)
        checkpoint.remove()
        if failures.count:
            failures.tell(command.stderr)
            number = failures.count
            text = ngettext("%d entry was not dumped.", "%d entries were not dumped.", number)
            raise CommandError(text % number)
        if name != STANDARD:
            text = ngettext("Dumped %d entry of %s to %s.", "Dumped %d entries of %s to %s.", done)
            text %= (done, store.alias, name)
            answer(command, options, text, entries=done, file=name)


def _lines(entries: list[Any], failures: Failures) -> list[bytes]:
    lines = []
    for entry in failures.readable(entries):
        try:
            lines.append(entry_line(entry))
        except (TypeError, ValueError) as error:
            failures.add(entry.key, error)
        except RecursionError:
            failures.add(entry.key, _("its value is nested too deeply"))
    return lines
