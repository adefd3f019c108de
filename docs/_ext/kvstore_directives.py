"""A directive for each table: the page says ``{kvstore-params} db`` where the table is to stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import kvstore_tables as tables
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class TableDirective(SphinxDirective):
    """Puts the Markdown that a function returns into a page."""

    optional_arguments = 1
    make: ClassVar[Callable[..., str]]

    def run(self) -> list[nodes.Node]:
        text = type(self).make(*self.arguments)
        found = nodes.Element()
        self.state.nested_parse(StringList(text.splitlines(), "generated"), 0, found)
        return list(found.children)


TABLES: dict[str, Callable[..., str]] = {
    "kvstore-matrix": tables.matrix_table,
    "kvstore-params": tables.params_table,
    "kvstore-store-options": tables.store_options_table,
    "kvstore-schemes": tables.schemes_table,
    "kvstore-entry-points": tables.entry_points_table,
    "kvstore-errors": tables.errors_table,
    "kvstore-commands": tables.commands_table,
    "kvstore-serializers": tables.serializers_table,
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    for name, make in TABLES.items():
        app.add_directive(name, type(name, (TableDirective,), {"make": staticmethod(make)}))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
