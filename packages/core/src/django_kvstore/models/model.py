"""The model: objects got, saved and deleted by primary key."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, Self, TypeVar

from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist, ValidationError
from django.utils.translation import gettext as _

from ..equality import IMMUTABLE
from ..errors import Conflict, CorruptValue
from ..options import MISSING
from ..stores import kvstores
from .base import ModelBase
from .fields import key_text
from .options import Options

if TYPE_CHECKING:
    from ..store import Store

P = ParamSpec("P")
M = TypeVar("M", bound="Root")


class Root(metaclass=ModelBase):
    """The sync half of `django_kvstore.models.Model`."""

    _is_root: ClassVar[bool] = True
    _meta: ClassVar[Options]
    DoesNotExist: ClassVar[type[ObjectDoesNotExist]] = ObjectDoesNotExist
    #: What the store held when the object was read or last saved; MISSING for a new one.
    _saved = MISSING  # without an annotation, which would make it one of the fields

    def __init__(self, /, **values: Any) -> None:
        fields = self._concrete().fields
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
        key = cls._key_or_none(pk)
        data = MISSING if key is None else cls._store().get(key, MISSING)
        return None if key is None or data is MISSING else cls._load(key, data)

    @classmethod
    def get_many(cls, pks: Iterable[Any]) -> dict[Any, Self]:
        """Return the objects of those primary keys that have one, by primary key."""
        keys: dict[Any, str] = {}
        store = cls._store()
        for pk in store.coder.several(pks):
            key = cls._key_or_none(pk)
            if key is None:
                continue
            if keys.setdefault(pk, key) != key:
                raise ValueError(
                    f"{pk!r} is equal to another primary key of this call, though of another type. "
                    "One dict cannot hold both: ask for them one by one."
                )
        found = store.get_many(keys.values())
        made = {key: cls._load(key, data) for key, data in found.items()}
        return {pk: made[key] for pk, key in keys.items() if key in made}

    @classmethod
    def exists(cls, pk: Any) -> bool:
        """Say whether there is an object of that primary key."""
        key = cls._key_or_none(pk)
        return key is not None and cls._store().exists(key)

    @classmethod
    def iterate(cls, prefix: str = "") -> Iterator[Self]:
        """Walk the objects whose primary key, as text, starts with `prefix`, page by page."""
        for key, data in cls._store().items(cls._meta.prefix + prefix):
            yield cls._load(key, data)

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
    def create(cls: Callable[P, M], /, *unnamed: P.args, **values: P.kwargs) -> M:
        """Make and save a new object; raises `Conflict` when its primary key is taken."""
        made = cls(*unnamed, **values)
        if not made._add():
            raise made._conflict(made, "there is one with this primary key already.")
        return made

    @classmethod
    def get_or_create(cls, pk: Any, defaults: Mapping[str, Any] | None = None) -> tuple[Self, bool]:
        """Return the object of that primary key and False, or a new one of `defaults` and True.

        Raises `Conflict` when there is an object that cannot be read for longer than the backend's
        `contention_timeout`, for example because others create and delete it all the time.
        """
        found = cls._current(pk)
        if found is not None:
            return found, False
        made = cls(**{**(defaults or {}), cls._meta.pk: pk})
        for _try in cls._store().backend.tries():
            if made._add():
                return made, True
            # Somebody made it in the meantime: read theirs, under the key that was taken.
            found = cls._current(made.pk)
            if found is not None:
                break
        assert found is not None  # else `tries` has raised an error
        return found, False

    @classmethod
    def _current(cls, pk: Any) -> Self | None:
        """Do what `get` does, for a call that may write: no replica is asked."""
        key = cls._key_or_none(pk)
        data = MISSING if key is None else cls._store()._current(key, MISSING)
        return None if key is None or data is MISSING else cls._load(key, data)

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
        prepared = [(made, cls._check_own(made)._to_save()) for made in objects]
        values = {cls._key(made.pk): data for made, data in prepared}
        cls._store().set_many(values, cls._meta.ttl)
        for made, data in prepared:
            made._saved = _snapshot(data)

    def delete(self, *, if_unchanged: bool = False) -> bool:
        """Delete the object from the store; say whether it was there. As `save` otherwise."""
        store, key = self._store(), self._key(self.pk)
        if not if_unchanged:
            existed = store.delete(key)
        elif store.compare_and_set(key, self._saved, MISSING):
            existed = self._saved is not MISSING
        else:
            raise self._conflict(self, "somebody else has saved or deleted it since.")
        self._saved = MISSING
        return existed

    @classmethod
    def delete_many(cls, pks: Iterable[Any]) -> int:
        """Delete the objects of those primary keys; return how many there were."""
        store = cls._store()
        keys = map(cls._key_or_none, store.coder.several(pks))
        return store.delete_many([key for key in keys if key is not None])

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
        """Make the object of what a store kept.

        Names that are not fields are ignored, and missing ones get the field's default. Raises
        `CorruptValue`, which names the field, for what the model cannot read.
        """
        return cls._load("", data)

    @classmethod
    def _load(cls, key: str, data: Any) -> Self:
        if type(data) is not dict and not isinstance(data, Mapping):
            raise cls._store().backend.error(
                CorruptValue,
                f"the {type(data).__name__}{_stored_under(key)} is not an object of "
                f"{cls._meta.key}, which is a dict of its fields.",
                hint="Something else has written there: delete the entry, or give the model "
                "another Meta.key.",
            )
        made = cls.__new__(cls)
        own = made.__dict__
        for name, field in cls._meta.fields.items():
            if name not in data:
                own[name] = field.get_default()
                continue
            try:
                own[name] = field.decode(data[name])
            except Exception as error:  # a field of the application's may raise anything
                raise cls._misfit(key, name, data[name]) from error
        made._saved = _snapshot(data)
        return made

    @property
    def pk(self) -> Any:
        """The primary key's value."""
        return self.__dict__.get(self._meta.pk)

    def _to_save(self) -> dict[str, Any]:
        self.full_clean()
        return self.to_dict()

    def _add(self) -> bool:
        """Validate the object and write it unless its primary key is taken; say whether it was."""
        data = self._to_save()
        added = self._store().add(self._key(self.pk), data, self._meta.ttl)
        if added:
            self._saved = _snapshot(data)
        return added

    @classmethod
    def _concrete(cls) -> Options:
        meta: Options | None = getattr(cls, "_meta", None)
        if meta is None or meta.abstract:
            raise TypeError(f"{cls.__name__} is abstract: it has no objects, its subclasses do.")
        return meta

    @classmethod
    def _store(cls) -> Store:
        meta = cls._concrete()
        try:
            return kvstores[meta.store]
        except ImproperlyConfigured as error:
            raise ImproperlyConfigured(
                f"The model {cls.__module__}.{cls.__qualname__} has no store: {error}"
            ) from error.__cause__

    @classmethod
    def _key(cls, pk: Any) -> str:
        meta = cls._concrete()
        text = key_text(meta.fields[meta.pk], pk)
        if text is None:
            message = _("A primary key is a str, int, date or UUID, not %s.") % type(pk).__name__
            raise ValidationError({meta.pk: message})
        return f"{meta.prefix}{text}"

    @classmethod
    def _key_or_none(cls, pk: Any) -> str | None:
        """Return the key, None for a primary key of None, under which nothing is stored."""
        cls._concrete()
        return None if pk is None else cls._key(pk)

    @classmethod
    def _check_own(cls, made: Any) -> Self:
        if type(made) is not cls:
            raise TypeError(f"Objects of {cls.__name__} are saved here, not of {type(made)}.")
        own: Self = made
        return own

    @classmethod
    def _misfit(cls, key: str, name: str, stored: Any) -> CorruptValue:
        field = cls._meta.fields[name]
        return cls._store().backend.error(
            CorruptValue,
            f"the {type(stored).__name__}{_stored_under(key)} for {cls.__name__}.{name} cannot be "
            f"read by the {type(field).__name__}.",
            hint="Give the changed field another name, or a decode() that reads what was stored.",
        )

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


def _stored_under(key: str) -> str:
    return f" stored under {key!r}" if key else ""


def _snapshot(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy that later changes to the object's lists and dicts do not reach."""
    return {
        name: value if type(value) in IMMUTABLE else _copied(value) for name, value in data.items()
    }


def _copied(value: Any) -> Any:
    # Most lists and dicts are flat, and deepcopy() takes ten times as long.
    kind = type(value)
    if kind is list and IMMUTABLE.issuperset(map(type, value)):
        return value.copy()
    if kind is dict and IMMUTABLE.issuperset(map(type, value.values())):
        return value.copy()
    return copy.deepcopy(value)
