"""Where mistakes are made: servers behind the ports that the page shows, and what is installed.

``with Place(engine, folder) as place: place.real("memcached://127.0.0.1:11212")``

The page's ports stand for the real ones of this run. Nobody listens on some of them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from django.db import connection, migrations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from django_kvstore import plugins, serializers
from django_kvstore_testing.port import Port
from django_kvstore_testing.proxy import Proxy
from servers.mariadb import MariaDB
from servers.memcached import Memcached
from servers.postgresql import PostgreSQL
from servers.simpledb import SimpleDB
from servers.tyrant import TyrantStandIn

#: A backend of three methods, from elsewhere.
BACKEND: Final = """
from django_kvstore import Backend
from django_kvstore.plugins import hookimpl

class FlatFile(Backend):
    scheme = "flatfile"
    def get(self, key): return None
    def set(self, key, record, expires): pass
    def delete(self, key): return False

@hookimpl
def kvstore_backend():
    return FlatFile
"""


class Place:
    """The servers, started when a mistake first needs them, and what one mistake installs."""

    BACKEND = BACKEND

    def __init__(self, engine: Callable[..., Any] | None, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self._stack = ExitStack()
        self._ports: dict[str, int] = {}
        self._installed: list[str] = []
        self._tables: list[str] = []
        self.proxy: Proxy
        self.simpledb: SimpleDB

    # Ports.

    def real(self, text: str) -> str:
        """Return the text with the ports of this run."""
        for shown, find in self._finders().items():
            if re.search(rf"\b{shown}\b", text):
                if shown not in self._ports:
                    self._ports[shown] = find()
                text = re.sub(rf"\b{shown}\b", str(self._ports[shown]), text)
        return text

    def shown(self, text: str) -> str:
        """Return the text with the page's ports again."""
        for shown, real in self._ports.items():
            text = re.sub(rf"\b{real}\b", shown, text)
        return text

    def _finders(self) -> dict[str, Callable[[], int]]:
        nobody = dict.fromkeys(("11212", "1979", "8001", "8081", "5433", "3307"), self._nobody)
        return {
            "11211": lambda: self._server(Memcached),
            "11213": lambda: self._server(
                lambda: Memcached(largest_item="512k"), name="memcached-512k"
            ),
            "11214": self._proxied,
            "1980": lambda: self._server(
                lambda: TyrantStandIn("hash", mask="fwmkeys"), name="tyrant-masked"
            ),
            "8000": self._simpledb,
            "5432": lambda: self._server(PostgreSQL),
            "3306": lambda: self._server(MariaDB),
            **nobody,
        }

    def _server(self, kind: Callable[[], Any], name: str = "") -> int:
        assert self._engine is not None, "there are no servers here"
        return int(self._engine(kind, name=name).port)

    def _nobody(self) -> int:
        port = Port.claim()
        self._stack.callback(port.release)
        return port.number

    def _proxied(self) -> int:
        self.proxy = self._stack.enter_context(Proxy("127.0.0.1", self._server(Memcached)))
        return self.proxy.port

    def _simpledb(self) -> int:
        # One of its own, since its knobs are turned.
        self.simpledb = self._stack.enter_context(SimpleDB())
        return self.simpledb.port

    # What one mistake changes.

    def install(self, name: str, scheme: str, source: str) -> None:
        """Install a distribution with a backend, until `tidy_up`."""
        module = name.replace("-", "_")
        place = self._folder / name
        metadata = place / f"{module}-1.0.dist-info"
        metadata.mkdir(parents=True, exist_ok=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[{plugins.GROUP}]\n{scheme} = {module}\n")
        (place / f"{module}.py").write_text(source)
        sys.path.insert(0, str(place))
        self._installed.append(str(place))
        forget()

    def module(self, name: str, source: str) -> None:
        """Let a module be there to be imported, until `tidy_up`."""
        place = self._folder / name
        place.mkdir(exist_ok=True)
        (place / f"{name}.py").write_text(source)
        sys.path.insert(0, str(place))
        self._installed.append(str(place))

    def migrate(self, operation: Operation) -> None:
        """Run a migration of that one operation in the default database."""
        migration = type("Migration", (migrations.Migration,), {"operations": [operation]})
        with connection.schema_editor() as editor:
            migration("0001_initial", "shop").apply(ProjectState(), editor)

    def table(self, name: str, columns: str) -> None:
        """Make a table that is no store's in the default database."""
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {name}")  # a store's, left by another test
            cursor.execute(f"CREATE TABLE {name} ({columns})")
        self._tables.append(name)

    def tidy_up(self) -> None:
        """Be as before the mistake."""
        for place in self._installed:
            sys.path.remove(place)
            sys.modules.pop(Path(place).name.replace("-", "_"), None)
        self._installed.clear()
        forget()
        with connection.cursor() as cursor:
            while self._tables:
                cursor.execute(f"DROP TABLE {self._tables.pop()}")
        if "11214" in self._ports:
            self.proxy.pass_through()

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *failure: object) -> None:
        self._stack.close()


def forget() -> None:
    """Let the next look find what is installed now."""
    plugins.claims.cache_clear()
    plugins.load_backend.cache_clear()
    serializers.load_serializer.cache_clear()
