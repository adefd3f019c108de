"""``manage.py demo``: every named Unicode character, stored and read back, and what else stores do.

``hatch run demo``, or ``hatch run demo --url memcached://127.0.0.1:11211`` for any other store.
"""

from __future__ import annotations

import platform
import sqlite3
import sys
import time
import unicodedata
from argparse import ArgumentParser
from itertools import islice
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone
from rich.console import Console

from characters.chapters import CHAPTERS, Chapter
from characters.collection import Findings, read_back, store
from characters.crowd import crowd
from characters.folder import make_folder
from characters.models import Character, Note, Run
from characters.names import named_characters
from characters.page import Page
from characters.script import Differs, run_script
from django_kvstore import KVStoreError, __version__, kvstore, models


class Command(BaseCommand):
    """Exits with a message and code 1 when an answer is not the one that was due."""

    help = "Stores every named Unicode character, reads them all back, and shows what stores do."

    def add_arguments(self, parser: ArgumentParser) -> None:
        # The first two are read by manage.py, before the settings; here they are for --help.
        parser.add_argument("--folder", help="where the SQLite file lies; docs/demo/data")
        parser.add_argument("--url", help="the store to use; db://kvstore")
        parser.add_argument("--limit", type=int, help="how many characters to store; all of them")
        parser.add_argument("--fresh", action="store_true", help="begin without earlier data")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["limit"] is not None and options["limit"] < 1:
            raise CommandError("--limit is at least 1.")
        console = Console(
            no_color=options["no_color"] or None,
            force_terminal=options["force_color"] or None,
            emoji=False,
            highlight=False,
        )
        if hasattr(sys.stdout, "reconfigure"):
            # A terminal that knows no snowman gets its number, and the demo goes on.
            sys.stdout.reconfigure(errors="backslashreplace")
        begun = time.perf_counter()
        try:
            compared = Demo(Page(console), options["limit"]).run(fresh=options["fresh"])
        except (Differs, KVStoreError) as error:
            raise CommandError(str(error)) from error
        seconds = time.perf_counter() - begun
        Page(console).done(
            f"All is as it should be: {compared:,} answers compared in {seconds:.1f} s.",
            "Run it again: it will find what this run stored."
            if kvstore.backend.shared
            else "This engine forgets when its process ends: there is nothing to find again.",
        )


class Demo:
    """One run of the demo."""

    def __init__(self, page: Page, limit: int | None) -> None:
        self.page = page
        self.limit = limit
        self.compared = 0

    def run(self, *, fresh: bool) -> int:
        """Run every part; return how many answers were compared."""
        self.page.title("django-kvstore: every named Unicode character", self.facts())
        self.prepare(fresh)
        expected = named_characters(self.limit)
        self.keep_characters(expected, None if fresh else Run.get(unicodedata.unidata_version))
        for chapter in CHAPTERS:
            self.show(chapter)
        return self.compared

    def facts(self) -> dict[str, str]:
        """Return what this runs on."""
        facts = {"store": kvstore.backend.url.redacted()}
        if kvstore.backend.provisions_on_migrate("default"):
            make_folder()
            facts["store"] += f" on SQLite {sqlite3.sqlite_version}"
            facts["folder"] = str(settings.FOLDER)
        facts["with"] = f"django-kvstore {__version__}, Django {django.__version__}"
        facts["on"] = f"Python {platform.python_version()}, Unicode {unicodedata.unidata_version}"
        return facts

    def prepare(self, fresh: bool) -> None:
        """Make what the engine needs."""
        self.page.heading("Make ready")
        if kvstore.backend.provisions_on_migrate("default"):
            before = connection.introspection.table_names()
            call_command("migrate", verbosity=0)
            made = set(connection.introspection.table_names()) - set(before)
            tables = ", ".join(sorted(made))
            self.page.line(f"manage.py migrate made: {tables or 'nothing, all is there'}")
        else:
            made_by_hand = kvstore.backend.provision()
            self.page.line("made what the engine needs" if made_by_hand else "nothing to be made")
        if fresh and kvstore.backend.clearable:
            kvstore.clear()
            self.page.line("cleared of earlier data")

    def keep_characters(self, expected: dict[str, Character], last: Run | None) -> None:
        """Store the characters, but those that an earlier run has, and read all of them back."""
        further = expected
        if last is not None:
            self.page.heading(f"Find the {last.characters:,} characters of an earlier run")
            self.page.line(f"stored until {last.finished:%Y-%m-%d %H:%M:%S} UTC, not stored again")
            promised = dict(islice(expected.items(), last.characters))
            lost = self.verify(promised, may_miss=kvstore.backend.evicts)
            further = {
                name: one for name, one in expected.items() if name in lost or name not in promised
            }
        if not further:
            return
        self.store(further)
        self.verify(expected)
        Run(
            unicode=unicodedata.unidata_version,
            characters=len(expected),
            finished=timezone.now(),
        ).save()

    def store(self, characters: dict[str, Character]) -> None:
        total = len(characters)
        self.page.heading(f"Store {total:,} characters as model objects")
        begun = time.perf_counter()
        store(characters.values(), self.page, total)
        seconds = time.perf_counter() - begun
        self.page.line(f"in {seconds:.1f} s: {total / seconds:,.0f} objects a second")

    def verify(self, expected: dict[str, Character], *, may_miss: bool = False) -> list[str]:
        """Read the characters back; return the names of those missing, when some may be."""
        self.page.heading(f"Read all {len(expected):,} back")
        begun = time.perf_counter()
        findings = read_back(expected, self.page)
        seconds = time.perf_counter() - begun
        self.compared += len(expected)
        problems = _problems(findings, may_miss)
        if problems:
            raise Differs(
                "The store does not hold what was stored. "
                f"{problems} Begin anew with --fresh, once you know why."
            )
        pace = f"in {seconds:.1f} s: {len(findings.right) / seconds:,.0f} objects a second"
        self.page.line(f"{pace}, each just as it was stored")
        if findings.missing:
            self.page.line(f"{len(findings.missing):,} were evicted meanwhile: this engine may")
        return findings.missing

    def show(self, chapter: Chapter) -> None:
        """Run a chapter, or say what the engine lacks for it."""
        self.page.heading(chapter.title)
        lacking = [flag for flag in chapter.needs if not getattr(kvstore.backend, flag)]
        if lacking:
            self.page.line(f"skipped: this engine is not {' and '.join(lacking)}", "yellow")
            return
        kvstore.delete_many(chapter.keys)
        names = {"Character": Character, "Note": Note, "models": models, "__name__": "demo"}
        helpers = {"kvstore": kvstore, "crowd": crowd, "sleep": time.sleep}
        self.compared += run_script(chapter.script, {**names, **helpers}, self.page)


def _problems(findings: Findings, may_miss: bool) -> str:
    told = {
        "differ": findings.wrong,
        "came twice": findings.twice,
        "are missing": [] if may_miss else findings.missing,
    }
    return " ".join(
        f"{len(names):,} {what}: {', '.join(names[:3])}{' …' if len(names) > 3 else ''}."
        for what, names in told.items()
        if names
    )
