"""``manage.py serve``: the demo's data in Django's admin, after one login that it prints.

``hatch run serve``, or ``hatch run serve 127.0.0.1:8001``. What `demo` has not stored yet is stored
first.
"""

from __future__ import annotations

import secrets
import unicodedata
from argparse import ArgumentParser
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from characters.folder import make_folder
from characters.models import Run
from django_kvstore import KVStoreError

USER: Final = "admin"


class Command(BaseCommand):
    """Serves until it is interrupted. Every start has a new password."""

    help = "Shows the demo's store in Django's admin, on this machine alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", nargs="?", default="127.0.0.1:8000", help="host:port")
        # The first two are read by manage.py, before the settings; here they are for --help.
        parser.add_argument("--folder", help="where the SQLite file lies; docs/demo/data")
        parser.add_argument("--url", help="the store to use; db://kvstore")
        parser.add_argument("--limit", type=int, help="how many characters to store; all of them")

    def handle(self, *args: Any, **options: Any) -> None:
        make_folder()
        call_command("migrate", verbosity=0)
        try:
            stored = Run.get(unicodedata.unidata_version)
        except KVStoreError as error:
            raise CommandError(str(error)) from error
        if stored is None:
            call_command("demo", limit=options["limit"], no_color=options["no_color"])
        password = self.make_user()
        address = options["address"]
        where = address if ":" in address else f"127.0.0.1:{address}"
        self.stdout.write(f"\nThe demo's store is at http://{where}/")
        self.stdout.write(f"Log in as '{USER}' with the password '{password}'.\n")
        self.stdout.write("Ctrl-C ends it, and the next start has another password.\n\n")
        self.stdout.flush()
        # Reloading would start all of this anew, with a password that nobody has been told.
        call_command("runserver", where, use_reloader=False)

    def make_user(self) -> str:
        """Let the user in by a new password alone; return it."""
        password = secrets.token_urlsafe(12)
        user, _made = get_user_model()._default_manager.get_or_create(
            username=USER, defaults={"is_staff": True, "is_superuser": True}
        )
        user.set_password(password)
        user.save()
        return password
