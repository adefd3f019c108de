"""What to say of several distributions that claim one scheme or serializer.

``rivals("scheme", "redis", ["kvstore-redis", "other-redis"])``
"""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ImproperlyConfigured


def rivals(what: str, name: str, owners: Iterable[str]) -> tuple[str, str] | None:
    """Return what is wrong and what to do about it; None where one distribution claims the name."""
    owners = sorted(set(owners))
    if len(owners) < 2:
        return None
    return (
        f"The {what} '{name}' is claimed by several distributions: {', '.join(owners)}.",
        f"Keep one of them: run 'pip uninstall {owners[-1]}', or whichever you do not want.",
    )


def refuse_rivals(what: str, name: str, owners: Iterable[str]) -> None:
    """Raise ``ImproperlyConfigured`` where several distributions claim the name."""
    problem = rivals(what, name, owners)
    if problem:
        raise ImproperlyConfigured(" ".join(problem))
