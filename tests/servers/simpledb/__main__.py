"""Serves the stand-in for SimpleDB from a process of its own.

``python -m servers.simpledb --port 8080 --journal data``; `SimpleDB` starts it for tests.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from django_kvstore_testing.port import HOST

from .account import Account
from .app import Front


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m servers.simpledb", description=__doc__)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--journal", type=Path, help="a file to keep the data in")
    options = parser.parse_args()
    with Front((options.host, options.port), Account(options.journal)) as front:
        front.serve_forever()


if __name__ == "__main__":
    main()
