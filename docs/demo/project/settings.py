"""The settings of the demo: one database, an SQLite file, and one store, a table in it.

``DEMO_FOLDER=/tmp/demo DEMO_URL=locmem://demo python docs/demo/manage.py kvstore stores``
"""

from __future__ import annotations

import os
from pathlib import Path

#: Where the SQLite file lies: `demo --folder` says so, or the environment.
FOLDER = Path(os.environ.get("DEMO_FOLDER", Path(__file__).parents[1] / "data")).absolute()

SECRET_KEY = "of a demo that anybody may read, and so no secret; never use it for anything else"
DEBUG = True
USE_TZ = True
TIME_ZONE = "UTC"

INSTALLED_APPS = [
    "django_kvstore",
    "characters",
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "demo.sqlite3",
        # With its write-ahead log, readers do not wait for a writer, and a commit does not wait for
        # the disk.
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
        },
    }
}

#: `demo --url` names any other store. Whatever else is in it is in another namespace.
URL = os.environ.get("DEMO_URL", "db://kvstore")
KEY_VALUE_STORES = {
    "default": {"URL": URL} if "namespace=" in URL else {"URL": URL, "NAMESPACE": "demo"},
}
