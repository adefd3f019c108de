"""Comparing two stores: every entry of the one is in the other, with its type and expiry."""

from __future__ import annotations

from django.utils.translation import gettext as _

from django_kvstore.coder import is_past
from django_kvstore.entries import Entry
from django_kvstore.equality import same
from django_kvstore.store import Store

from .failures import Failures
from .pages import pages
from .progress import Progress


def verify(
    source: Store, target: Store, prefix: str, failures: Failures, progress: Progress
) -> None:
    """Note every entry of `source` that `target` does not have just so."""
    for entries, _cursor in pages(source, prefix, None):
        readable = [entry for entry in entries if entry.error is None]
        found = target.get_entries(entry.key for entry in readable)
        for entry in readable:
            problem = _difference(entry, found.get(entry.key))
            if problem is not None:
                failures.add(entry.key, problem)
        progress.advance(len(entries))


def _difference(entry: Entry, found: Entry | None) -> str | None:
    if found is None:
        # Its time may be over since it was read, and nothing is lost then.
        if is_past(entry.expires):
            return None
        return str(_("it is not in the other store"))
    if found.error is not None:
        return str(found.error)
    if not same(entry.value, found.value):
        return str(_("the value is another one in the other store"))
    if entry.expires != found.expires:
        return str(_("the expiry is another one in the other store"))
    return None
