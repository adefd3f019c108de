"""Ties each check to its paragraph of the contract, and to what an engine must declare for it.

``@clause("atomic-add")`` and ``@needs("atomic")`` above a check.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pytest

from django_kvstore.errors import NotSupported

if TYPE_CHECKING:
    from django_kvstore.store import Store

Check = TypeVar("Check", bound=Callable[..., Any])

#: The attribute by which the pytest plugin finds a failed check's paragraph.
CLAUSE: Final = "kvstore_clause"


def clause(anchor: str) -> Callable[[Check], Check]:
    """Name the paragraph of ``docs/contract.md`` that the check holds a store to."""

    def mark(check: Check) -> Check:
        setattr(check, CLAUSE, anchor)
        return check

    return mark


def missing_flags(store: Store, flags: tuple[str, ...]) -> list[str]:
    """Return those of `flags` that the store's engine does not declare."""
    return [flag for flag in flags if not getattr(store.backend, flag)]


def needs(*flags: str) -> Callable[[Check], Check]:
    """Run the check where the engine declares every one of `flags`.

    Where it does not, the same calls must end in `NotSupported`: what is declared absent is tested
    absent, so nothing is ever skipped. The check must take the fixture ``store``.
    """

    def guard(check: Check) -> Check:
        @functools.wraps(check)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not missing_flags(kwargs["store"], flags):
                return check(*args, **kwargs)
            with pytest.raises(NotSupported):
                check(*args, **kwargs)
            return None

        return guarded  # type: ignore[return-value]

    return guard


def checks_of(contract: type) -> dict[str, Callable[..., Any]]:
    """Return every check of a contract, or of one group, by its name."""
    names = [name for name in dir(contract) if name.startswith("test_")]
    found = {name: getattr(contract, name) for name in names}
    return {name: check for name, check in found.items() if check is not None}
