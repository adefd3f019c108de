"""Reading a dump in pages, and whether it is whole.

``for number, page in entry_pages(lines, 0, whole): …``
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from django_kvstore.entries import Entry

from .lines import read_line

_PAGE = 250


class Whole:
    """Whether a dump has as many entries as its last line says."""

    def __init__(self) -> None:
        self.entries = 0
        self.promised: int | None = None

    def check(self) -> None:
        """End the command where the dump was cut short."""
        if self.promised != self.entries:
            raise CommandError(
                _("The dump was cut short: it has %d entries and no whole last line; dump again.")
                % self.entries
            )


def entry_pages(
    lines: Iterator[bytes], skip: int, whole: Whole
) -> Iterator[tuple[int, list[Entry]]]:
    """Yield pages of entries after `skip` lines, each with the number of lines up to its end."""
    number = 0
    while page := list(islice(lines, _PAGE)):
        entries = []
        for line in page:
            number += 1
            try:
                found = read_line(line)
            except ValueError as error:
                raise CommandError(_("Line %d: %s.") % (number, error)) from error
            if isinstance(found, int):
                whole.promised = found
            elif found is not None:
                whole.entries += 1
                if number > skip:
                    entries.append(found)
        if entries:
            yield number, entries
