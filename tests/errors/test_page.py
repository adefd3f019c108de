"""The page shows every mistake with its real message, as it is today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from .catalogue import CHAPTERS, MISTAKES
from .mistake import Mistake
from .page import PAGE, render


def test_the_page_says_what_is_said(
    made: Callable[[Mistake], Any], request: pytest.FixtureRequest
) -> None:
    page = render(lambda mistake: made(mistake).message)
    # The option is only known where this folder was named on the command line.
    if request.config.getoption("--write-page", default=False):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page, "run 'hatch run messages', and look at it"


def test_no_title_stands_for_two() -> None:
    titles = Counter([one.title for one in MISTAKES] + [one.title for one in CHAPTERS])
    assert max(titles.values()) == 1
