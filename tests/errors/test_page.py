"""The page shows every mistake of the table, in its order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from .catalogue import CHAPTERS, MISTAKES
from .mistake import Mistake
from .page import PAGE, render, said


def test_the_page_is_made_of_the_table(request: pytest.FixtureRequest) -> None:
    """What each message on it says, the catalogue's own tests compare."""
    # The option is only known where this folder was named on the command line.
    if request.config.getoption("--write-page", default=False):
        made: Callable[[Mistake], Any] = request.getfixturevalue("made")
        PAGE.write_text(render(lambda mistake: made(mistake).message), encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    rendered = render(lambda mistake: said(page, mistake))
    assert page == rendered, "run 'hatch run messages', and look at it"


def test_no_title_stands_for_two() -> None:
    titles = Counter([one.title for one in MISTAKES] + [one.title for one in CHAPTERS])
    assert max(titles.values()) == 1
