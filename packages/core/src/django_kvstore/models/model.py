"""The model: fields read from its class, and objects got, saved and deleted by key."""

from __future__ import annotations

import copy
import datetime as dt
import decimal
import uuid
from collections.abc import Iterable, Iterator, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import FieldError, ObjectDoesNotExist, ValidationError
from django.utils.translation import gettext as _

from ..errors import Conflict, CorruptValue
from ..options import MISSING
from ..stores import kvstores
from .fields import Field
from .options import Options

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..store import Store

_IMMUTABLE = frozenset(
    {NoneType, bool, int, float, str, bytes, decimal.Decimal, uuid.UUID}
    | {dt.date, dt.datetime, dt.time, dt.timedelta}
)


class ModelBase(type):
    """Makes a model of a class: gathers its fields, those of its bases first."""

    _meta: Options

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> ModelBase:
        model = super().__new__(cls, name, bases, namespace)
        if not any(isinstance(base, ModelBase) for base in bases) or "_is_root" in namespace:
            return model
        fields: dict[str, Field[Any]] = {}
        for base in reversed(model.__mro__):
            for attribute, value in vars(base).items():
                if isinstance(value, Field):
                    fields[attribute] = value
                else:
                    # Any other attribute of that name in a subclass takes the field away.
                    fields.pop(attribute, None)
        for attribute in fields:
            roots = (base for base in model.__mro__ if "_is_root" in vars(base))
            if attribute.startswith("_") or any(attribute in vars(root) for root in roots):
                raise FieldError(
                    f"{model.__module__}.{name} cannot have a field '{attribute}': models use "
                    "that name themselves. Choose another."
                )
        model._meta = Options(model, namespace.get("Meta"), fields)
        scope = {"__module__": model.__module__, "__qualname__": f"{name}.DoesNotExist"}
        model.DoesNotExist = type("DoesNotExist", (ObjectDoesNotExist,), scope)  # type: ignore[attr-defined]
        return model


class Root(metaclass=ModelBase):
    """The sync half of `django_kvstore.models.Model`."""

    _is_root: ClassVar[bool] = True
    _meta: ClassVar[Options]
    DoesNotExist: ClassVar[type[ObjectDoesNotExist]]
    #: What the store held when the object was read or last saved; MISSING for a new one.
    _saved: Any = MISSING

    def __init__(self, **values: Any) -> None:
        if not hasattr(self, "_meta") or self._meta.abstract:
            raise TypeError(f"{type(self).__name__} is abstract: make objects of its subclasses.")
        fields = self._meta.fields
        unknown = values.keys() - fields.keys()
        if unknown:
            names = ", ".join(fields)
            raise TypeError(f"{type(self).__name__} has no field '{min(unknown)}', only {names}.")
        own = self.__dict__
        for name, field in fields.items():
            own[name] = values[name] if name in values else field.get_default()

    # Reading.

    @classmethod
    def get(cls, pk: Any) -> Self | None:
        """Return the object of that primary key, None when there is none."""
        data = cls._store().get(cls._key(pk), MISSING)
        return None if data is MISSING else cls.from_dict(data)

    @classmethod
    def get_many(cls, pks: Iterable[Any]) -> dict[Any, Self]:
        """Return the objects of those primary keys that have one, by primary key."""
        keys = {cls._key(pk): pk for pk in pks}
        found = cls._store().get_many(keys)
        return {keys[key]: cls.from_dict(data) for key, data in found.items()}

    @classmethod
    def exists(cls, pk: Any) -> bool:
        """Say whether there is an object of that primary key."""
        return cls._store().exists(cls._key(pk))

    @classmethod
    def iterate(cls, prefix: str = "") -> Iterator[Self]:
        """Walk the objects whose primary key, as text, starts with `prefix`, page by page."""
        for _key, data in cls._store().items(cls._meta.prefix + prefix):
            yield cls.from_dict(data)

    @classmethod
    def all(cls) -> Iterator[Self]:
        """Walk every object of the model; raises `NotSupported` where the engine cannot."""
        return cls.iterate()

    @classmethod
    def count(cls, prefix: str = "") -> int:
        """Return how many objects' primary keys, as text, start with `prefix`."""
        return cls._store().count(cls._meta.prefix + prefix)

    def refresh(self) -> None:
        """Read every field again; raises ``DoesNotExist`` when the object is gone."""
        stored = type(self).get(self.pk)
        if stored is None:
            raise self.DoesNotExist(_("%s is not in the store any more.") % repr(self))
        self.__dict__.update(stored.__dict__)

    # Writing.

    @classmethod
    def create(cls, **values: Any) -> Self:
        """Make and save a new object; raises `Conflict` when its primary key is taken."""
        made = cls(**values)
        data = made._to_save()
        if not cls._store().add(cls._key(made.pk), data, cls._meta.ttl):
            raise cls._conflict(made, "there is one with this primary key already.")
        made._saved = _snapshot(data)
        return made

    @classmethod
    def get_or_create(cls, pk: Any, defaults: Mapping[str, Any] | None = None) -> tuple[Self, bool]:
        """Return the object of that primary key and False, or a new one of `defaults` and True."""
        while True:
            found = cls.get(pk)
            if found is not None:
                return found, False
            try:
                return cls.create(**{**(defaults or {}), cls._meta.pk: pk}), True
            except Conflict:
                continue  # somebody made it meanwhile; read theirs

    def save(self, *, if_unchanged: bool = False) -> None:
        """Validate and write the object, new or not.

        With `if_unchanged`, only if the store still holds what was read, or nothing for an object
        that was never read; otherwise `Conflict` is raised and nothing is written.
        """
        data = self._to_save()
        store, key, ttl = self._store(), self._key(self.pk), self._meta.ttl
        if not if_unchanged:
            store.set(key, data, ttl)
        elif not store.compare_and_set(key, self._saved, data, ttl):
            raise self._conflict(self, "somebody else has saved or deleted it since it was read.")
        self._saved = _snapshot(data)

    @classmethod
    def save_many(cls, objects: Iterable[Self]) -> None:
        """Validate them all, then write them in as few requests as the engine can."""
        prepared = [(made, made._to_save()) for made in objects]
        values = {cls._key(made.pk): data for made, data in prepared}
        cls._store().set_many(values, cls._meta.ttl)
        for made, data in prepared:
            made._saved = _snapshot(data)

    def delete(self, *, if_unchanged: bool = False) -> bool:
        """Delete the object from the store; say whether it was there. As `save` otherwise."""
        store, key = self._store(), self._key(self.pk)
        if not if_unchanged:
            existed = store.delete(key)
        else:
            existed = store.compare_and_set(key, self._saved, MISSING)
            if not existed:
                raise self._conflict(self, "somebody else has saved or deleted it since.")
        self._saved = MISSING
        return existed

    @classmethod
    def delete_many(cls, pks: Iterable[Any]) -> int:
        """Delete the objects of those primary keys; return how many there were."""
        return cls._store().delete_many([cls._key(pk) for pk in pks])

    # Validating and converting.

    def clean(self) -> None:
        """Hook for what concerns several fields; raise ``ValidationError``."""

    def full_clean(self) -> None:
        """Validate every field and `clean`; raises ``ValidationError`` naming each bad field."""
        errors: dict[str, list[Any]] = {}
        own = self.__dict__
        for name, field in self._meta.fields.items():
            try:
                own[name] = field.clean(own[name])
            except ValidationError as error:
                errors[name] = error.error_list
        if not errors:
            self.clean()
        else:
            raise ValidationError(errors)

    def to_dict(self) -> dict[str, Any]:
        """Return what the store keeps: each field's encoded value by name."""
        own = self.__dict__
        return {name: field.encode(own[name]) for name, field in self._meta.fields.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make the object of what a store kept; unknown names are left, missing ones defaulted."""
        if not isinstance(data, Mapping):
            raise cls._store().backend.error(
                CorruptValue,
                f"under a key of {cls._meta.key} stands a {type(data).__name__}, no fields.",
                hint="Something else has written there: delete the entry, or give the model "
                "another Meta.key.",
            )
        made = cls.__new__(cls)
        own = made.__dict__
        for name, field in cls._meta.fields.items():
            own[name] = field.decode(data[name]) if name in data else field.get_default()
        made._saved = _snapshot(data)
        return made

    @property
    def pk(self) -> Any:
        """The primary key's value."""
        return self.__dict__.get(self._meta.pk)

    def _to_save(self) -> dict[str, Any]:
        self.full_clean()
        return self.to_dict()

    @classmethod
    def _store(cls) -> Store:
        return kvstores[cls._meta.store]

    @classmethod
    def _key(cls, pk: Any) -> str:
        if not isinstance(pk, str):
            # Only types whose text is one for one with the value.
            if type(pk) not in (int, uuid.UUID, dt.date, dt.datetime):
                raise ValidationError(
                    {
                        cls._meta.pk: _("A primary key is a str, int, date or UUID, not %s.")
                        % type(pk)
                    }
                )
            pk = str(pk)
        return f"{cls._meta.prefix}{pk:s}"

    @classmethod
    def _conflict(cls, made: Self, reason: str) -> Conflict:
        return cls._store().backend.error(
            Conflict,
            f"{made!r}: {reason}",
            hint="Nothing was written. Read it again, apply your change and save.",
        )

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self is other or (self.pk is not None and self.pk == other.pk)

    def __hash__(self) -> int:
        if self.pk is None:
            raise TypeError(f"{type(self).__name__} without a primary key is not hashable.")
        return hash((type(self), self.pk))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.pk!r}>"


def _snapshot(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy that later changes to the object's lists and dicts do not reach."""
    return {
        name: value if type(value) in _IMMUTABLE else copy.deepcopy(value)
        for name, value in data.items()
    }
