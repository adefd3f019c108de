"""Making a mistake for real: in settings, in lines of Python, or on the command line.

``message(make("", "kvstore.get('greeting')", {}))`` is what the one who made it sees.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from unittest.mock import patch

from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connections
from django.test import override_settings

from django_kvstore import get_kvstore, kvstore, kvstores, models

_DJANGO: Final = ("DATABASES", "SECRET_KEY")


@contextmanager
def configured(settings: str, shell: str = "") -> Iterator[None]:
    """Have the settings, and the environment, until the block ends."""
    written: dict[str, Any] = {"KEY_VALUE_STORES": {}, "KEY_VALUE_STORE_BACKEND": None}
    exec(settings, {}, written)
    databases = written.pop("DATABASES", {})
    variables = dict(line.split("=", 1) for line in shell.splitlines())
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, variables))
        stack.enter_context(_databases(databases))
        stack.enter_context(override_settings(**written))
        yield


@contextmanager
def _databases(entries: dict[str, Any]) -> Iterator[None]:
    """Have these databases beside the default one, and none that other tests have made known."""
    known = django_settings.DATABASES
    others = {alias: known.pop(alias) for alias in list(known) if alias != "default"}
    known.update(entries)
    connections.settings = connections.configure_settings(known)
    try:
        yield
    finally:
        for alias in entries:
            connections[alias].close()
            del connections[alias], known[alias]
        known.update(others)
        connections.settings = connections.configure_settings(known)


def make(scene: str, call: str, names: dict[str, Any]) -> Exception | None:
    """Do what happened before, then the mistake; return what was raised."""
    known = {
        "__name__": "shop",
        "get_kvstore": get_kvstore,
        "kvstore": kvstore,
        "kvstores": kvstores,
        "models": models,
        "override_settings": override_settings,
        **names,
    }
    exec(scene, known)
    try:
        if call.startswith("python manage.py "):
            call_command(*shlex.split(call)[2:])
        else:
            exec(call, known)
    except Exception as error:  # noqa: BLE001 # whatever it is, it is what is asked for
        return error
    return None


def message(error: Exception) -> str:
    """Return what a person sees of it, without what differs from one process to the next."""
    text = f"{type(error).__name__}: {str(error).removeprefix(f'{type(error).__name__}: ')}"
    # gRPC words it anew with every release.
    return re.sub(r"(all addresses); [^)]+", r"\1 …", text)


def everything(error: BaseException) -> str:
    """Return all that a log would have of it and of its causes."""
    told = f"{error}\n{error!r}\n"
    before = error.__cause__ or error.__context__
    return told + (everything(before) if before is not None else "")
