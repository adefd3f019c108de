"""The documentation's tables, read from the code that they are about.

``params_table("db")`` is the Markdown table of what ``db://`` takes; the directives of
`kvstore_directives` put them into the pages while these are built, so that no page can lag.
"""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Iterable, Sequence
from importlib.metadata import distributions, entry_points
from pathlib import Path
from typing import Final

from django_kvstore import errors
from django_kvstore.backend import Backend
from django_kvstore.commands import SUBCOMMANDS
from django_kvstore.options import PARAMS
from django_kvstore.params import Param
from django_kvstore.plugins import GROUP, SERIALIZER_GROUP, claims, load_backend
from django_kvstore.serializers import load_serializer

_PAGES: Final = Path(__file__).parents[1] / "backends"

#: What each capability flag means to an application, in the order of the matrix.
FLAGS: Final = {
    "atomic": "`add`, `put`, `incr`, `pop`, `compare_and_set`, `get_or_set`, `touch`",
    "iterable": "`keys`, `items`, `scan`, `count`, `purge`",
    "clearable": "`clear`",
    "durable": "entries outlive a restart of the engine",
    "shared": "other processes see the entries",
    "transactional": "writes belong to the transaction of a database",
    "evicts": "the engine may drop entries to make room",
}
#: Flags between the core and a backend, of which an application notices nothing.
INNER_FLAGS: Final = ("expires_itself", "thread_sensitive")

#: And each limit, with what the core itself takes of it.
LIMITS: Final = {
    "max_key_bytes": ("longest key, its namespace included", 1),
    "max_value_bytes": ("largest value, serialized", 0),
}


def backends() -> list[type[Backend]]:
    """Return the backend classes of this project that are installed, by scheme."""
    found: dict[str, type[Backend]] = {}
    for point in entry_points(group=GROUP):
        (owner, *_others) = claims(GROUP)[point.name]
        spec = importlib.util.find_spec(point.module)
        # A package whose first module is still to be written is no engine yet.
        if owner.startswith("django-kvstore-") and spec is not None and spec.origin is not None:
            backend = load_backend(point.name)
            found[backend.scheme] = backend
    return [found[scheme] for scheme in sorted(found)]


def matrix_table() -> str:
    """Return what each engine can do, a column for each."""
    classes = backends()
    rows = [
        [f"`{flag}`: {meaning}", *(_mark(getattr(backend, flag)) for backend in classes)]
        for flag, meaning in FLAGS.items()
    ]
    rows += [
        [meaning, *(_size(getattr(backend, limit) - mark) for backend in classes)]
        for limit, (meaning, mark) in LIMITS.items()
    ]
    return _table(["", *(_linked(backend.scheme) for backend in classes)], rows)


def _mark(declared: bool) -> str:
    return "✓" if declared else "-"


def _linked(scheme: str) -> str:
    page = _PAGES / f"{scheme}.md"
    return f"[{scheme}](/backends/{page.name})" if page.exists() else scheme


def params_table(scheme: str) -> str:
    """Return what the URL and the OPTIONS of an engine take."""
    params = load_backend(scheme).params
    if not params:
        return "It takes no parameters of its own."
    return _table(
        ["parameter", "default", "meaning"],
        [[_names(param), _default(param), _cell(param.help)] for param in params],
    )


def schemes_table() -> str:
    """Return what each scheme needs to be installed, and which older ones mean the same."""
    known = claims(GROUP)
    rows = []
    for backend in backends():
        others = [name for name in known if load_backend(name) is backend]
        older = ", ".join(f"`{name}`" for name in others if name != backend.scheme) or "-"
        (owner,) = known[backend.scheme]
        extra = f"`django-kvstore[{backend.scheme}]`"
        rows.append([f"[{backend.scheme}](#{backend.scheme})", older, f"`{owner}`", extra])
    return _table(["scheme", "older", "distribution", "extra"], rows)


def entry_points_table() -> str:
    """Return the entry points of this project's distributions, but for the commands."""
    found = {
        (point.group, point.name, point.value)
        for owner in distributions()
        for point in owner.entry_points
        if (owner.metadata["Name"] or "").startswith("django-kvstore")
        and point.group != "console_scripts"
    }
    rows = [[f"`{group}`", f"`{name}`", f"`{value}`"] for group, name, value in sorted(found)]
    return _table(["group", "name", "what it names"], rows)


def store_options_table() -> str:
    """Return what every store takes."""
    rows = [
        [f"`{param.name}`", f"`{param.name.upper()}`", _default(param), _cell(param.help)]
        for param in PARAMS
    ]
    return _table(["in the URL", "in `KEY_VALUE_STORES`", "default", "meaning"], rows)


def errors_table() -> str:
    """Return the family of errors, each with its parents."""
    classes = [
        kind
        for _name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.KVStoreError)
    ]
    classes.sort(key=_position)
    rows = [[f"`{kind.__name__}`", _parents(kind), _first_line(kind)] for kind in classes]
    return _table(["error", "is also", "meaning"], rows)


def commands_table() -> str:
    """Return the subcommands of ``manage.py kvstore``."""
    rows = [[f"`{name}`", _cell(str(command.help))] for name, command in SUBCOMMANDS.items()]
    return _table(["subcommand", "what it does"], rows)


def serializers_table() -> str:
    """Return the serializers of this project."""
    rows = []
    for name, owners in claims(SERIALIZER_GROUP).items():
        if owners == ["django-kvstore"]:
            serializer = load_serializer(name)
            safe = "yes" if serializer.safe else "**no**"
            rows.append([f"`{name}`", safe, _first_line(inspect.getmodule(serializer))])
    return _table(["serializer", "loads no code", "what it is"], rows)


def _position(kind: type) -> int:
    return inspect.getsourcelines(kind)[1]


def _parents(kind: type) -> str:
    own = (base.__name__ for base in kind.__bases__ if base is not Exception)
    return ", ".join(f"`{name}`" for name in own) or "`Exception`"


def _first_line(thing: object) -> str:
    return _cell((inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " "))


def _names(param: Param) -> str:
    older = "".join(f", `{alias}`" for alias in param.aliases)
    return f"`{param.name}`{older}{' (never shown)' if param.secret else ''}"


def _default(param: Param) -> str:
    if param.default is None or param.default == "":
        return "none"
    shown = f"{param.default:g}" if isinstance(param.default, float) else str(param.default)
    return f"`{shown}`"


def _size(limit: int) -> str:
    # No line ends between a number and its unit.
    return (
        f"{limit >> 20}\N{NO-BREAK SPACE}MiB"
        if limit % 2**20 == 0
        else f"{limit:,}\N{NO-BREAK SPACE}B"
    )


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
