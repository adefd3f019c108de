"""Every message names the store, what is wrong and the way out, and no secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .catalogue import MISTAKES
from .mistake import SECRET, Mistake
from .page import PAGE, said


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.title)
def test_the_message_says_what_to_do(mistake: Mistake, made: Callable[[Mistake], Any]) -> None:
    found = made(mistake)
    assert found is not None, "nothing is raised"
    assert found.message.startswith(f"{mistake.raises}: ")
    assert mistake.wrong in found.message
    assert mistake.fix in found.message
    assert not mistake.alias or f"'{mistake.alias}'" in found.message
    assert SECRET not in found.everything
    # And so it is on the page.
    page = PAGE.read_text(encoding="utf-8")
    shown = said(page, mistake)
    assert shown == found.message.expandtabs(2), "run 'hatch run messages', and look at it"
