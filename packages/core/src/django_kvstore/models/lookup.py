"""Objects found by their primary key, in the way in which Django's shortcuts ask for them.

``get_object_or_404(Book, pk="1")``, ``get_list_or_404(Book, pk__startswith="0-19")``
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, Final

from django.core.exceptions import FieldError
from django.utils.translation import gettext as _

from ..errors import InvalidKey

_ALL: Final = ""
_EXACT, _IN, _STARTSWITH = "exact", "in", "startswith"


class Lookup:
    """The objects of a model that one condition selects; all of them without a condition.

    It has the methods of a queryset that Django's shortcuts call, and no others. What it reads is
    read when it is called or iterated.
    """

    def __init__(self, model: Any, kind: str = _ALL, value: Any = None) -> None:
        self.model = model
        self._kind = kind
        self._value = value

    def all(self) -> Lookup:
        """Return the same objects."""
        return self

    def filter(self, *unnamed: Any, **conditions: Any) -> Lookup:
        """Return the objects that the condition selects.

        The condition is ``pk=...``, ``pk__in=[...]`` or ``pk__startswith="..."``, or one with the
        name of the primary key's field in place of ``pk``. Raises ``FieldError`` for any other.
        """
        if not conditions and not unnamed:
            return self
        if unnamed or len(conditions) > 1 or self._kind != _ALL:
            raise self._refusal("accepts one condition only")
        ((condition, value),) = conditions.items()
        name, _mark, kind = condition.partition("__")
        kind = kind or _EXACT
        if name not in ("pk", self.model._concrete().pk) or kind not in (_EXACT, _IN, _STARTSWITH):
            raise self._refusal(f"cannot look for '{condition}'")
        if kind == _STARTSWITH and not isinstance(value, str):
            raise self._refusal(f"needs a str for '{condition}'")
        return Lookup(self.model, kind, value)

    def get(self, *unnamed: Any, **conditions: Any) -> Any:
        """Return the one object of a primary key; raises the model's ``DoesNotExist``."""
        wanted = self.filter(*unnamed, **conditions)
        if wanted._kind != _EXACT:
            raise self._refusal("needs to know which object is asked for")
        try:
            found = self.model.get(wanted._value)
        except InvalidKey:
            found = None  # nothing can be stored under such a key
        if found is None:
            raise self.model.DoesNotExist(
                _("There is no %s with this primary key.") % self.model.__name__
            )
        return found

    async def aget(self, *unnamed: Any, **conditions: Any) -> Any:
        """As `get`."""
        return await self.model._run(self.get, *unnamed, **conditions)

    def __iter__(self) -> Iterator[Any]:
        if self._kind in (_EXACT, _IN):
            pks: Iterable[Any] = [self._value] if self._kind == _EXACT else self._value
            return iter(self.model.get_many(pks).values())
        return iter(self.model.iterate(self._value or ""))

    async def __aiter__(self) -> AsyncIterator[Any]:
        if self._kind in (_EXACT, _IN):
            for found in await self.model._run(list, self):
                yield found
        else:
            async for found in self.model.aiterate(self._value or ""):
                yield found

    def _refusal(self, what: str) -> FieldError:
        name = self.model.__name__
        return FieldError(
            f"{name} {what}: a key-value store finds objects by their primary key. Use pk=..., "
            "pk__in=[...] or pk__startswith='...'."
        )
