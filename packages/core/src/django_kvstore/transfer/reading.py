"""Reading a dump in pages, and whether it is whole.

``for number, page in entry_pages(lines, 0, whole): …``
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from django_kvstore.entries import Entry

from .dumpfile import not_a_dump
from .lines import read_line
from .pages import LARGE

#: How many lines a page has at the most.
_PAGE: Final = 250


class Whole:
    """Whether the dump of that name has as many entries as its last line says."""

    def __init__(self, name: str) -> None:
        self.entries = 0
        self.promised: int | None = None
        self._name = name

    def not_a_dump(self) -> CommandError:
        """Return the error for a file whose first line is not that of a dump."""
        reason = _("its first line is not the one that 'kvstore dump' writes")
        return not_a_dump(self._name, reason)

    def check(self) -> None:
        """End the command where the dump was cut short."""
        if self.promised != self.entries:
            raise CommandError(
                _(
                    "The dump was cut short: it has %d entries and its last line is missing. Dump "
                    "the store again."
                )
                % self.entries
            )


def entry_pages(
    lines: Iterator[bytes], skip: int, whole: Whole
) -> Iterator[tuple[int, list[Entry]]]:
    """Yield pages of entries after `skip` lines, each with the number of lines up to its end.

    A page ends after some megabytes, however few lines these are.
    """
    page: list[Entry] = []
    number = begun = size = 0
    for number, line in enumerate(lines, 1):
        try:
            found = read_line(line)
        except ValueError as error:
            if number == 1:
                raise whole.not_a_dump() from error
            raise CommandError(_("Line %d: %s.") % (number, error)) from error
        if number == 1 and found is not None:
            raise whole.not_a_dump()
        if isinstance(found, int):
            whole.promised = found
        elif found is not None:
            whole.entries += 1
            if number > skip:
                page.append(found)
                size += len(line)
        if size > LARGE or number - begun == _PAGE:
            if page:
                yield number, page
            page, begun, size = [], number, 0
    if number == 0:
        raise whole.not_a_dump()
    if page:
        yield number, page
