"""Moving names to another store: ``manage.py keyval -c copy --to new``.

Each name is in a namespace of its own, which ``manage.py kvstore copy`` leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable

from django_kvstore.transfer.failures import Failures
from django_kvstore.transfer.pages import pages
from django_kvstore.transfer.progress import Progress
from django_kvstore.transfer.verify import verify

from .names import Names


class NamedFailures(Failures):
    """Adds to `failures` what fails of one name: the keys of several may be alike."""

    def __init__(self, failures: Failures, name: str) -> None:
        super().__init__()
        self._failures, self._name = failures, name

    def add(self, key: str, reason: object) -> None:
        """Note the key without the sign that it is stored with."""
        self._failures.add(f"{self._name}: {key[1:]}", reason)


def is_one(source: Names, target: Names) -> bool:
    """Say whether the two are in one place."""
    one, other = source.store, target.store
    return one.backend is other.backend and one.options.namespace == other.options.namespace


def count_keys(source: Names, chosen: Iterable[str]) -> int:
    """Return how many keys those names have."""
    return sum(source.open(name).count() for name in chosen)


def copy_names(
    source: Names, target: Names, chosen: Iterable[str], failures: Failures, progress: Progress
) -> int:
    """Write every key of those names, over what is there; return how many."""
    copied = 0
    for name in chosen:
        target.note(name)
        within = NamedFailures(failures, name)
        for entries, _cursor in pages(source.open(name), "", None):
            page = within.readable(entries)
            within.restore(target.open(name), page)
            copied += len(page)
            progress.advance(len(page))
    return copied


def verify_names(
    source: Names, target: Names, chosen: Iterable[str], failures: Failures, progress: Progress
) -> None:
    """Note every key of those names that `target` does not have just so."""
    for name in chosen:
        within = NamedFailures(failures, name)
        verify(source.open(name), target.open(name), "", within, progress)
