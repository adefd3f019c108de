"""Links from names: within these pages, and into Python's and Django's own.

In a docstring `Store.get` in single backquotes is a link wherever the reference has that name, and
otherwise plain code. Links to other projects need their inventories, which are fetched where the
network allows. Where it does not, a name is imported instead: it stays without a link, but one that
does not exist fails the build all the same.
"""

from __future__ import annotations

import importlib
import urllib.request
from pathlib import Path
from typing import Any, Final

from docutils import nodes
from docutils.nodes import Element
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.roles import XRefRole
from sphinx.util import logging

log = logging.getLogger(__name__)

#: Where the pages of other projects are, and what lists the names on them.
PROJECTS: Final = {
    "python": ("https://docs.python.org/3/", "objects.inv"),
    "django": ("https://docs.djangoproject.com/en/stable/", "_objects/"),
}
#: What begins the names of things that are documented elsewhere.
_OURS: Final = ("django_kvstore", "django_keyval")
_SECONDS: Final = 5
_ARGUMENTS: Final = ("ttl",)


def inventories(folder: Path) -> dict[str, tuple[str, str]]:
    """Return ``intersphinx_mapping`` of the inventories that can be had; they stay in `folder`."""
    found = {}
    for name, (pages, inventory) in PROJECTS.items():
        path = folder / f"{name}.inv"
        try:
            if not path.exists():
                with urllib.request.urlopen(pages + inventory, timeout=_SECONDS) as answer:
                    data = answer.read()
                folder.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        except OSError as error:
            log.info("without links to %s's pages: %s", name, error)
        else:
            found[name] = (pages, str(path))
    return found


class NameRole(XRefRole):
    """A name that is a link if it can be one."""

    def process_link(
        self,
        env: BuildEnvironment,
        refnode: Element,
        has_explicit_title: bool,
        title: str,
        target: str,
    ) -> tuple[str, str]:
        refnode["refdomain"], refnode["reftype"] = "py", "obj"
        refnode["py:module"] = env.ref_context.get("py:module")
        refnode["py:class"] = env.ref_context.get("py:class")
        refnode["optional"] = True
        # Nearly always an argument, and not the method of that name.
        return title, "" if target in _ARGUMENTS else target.removesuffix("()")


def leave_without_link(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.Element | None:
    """Return the name as it is, if it may be one without a page; None leaves it to fail.

    A name that a docstring has in single quotes may be one of the package's, wherever it stands.
    """
    target = str(node.get("reftarget", ""))
    if node.get("optional"):
        python = env.domains.python_domain
        for home in _OURS:
            name = f"{home}.{target}"
            if name in python.objects:
                return python.resolve_xref(
                    env, node["refdoc"], app.builder, "obj", name, node, content
                )
        return content
    if node.get("refdomain") == "py" and not target.startswith(_OURS) and exists(target):
        return content
    return None


def exists(name: str) -> bool:
    """Say whether a dotted name can be imported, or is one of Python's own."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        return _has(found, parts[length:])
    return _has(importlib.import_module("builtins"), parts)


def _has(found: Any, names: list[str]) -> bool:
    for name in names:
        if not hasattr(found, name):
            return False
        found = getattr(found, name)
    return True


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the role, and who is asked last for a missing page."""
    app.add_role("name", NameRole(innernodeclass=nodes.literal))
    app.connect("missing-reference", leave_without_link, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
