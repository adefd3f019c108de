"""The plain field: holds any value that the store's serializer accepts.

``foo = models.Field(default=list)``; override `Field.encode` and `Field.decode` to keep something
else in the store than on the object.
"""

from __future__ import annotations

import copy
import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Self, TypeVar, overload

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ..equality import IMMUTABLE

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

#: What a primary key can be: types whose text stands for one value.
KEY_TYPES: Final = frozenset({str, int, dt.date, dt.datetime, uuid.UUID})
#: What django-kvstore 1.0 accepted too, and tuples of all these. Only a plain `Field` accepts them.
KEY_TYPES_OF_1_0: Final = frozenset({bool, float})


class Field(Generic[T]):
    """One attribute of a model.

    `default` is a value, or a callable that makes one for each object; `pk` marks the field whose
    value is the object's key. On the class the attribute is the field itself.
    """

    name: str = ""
    #: The class that the field was declared in.
    owner: type | None = None
    #: Whether a primary key may be what only django-kvstore 1.0 accepted.
    accepts_keys_of_1_0: ClassVar[bool] = True

    # What a type checker makes of a field that has no annotation.
    @overload
    def __init__(self: Field[Any], *, pk: bool = ...) -> None: ...
    @overload
    def __init__(self: Field[list[Any]], default: type[list[Any]], pk: bool = ...) -> None: ...
    @overload
    def __init__(
        self: Field[dict[Any, Any]], default: type[dict[Any, Any]], pk: bool = ...
    ) -> None: ...
    @overload
    def __init__(self: Field[set[Any]], default: type[set[Any]], pk: bool = ...) -> None: ...
    @overload
    def __init__(self, default: Callable[[], T], pk: bool = ...) -> None: ...
    @overload
    def __init__(self, default: T, pk: bool = ...) -> None: ...
    def __init__(self, default: Any = None, pk: bool = False) -> None:
        if type(pk) is not bool:
            raise TypeError(f"The option pk of {type(self).__name__} must be True or False.")
        self.default = default
        self.pk = pk

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner = owner
        self.name = name

    # Values stand in the object's own dict; these two lines are for the reader and the types.
    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Any:
        if instance is None:
            return self
        raise AttributeError(f"the field '{self.name}' of {instance!r} has no value")

    if TYPE_CHECKING:

        def __set__(self, instance: object, value: T) -> None: ...

    def get_default(self) -> Any:
        """Return the default for a new object, one of its own where it can be changed."""
        if callable(self.default):
            return self.default()
        return self.default if type(self.default) in IMMUTABLE else copy.deepcopy(self.default)

    def to_pk(self, value: Any) -> Any:
        """Return the primary key that `value` stands for; its text is in the object's key."""
        return value

    def encode(self, value: Any) -> Any:
        """Return what the store is to keep for `value`."""
        return value

    def decode(self, value: Any) -> Any:
        """Return the object's value for what the store kept."""
        return value

    def clean(self, value: Any) -> Any:
        """Return the value to save, or raise Django's ``ValidationError``."""
        if self.pk and value in (None, ""):
            raise ValidationError(_("A primary key cannot be empty."), code="blank")
        return value

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


def key_text(field: Field[Any], pk: Any) -> str | None:
    """Return the text that stands for a primary key in the store's key.

    None for what cannot be a primary key of that field.
    """
    fits = _is_key(pk) or (field.accepts_keys_of_1_0 and _is_key_of_1_0(pk))
    return _text(field.to_pk(pk)) if fits else None


def _is_key(pk: Any) -> bool:
    # Django's TextChoices and IntegerChoices are classes of str and int.
    return type(pk) in KEY_TYPES or (isinstance(pk, (str, int)) and type(pk) is not bool)


def _is_key_of_1_0(pk: Any) -> bool:
    if type(pk) is tuple:
        return all(type(item) in KEY_TYPES or _is_key_of_1_0(item) for item in pk)
    return type(pk) in KEY_TYPES_OF_1_0


def _text(pk: Any) -> str:
    if isinstance(pk, str):
        return str.__str__(pk)
    if isinstance(pk, int) and type(pk) is not bool:
        return int.__repr__(pk)
    return str(pk)
