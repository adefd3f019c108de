"""Examples that are run while they are shown, as doctests are.

``run_script(">>> kvstore.incr('hits')\\n1\\n", namespace, page)`` shows the line and its answer.

What is shown is what came of it, and never what the text says: that is compared, and a difference
raises `Differs`.
"""

from __future__ import annotations

import ast
import doctest
from typing import Any

from .page import Page


class Differs(Exception):
    """An example's answer is not the one that the text gives."""


def run_script(text: str, namespace: dict[str, Any], page: Page) -> int:
    """Run and show every example of `text`; return how many answers were compared."""
    compared = 0
    for example in doctest.DocTestParser().get_examples(text):
        source = example.source.rstrip()
        answer, raised = _run(source, namespace)
        page.code(source, answer, raised=raised)
        if example.exc_msg:
            # The text names the exception; its message is the store's business.
            agrees = raised and answer.startswith(example.exc_msg.strip())
        else:
            agrees = not raised and answer == example.want.rstrip()
        if not agrees:
            expected = (example.exc_msg or example.want).strip() or "nothing"
            raise Differs(f"{source} gave {answer or 'nothing'}, where {expected} was due.")
        compared += bool(answer)
    return compared


def _run(source: str, namespace: dict[str, Any]) -> tuple[str, bool]:
    """Return what a Python console would print, and whether it was an exception."""
    statements = ast.parse(source).body
    try:
        if len(statements) == 1 and isinstance(statements[0], ast.Expr):
            value = eval(source, namespace)
            return ("" if value is None else repr(value)), False
        exec(compile(source, "<the demo>", "exec"), namespace)
    except Exception as error:  # noqa: BLE001 # it is shown, and compared
        return f"{type(error).__name__}: {error}", True
    return "", False
