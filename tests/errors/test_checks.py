"""What is wrong in settings is told by ``manage.py check`` too, in the same words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_kvstore.checks import check_stores

from .acting import configured, make
from .in_settings import OPTIONS, STORES
from .in_urls import URLS
from .mistake import Mistake
from .place import Place

#: Found in the settings alone, by this process.
FOUND = [
    mistake
    for chapter in (STORES, OPTIONS, URLS)
    for mistake in chapter.mistakes
    if mistake.raises == "ImproperlyConfigured"
    and mistake.installed is None
    and (mistake.settings and mistake.alias != "sesions")
]


@pytest.mark.parametrize("mistake", FOUND, ids=lambda mistake: mistake.title)
def test_the_check_says_the_same(
    mistake: Mistake, made: Callable[[Mistake], Any], place: Place
) -> None:
    with configured(place.real(mistake.settings)):
        make(mistake.scene, "", {"place": place})
        try:
            messages = [str(found.msg) for found in check_stores()]
        finally:
            place.tidy_up()
    said = made(mistake).message.partition(": ")[2]
    assert [place.shown(text) for text in messages] == [said]
