"""The subcommands of ``manage.py kvstore``, by name; each module holds those of one noun."""

from __future__ import annotations

from .check import Check
from .clear import Clear
from .copy import Copy
from .dump import Dump
from .entries import Delete, Get, Incr, Set, Ttl
from .import_legacy import ImportLegacy
from .listing import Count, Keys
from .load import Load
from .provision import Provision
from .purge import Purge
from .stores import Stores
from .subcommand import Subcommand

SUBCOMMANDS: dict[str, Subcommand] = {
    "stores": Stores(),
    "check": Check(),
    "provision": Provision(),
    "get": Get(),
    "set": Set(),
    "delete": Delete(),
    "ttl": Ttl(),
    "incr": Incr(),
    "keys": Keys(),
    "count": Count(),
    "clear": Clear(),
    "purge": Purge(),
    "dump": Dump(),
    "load": Load(),
    "copy": Copy(),
    "import-legacy": ImportLegacy(),
}
