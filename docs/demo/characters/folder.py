"""The folder in which the demo keeps its SQLite file."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import CommandError


def make_folder() -> None:
    """Make it unless it is there."""
    try:
        settings.FOLDER.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(
            f"The folder {settings.FOLDER} cannot be made: {error.strerror}. Name another by "
            "--folder."
        ) from error
