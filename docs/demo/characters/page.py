"""What the demo prints: headings, lines, and bars that move where there is a terminal.

``page = Page(Console()); page.heading("Store 34,823 characters"); page.line("done")``
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.syntax import Syntax
from rich.text import Text

T = TypeVar("T")

#: Below its heading everything stands this far in.
_INDENT: Final = 3
#: The column at which answers stand, where the code before them is short enough.
_ANSWERS: Final = 58
#: Without a terminal there is no bar, but a line each time that such a part of the work is done.
_PARTS: Final = 4


class Page:
    """The demo's output, a numbered heading before each part of it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._headings = 0

    def title(self, text: str, facts: dict[str, str]) -> None:
        """Print the first lines: what this is, and where."""
        self._console.print()
        self._print(Text(text, "bold"))
        self._console.print()
        width = max(map(len, facts))
        for name, fact in facts.items():
            # Not wrapped: a path or a URL can be copied whole.
            start = " " * _INDENT, (f"{name:<{width}}  ", "dim")
            self._console.print(Text.assemble(*start, fact), soft_wrap=True)

    def heading(self, text: str) -> None:
        self._headings += 1
        self._console.print()
        number = (f"{self._headings:<{_INDENT}}", "bold cyan")
        self._print(Text.assemble(number, (text, "bold")))

    def line(self, text: str, style: str = "") -> None:
        self._print(Text(text, style), _INDENT)

    def code(self, source: str, answer: str, *, raised: bool = False) -> None:
        """Print what was run, and beside or below it what came of it."""
        code = Syntax(source, "python", theme="ansi_dark", background_color="default")
        shown = code.highlight(source)
        shown.rstrip()
        style = "yellow" if raised else "green"
        if answer and "\n" not in source and len(source) < _ANSWERS - _INDENT:
            room = self._console.width - _ANSWERS
            if Text(answer).cell_len <= room:
                shown.append(" " * (_ANSWERS - _INDENT - len(source)))
                shown.append(answer, style)
                answer = ""
        self._print(shown, _INDENT)
        if answer:
            self._print(Text(answer, style), 2 * _INDENT)

    def done(self, text: str, advice: str) -> None:
        """Print the last lines: that all is well, and what to do next."""
        self._console.print()
        self._print(Text(text, "bold green"))
        self._print(Text(advice, "dim"))
        self._console.print()

    def bar(self, what: str, batches: Iterable[list[T]], total: int) -> Iterator[list[T]]:
        """Yield the batches while showing how many of `total` items they come to."""
        if self._console.is_terminal:
            return self._moving_bar(what, batches, total)
        return self._plain_bar(what, batches, total)

    def _moving_bar(self, what: str, batches: Iterable[list[T]], total: int) -> Iterator[list[T]]:
        label = TextColumn(" " * _INDENT + "{task.description}")
        numbers = TextColumn("{task.completed:,} of {task.total:,}")
        with Progress(label, BarColumn(40), numbers, console=self._console) as progress:
            task = progress.add_task(what, total=total)
            for batch in batches:
                yield batch
                progress.advance(task, len(batch))

    def _plain_bar(self, what: str, batches: Iterable[list[T]], total: int) -> Iterator[list[T]]:
        done, parts = 0, 0
        for batch in batches:
            yield batch
            done += len(batch)
            if done * _PARTS // total > parts:
                parts = done * _PARTS // total
                self.line(f"{what} {done:,} of {total:,}")

    def _print(self, text: Text, indent: int = 0) -> None:
        # By hand, since rich's own padding ends every line with spaces.
        for line in text.wrap(self._console, self._console.width - indent):
            line.rstrip()
            self._console.print(Text(" " * indent) + line, soft_wrap=True)
