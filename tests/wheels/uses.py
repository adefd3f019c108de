"""What users do with an installed distribution, as programs for an empty environment.

``environment.run(STORES, "locmem=locmem://")`` prints what became of each store.
"""

from __future__ import annotations

from typing import Final

#: Loads the plugin of each scheme.
LOAD: Final = """
import sys
from importlib.metadata import entry_points
for scheme in sys.argv[1:]:
    (found,) = entry_points(group="kvstore.backends", name=scheme)
    found.load()
"""

#: Opens the stores that are told as ``alias=url``, writes, reads, counts, and prints what happened.
STORES: Final = """
import os, sys, warnings
# Google's client warns of every Python that is near its end.
warnings.filterwarnings("ignore", "You are using a .*Python version", FutureWarning)
os.environ["DATASTORE_EMULATOR_HOST"] = "127.0.0.1:1"

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
settings.configure(
    INSTALLED_APPS=["django_kvstore"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    KEY_VALUE_STORES=dict(argument.split("=", 1) for argument in sys.argv[1:]),
)
django.setup()

from django_kvstore import Unavailable, kvstores
for alias in kvstores:
    try:
        store = kvstores[alias]
        store.backend.provision()
        store.set("key", ("value", None))
        assert store.get("key") == ("value", None)
        assert store.incr("hits") == 1
        print(alias, "works")
    except Unavailable as error:
        assert f"'{alias}'" in str(error)
        print(alias, "is out of reach")
    except ImproperlyConfigured as error:
        print(alias, "is missing:", error)
"""

#: Sees that every file of the distributions told is there.
COMPLETE: Final = """
import sys
from importlib.metadata import distribution
for name in sys.argv[1:]:
    files = distribution(name).files
    assert len(files) > 5
    for file in files:
        assert file.locate().exists(), file
"""

#: Sees that nothing of the packages told is there.
GONE: Final = """
import sys, sysconfig
from pathlib import Path
site = Path(sysconfig.get_path("purelib"))
for stem in sys.argv[1:]:
    left = [path.name for path in site.glob(f"{stem}*") if path.name.split("-")[0] == stem]
    assert left == [], left
"""

#: Uses django_keyval's classes, which need a store when they are used and not before.
KEYVAL_ALONE: Final = """
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["django_kvstore", "django_keyval"], KEY_VALUE_STORES={})
django.setup()
from django_keyval.models import KeyVal
print(KeyVal("site"))
"""

#: For each scheme a store: one that works by itself, or one whose server nobody has started.
URLS: Final = {
    "db": "db://kvstore",
    "locmem": "locmem://",
    "memcached": "memcached://127.0.0.1:1",
    "tyrant": "tyrant://127.0.0.1:1",
    "gae": "gae://project?timeout=1",
    "sdb": "sdb://domain?region=eu-west-1&aws_access_key=a&aws_secret_access_key=b&attempts=1"
    "&endpoint_url=http%3A%2F%2F127.0.0.1%3A1",
}
EMBEDDED: Final = ("db", "locmem")


def expected(scheme: str) -> str:
    """Return what `STORES` is to print of the scheme's store."""
    return f"{scheme} {'works' if scheme in EMBEDDED else 'is out of reach'}\n"
