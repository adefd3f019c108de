"""Django's shortcuts for views, with the types of models of a key-value store.

``book = get_object_or_404(Book, pk=isbn)`` is a ``Book``, for type checkers too.

The functions of `django.shortcuts` do the same. But for django-stubs they accept only Django's own
models.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django import shortcuts

from .models import Model

M = TypeVar("M", bound=Model)


def get_object_or_404(model: type[M], **condition: Any) -> M:
    """Return the object of a primary key, given as ``pk=...``; raises ``Http404`` without one."""
    asked: Any = model
    found: M = shortcuts.get_object_or_404(asked, **condition)
    return found


async def aget_object_or_404(model: type[M], **condition: Any) -> M:
    """As `get_object_or_404`."""
    asked: Any = model
    found: M = await shortcuts.aget_object_or_404(asked, **condition)
    return found


def get_list_or_404(model: type[M], **condition: Any) -> list[M]:
    """Return the objects that a condition selects; raises ``Http404`` where there is none.

    The condition is ``pk__startswith="..."``, ``pk__in=[...]``, or nothing for all of them. Raises
    `NotSupported` where the engine cannot iterate, for any but ``pk__in``.
    """
    asked: Any = model
    found: list[M] = shortcuts.get_list_or_404(asked, **condition)
    return found


async def aget_list_or_404(model: type[M], **condition: Any) -> list[M]:
    """As `get_list_or_404`."""
    asked: Any = model
    found: list[M] = await shortcuts.aget_list_or_404(asked, **condition)
    return found
