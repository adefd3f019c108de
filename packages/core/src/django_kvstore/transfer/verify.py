"""Comparing with a store: every entry of another, or of a dump, is in it, with type and expiry."""

from __future__ import annotations

from contextlib import closing

from django.utils.translation import gettext as _

from django_kvstore.coder import is_past
from django_kvstore.entries import Entry
from django_kvstore.equality import same
from django_kvstore.store import Store

from .dumpfile import lines_of
from .failures import Failures
from .lines import longest_line
from .pages import pages
from .progress import Progress
from .reading import Whole, entry_pages


def verify(
    source: Store, target: Store, prefix: str, failures: Failures, progress: Progress
) -> None:
    """Note every entry of `source` that `target` does not have just so."""
    for entries, _cursor in pages(source, prefix, None):
        _compare([entry for entry in entries if entry.error is None], target, failures)
        progress.advance(len(entries))


def verify_dump(name: str, store: Store, failures: Failures, progress: Progress) -> None:
    """Note every entry of the dump that `store` does not have just so."""
    whole = Whole(name)
    with closing(lines_of(name, longest_line(store))) as lines:
        for _number, entries in entry_pages(lines, 0, whole):
            _compare(failures.readable(entries), store, failures)
            progress.advance(len(entries))
    whole.check()


def _compare(entries: list[Entry], store: Store, failures: Failures) -> None:
    found = store.get_entries(entry.key for entry in entries)
    for entry in entries:
        problem = _difference(entry, found.get(entry.key))
        if problem is not None:
            failures.add(entry.key, problem)


def _difference(entry: Entry, found: Entry | None) -> str | None:
    if found is None:
        # Its time may be over since it was read, and nothing is lost then.
        if is_past(entry.expires):
            return None
        return str(_("it is not there"))
    if found.error is not None:
        return str(found.error)
    if not same(entry.value, found.value):
        return str(_("the value there is another one"))
    if entry.expires != found.expires:
        return str(_("the expiry there is another one"))
    return None
