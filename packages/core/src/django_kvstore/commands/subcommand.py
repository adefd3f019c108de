"""What every subcommand of ``manage.py kvstore`` is, and the arguments that several share."""

from __future__ import annotations

import difflib
import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from functools import reduce
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from django_kvstore.config import StoreConfig
from django_kvstore.errors import KVStoreError
from django_kvstore.store import Store
from django_kvstore.stores import get_kvstore, kvstores
from django_kvstore.typed_input import read_value
from django_kvstore.typed_json import to_json

from .terminal import shown

T = TypeVar("T")


class Subcommand:
    """One subcommand: its help, an example, its arguments, and what it does."""

    help: str | Promise
    #: A command line that works, shown by --help.
    example: str

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""

    def handle(self, command: BaseCommand, **options: Any) -> None:
        """Do it, writing to ``command.stdout``."""
        raise NotImplementedError


def add_aliases(parser: ArgumentParser) -> None:
    """Declare the aliases of the stores to work on."""
    parser.add_argument("alias", nargs="*", help=_("Which stores, by alias; all by default."))


def add_store(parser: ArgumentParser) -> None:
    """Declare the one store to work on, a namespace in it, and the form of the answer."""
    parser.add_argument(
        "-s",
        "--store",
        default="default",
        help=_("The store's alias or URL; 'default' if not given."),
    )
    add_namespace(parser)
    add_json(parser)


def add_namespace(parser: ArgumentParser) -> None:
    """Declare the namespace to work in."""
    parser.add_argument(
        "--namespace",
        metavar="NAME",
        help=_("A namespace within the store, to work on it alone."),
    )


def add_json(parser: ArgumentParser) -> None:
    """Declare the form of the answer."""
    parser.add_argument("--json", action="store_true", help=_("Answer in JSON."))


def for_each(names: list[str], act: Callable[[Store], T]) -> tuple[dict[str, T], dict[str, str]]:
    """Do it with the stores of those aliases or URLs, or with every one of the settings.

    Returns what came of it, and what went wrong, each by the name that may be shown: one store
    that fails is not a reason to leave the others out.
    """
    done: dict[str, T] = {}
    problems: dict[str, str] = {}
    for alias, name in chosen(names).items():
        try:
            done[alias] = act(get_kvstore(name))
        except (KVStoreError, ImproperlyConfigured) as error:
            problems[alias] = str(error)
    return done, problems


def healthy(seconds: float) -> str:
    """Return what is said of a store whose engine answered after that time."""
    return _("OK (%.1f ms)") % (seconds * 1000)


def tell_problems(problems: dict[str, str]) -> None:
    """End the command with what went wrong, if anything did."""
    if problems:
        raise CommandError("\n".join(f"{alias}: {problem}" for alias, problem in problems.items()))


def chosen(names: list[str]) -> dict[str, str]:
    """Return those aliases and URLs, or every alias, by what of it may be shown."""
    return {_shown(name): name for name in names or kvstores}


def chosen_store(name: str, namespace: str | None = None) -> Store:
    """Return the store of an alias or URL, or that namespace within it."""
    _shown(name)
    return within(get_kvstore(name), namespace)


def store_of(options: dict[str, Any]) -> Store:
    """Return the store that the arguments of `add_store` name."""
    return chosen_store(options["store"], options["namespace"])


def within(store: Store, namespace: str | None) -> Store:
    """Return the namespace within the store, or for None the store itself.

    ``user/ada`` is the namespace ``ada`` within ``user``. Raises `InvalidKey` for an empty name,
    which is what an unset variable of a shell leaves: it must not stand for the whole store.
    """
    return store if namespace is None else reduce(Store.namespace, namespace.split("/"), store)


def _shown(name: str) -> str:
    """Return the alias, or the URL without its secrets; end the command where it is neither."""
    if "://" in name:
        try:
            return StoreConfig.of_url(name).alias
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
    if name not in kvstores:
        known = ", ".join(kvstores) or _("none")
        told = _("There is no store '%s'. The settings have: %s.") % (name, known)
        near = difflib.get_close_matches(name, kvstores, n=1)
        meant = _(" Did you mean '%s'?") % near[0] if near else ""
        raise CommandError(f"{told}{meant}")
    return name


def given_value(text: str, *, as_json: bool) -> Any:
    """Return the value that the command line, or for '-' standard input, gives."""
    if text == "-":
        text = read_standard_input()
    try:
        text.encode()
    except UnicodeEncodeError:
        # Python's stand-ins for bytes of the command line or of standard input.
        raise CommandError(
            _('The value is not UTF-8 text. Give it as UTF-8, or with --json as {"$bytes": …}.')
        ) from None
    if not as_json:
        return text
    try:
        return read_value(text)
    except ValueError as error:
        raise CommandError(_("With --json the value must be JSON. %s") % error) from error


def json_value(value: Any) -> Any:
    """Return the value in the JSON that keeps types; end the command where it has no form in it."""
    try:
        return to_json(value)
    except (TypeError, ValueError) as error:
        raise CommandError(_("Without --json it can be shown: %s.") % error) from error


def read_standard_input() -> str:
    """Return all of standard input."""
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise CommandError(_("The value is not UTF-8 text: %s.") % error) from error


def confirmed(question: str) -> bool:
    """Ask; say whether the answer is a clear yes. Nobody there to answer is a no."""
    try:
        return input(question) == "yes"
    except EOFError:
        return False


def answer(command: BaseCommand, options: dict[str, Any], text: str, **data: Any) -> None:
    """Write the answer as text, or with --json as one object."""
    text = json.dumps(data, ensure_ascii=False) if options["json"] else text
    command.stdout.write(shown(text, command.stdout))
