"""What an import costs, and what the first use of a store adds, each in a fresh interpreter."""

from __future__ import annotations

import os
import subprocess
import sys

from servers.datastore import Datastore
from servers.memcached import Memcached
from servers.server import Server
from servers.simpledb import SimpleDB
from servers.tyrant import TyrantStandIn

from ..contestants.boto3_client import KEY, SECRET
from ..result import Entrant
from ..rounds import Samples
from ..scale import Scale
from ..stage import Missing, Stage
from . import Measurement

OURS, FLOOR = "django-kvstore", "without it"

#: What nobody may import before a store that needs it is used.
CLIENTS = ("pymemcache", "boto3", "botocore", "google.cloud", "grpc", "psycopg", "MySQLdb")

_CONFIGURED = """
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="a benchmark's",
    INSTALLED_APPS=["django_kvstore"],
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}},
    KEY_VALUE_STORES={{"default": {url!r}}},
)
settings.USE_TZ
"""
_TIMED = """
import sys, time
{before}
begun = time.perf_counter()
{timed}
print(time.perf_counter() - begun)
print([name for name in {clients!r} if name in sys.modules])
"""
_STORE = """
kvstores["default"].backend.provision()
kvstores["default"].get("x")
"""
#: How each client's own first use is written.
_BARE = {
    "locmem": "dict().get('x')",
    "db": """
from django.db import connection
connection.cursor().execute("SELECT 1")
""",
    "memcached": """
import pymemcache
pymemcache.PooledClient(({host!r}, {port})).get("x")
""",
    "tyrant": """
import socket
line = socket.create_connection(({host!r}, {port}))
line.sendall(bytes((0xC8, 0x30, 0, 0, 0, 1, 120)))
line.recv(1)
""",
    "sdb": """
import boto3
client = boto3.client(
    "sdb",
    endpoint_url="http://{host}:{port}",
    region_name="us-east-1",
    aws_access_key_id={key!r},
    aws_secret_access_key={secret!r},
)
client.create_domain(DomainName="bare")
client.get_attributes(DomainName="bare", ItemName="x")
""",
    "gae": """
from google.cloud import datastore
client = datastore.Client(project="benchmarks")
client.get(client.key("Kind", "x"))
""",
}
_URLS = {
    "locmem": "locmem://",
    "db": "db://kvstore",
    "memcached": "memcached://{host}:{port}",
    "tyrant": "tyrant://{host}:{port}",
    "sdb": "sdb://first.use?aws_access_key={key}&aws_secret_access_key={secret}"
    "&region=us-east-1&endpoint_url=http://{host}:{port}",
    "gae": "gae://benchmarks/first",
}
#: The clients that the first use of a store may import.
_OWN = {
    "memcached": {"pymemcache"},
    "sdb": {"boto3", "botocore"},
    "gae": {"google.cloud", "grpc"},
}
_SERVERS: dict[str, type[Server]] = {
    "memcached": Memcached,
    "tyrant": TyrantStandIn,
    "sdb": SimpleDB,
    "gae": Datastore,
}


def run(before: str, timed: str) -> tuple[float, list[str]]:
    """Return the seconds that a piece of code took, and which clients were imported at its end."""
    code = _TIMED.format(before=before, timed=timed, clients=CLIENTS)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    seconds, found = done.stdout.splitlines()
    return float(seconds), [name.strip("'") for name in found.strip("[]").split(", ") if name]


def places(stage: Stage, scale: Scale) -> dict[str, dict[str, object]]:
    """Return where each engine's server is, of those that this machine has."""
    found: dict[str, dict[str, object]] = {"locmem": {}, "db": {}}
    for scheme, kind in _SERVERS.items():
        if scale.name != "full" and scheme in ("sdb", "gae"):
            continue  # their clients alone take seconds to import
        try:
            server = stage.server(kind())
        except Missing as missing:
            stage.note(f"Left out: {missing}.")
            continue
        found[scheme] = {"host": server.host, "port": server.port, "key": KEY, "secret": SECRET}
        if scheme == "gae":
            os.environ["DATASTORE_EMULATOR_HOST"] = server.address
    return found


def measure(stage: Stage, scale: Scale) -> tuple[list[Entrant], Samples]:
    samples: Samples = {"import": {OURS: [], FLOOR: []}}
    configured = _CONFIGURED.format(url="locmem://")
    for _ in range(scale.interpreters):
        samples["import"][FLOOR].append(run("", configured)[0])
        seconds, clients = run("", f"{configured}\nimport django_kvstore")
        samples["import"][OURS].append(seconds)
        assert not clients, f"import django_kvstore imports {clients}"
    found = places(stage, scale)
    for scheme in found:
        samples[f"first_{scheme}"] = {OURS: [], FLOOR: []}
    for _ in range(scale.interpreters):
        for scheme, place in found.items():
            before = _CONFIGURED.format(url=_URLS[scheme].format(**place))
            before += "\ndjango.setup()\nfrom django_kvstore import kvstores"
            of_scheme = samples[f"first_{scheme}"]
            of_scheme[FLOOR].append(run(before, _BARE[scheme].format(**place))[0])
            seconds, clients = run(before, _STORE)
            of_scheme[OURS].append(seconds)
            foreign = set(clients) - _OWN.get(scheme, set())
            assert not foreign, f"the first use of {scheme} imports {foreign}"
    stage.note("No client library was imported before the store that needs it was used.")
    stage.note("Without it: Django with its settings; at a first use, the engine's bare client.")
    return [Entrant(OURS, "ours"), Entrant(FLOOR, "floor")], samples


GROUP = Measurement("Import, and the first use of a store", measure)
