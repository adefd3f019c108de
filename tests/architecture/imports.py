"""What each module imports, read from its source; nothing is imported for it.

``modules("core")["django_kvstore.store"]`` is the set of modules that the store imports.

An import counts wherever it stands: in a function too, and under ``TYPE_CHECKING`` unless it is
asked what is imported when the code runs.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ROOT / "packages"


def sources(package: str) -> Iterator[tuple[str, Path]]:
    """Yield the name and the file of every module in a package's source."""
    src = PACKAGES / package / "src"
    for path in sorted(src.rglob("*.py")):
        parts = path.relative_to(src).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


@functools.cache
def modules(package: str, *, running: bool = False) -> Mapping[str, frozenset[str]]:
    """Return every module of a package with the modules it imports, by their full names.

    A name imported from a package is a module where there is such a module, else the package.
    `running` leaves out what is imported for type checkers alone.
    """
    found = dict(sources(package))
    own = set(found)
    if package != "core":
        own |= {name for name, _ in sources("core")}
    return {name: frozenset(_imports(name, path, own, running)) for name, path in found.items()}


def _imports(module: str, path: Path, known: set[str], running: bool) -> Iterator[str]:
    nodes: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and running and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes += node.orelse
            continue
        nodes += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                # One dot is the module's package: itself, for an __init__.
                up = node.level - (path.name == "__init__.py")
                package = ".".join(module.split(".")[: -up or None])
                base = f"{package}.{base}" if base else package
            for alias in node.names:
                submodule = f"{base}.{alias.name}"
                yield submodule if submodule in known else base


def within(package: str, root: str) -> dict[str, set[str]]:
    """Return the imports among a package's own modules, named as from its root on."""
    return {
        _short(name, root): {_short(target, root) for target in targets if _is_in(target, root)}
        for name, targets in modules(package).items()
        if _is_in(name, root)
    }


def _is_in(name: str, root: str) -> bool:
    return name == root or name.startswith(f"{root}.")


def _short(name: str, root: str) -> str:
    return name.removeprefix(root).lstrip(".")
