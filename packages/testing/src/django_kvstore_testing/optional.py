"""Groups of checks that run only where a test class gives what they need.

``class Outage(Optional): …`` with a class method `applies`; where it returns False, the group's
checks are left out of the class. One test is skipped in their place, and its reason is `missing`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from .base import Base
from .clauses import checks_of


class Optional(Base):
    """The base of such a group."""

    #: What a class does not give, and which checks therefore did not run.
    missing: ClassVar[str]

    #: The checks that a class, or the one it is derived of, has left out.
    _left_out: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def applies(cls, tests: type[Base]) -> bool:
        """Say whether a test class gives what the group's checks need."""
        raise NotImplementedError

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.startswith(f"{__package__}."):
            return  # a group of checks, or all of them
        for group in cls.__mro__:
            if not issubclass(group, Optional) or Optional not in group.__bases__:
                continue
            # In one order everywhere: other processes of pytest-xdist collect the same.
            names = sorted(vars(group).keys() & checks_of(group).keys())
            skipped = f"test_{group.__name__.lower()}_is_left_out"
            if skipped not in vars(cls):
                setattr(cls, skipped, None if group.applies(cls) else _skipping(group.missing))
            if group.applies(cls):
                # A class that gives it, derived of one that did not.
                for name in names:
                    if name in cls._left_out:
                        setattr(cls, name, getattr(group, name))
                cls._left_out -= set(names)
            else:
                left_out = [name for name in names if name in checks_of(cls)]
                cls._left_out |= set(left_out)
                for name in left_out:
                    setattr(cls, name, None)


def _skipping(reason: str) -> Callable[..., None]:
    """Return a test that is skipped for this reason."""

    @pytest.mark.skip(reason=reason)
    def left_out(self: Base) -> None:
        raise NotImplementedError

    return left_out
