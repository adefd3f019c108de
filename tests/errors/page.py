"""The catalogue's page, made of the table and of what was really raised.

``render(lambda mistake: made(mistake).message)``
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Final

from .catalogue import CHAPTERS
from .in_settings import TAKE
from .mistake import GET, Mistake

PAGE: Final = Path(__file__).parents[2] / "docs" / "messages.md"

_WIDTH: Final = 100
_BEGINNING: Final = """\
% Written by `hatch run messages` from the table in tests/errors, which the tests hold it to.

# Messages

For each way of getting it wrong, what is really said: whose fault it is, by the store's alias, what
is wrong, and what to do about it. The classes, and how to deal with them in code, are on the page
[Errors](errors.md).

Settings hold until others are shown, and where no call is shown it is
`{call}`. Passwords are `hunter2`, and no message has it.
"""


def render(message: Callable[[Mistake], str]) -> str:
    """Return the page; `message` gives what a mistake's maker sees."""
    parts = [_BEGINNING.format(call=GET)]
    for chapter in CHAPTERS:
        parts.append(f"## {chapter.title}\n")
        parts += [f"{_wrap(chapter.text)}\n"] if chapter.text else []
        settings = ""
        for mistake in chapter.mistakes:
            new = mistake.settings != settings
            parts += [f"### {mistake.title}\n", *_shown(mistake, message(mistake), settings=new)]
            settings = mistake.settings
    return "\n".join(parts)


def said(page: str, mistake: Mistake) -> str:
    """Return what the page shows as the message of that mistake."""
    section = page.partition(f"### {mistake.title}\n")[2]
    section = re.split(r"^##", section, maxsplit=1, flags=re.MULTILINE)[0]
    begin = f"```console\n$ {mistake.call}\n" if mistake.is_command else "```text\n"
    return section.rpartition(begin)[2].partition("\n```\n")[0]


def _shown(mistake: Mistake, told: str, *, settings: bool) -> list[str]:
    lines = told.expandtabs(2)  # not wrapped: the pages' style does that, on any screen
    parts = []
    if mistake.shell:
        exports = "\n".join(f"$ export {line}" for line in mistake.shell.splitlines())
        parts.append(_fence("console", exports))
    if settings and mistake.settings:
        parts.append(_fence("python", f"# settings.py\n{mistake.settings}"))
    if mistake.is_command:
        parts.append(_fence("console", f"$ {mistake.call}\n{lines}"))
        return parts
    if mistake.call not in (GET, TAKE):
        parts.append(_fence("python", mistake.call))
    return [*parts, _fence("text", lines)]


def _fence(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```\n"


def _wrap(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
