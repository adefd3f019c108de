"""The whole table: every chapter of the page, in its order.

``CHAPTERS[0].mistakes[0].title``
"""

from __future__ import annotations

from typing import Final

from .in_calls import CAPABILITIES, KEYS, VALUES
from .in_commands import COMMANDS
from .in_models import CLASSES, OBJECTS
from .in_settings import OPTIONS, STORES
from .in_urls import URLS
from .mistake import Chapter, Mistake
from .of_damage import DAMAGE
from .of_engines import DATABASES, REACH

CHAPTERS: Final[tuple[Chapter, ...]] = (
    STORES,
    OPTIONS,
    URLS,
    KEYS,
    VALUES,
    CAPABILITIES,
    REACH,
    DATABASES,
    DAMAGE,
    CLASSES,
    OBJECTS,
    COMMANDS,
)
MISTAKES: Final[tuple[Mistake, ...]] = tuple(
    mistake for chapter in CHAPTERS for mistake in chapter.mistakes
)
