"""The subcommands of ``manage.py kvstore``, by name; each is a module with `Subcommand` in it."""

from __future__ import annotations

from .provision import Provision
from .purge import Purge
from .stores import Stores
from .subcommand import Subcommand

SUBCOMMANDS: dict[str, Subcommand] = {
    "stores": Stores(),
    "provision": Provision(),
    "purge": Purge(),
}
