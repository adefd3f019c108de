"""A model's options: the class ``Meta`` inside it, read when the model is made.

``class Meta: store = "sessions"; ttl = 3600; key = "shop.Basket"``
"""

from __future__ import annotations

import datetime as dt
import difflib
import uuid
from typing import Any, Final

from django.core.exceptions import FieldError

from ..options import DEFAULT_TTL, TTL
from .fields import Field

#: What every model's key begins with, as in django-kvstore 1.0.
KEY_PREFIX: Final = "__KV_STORE_::"

#: What a primary key can be: types whose text is one for one with the value.
KEY_TYPES: Final = frozenset({str, int, dt.date, dt.datetime, uuid.UUID})

_KNOWN: Final = ("abstract", "key", "store", "ttl")


class Options:
    """What ``Model._meta`` holds.

    `store` is the alias; `ttl` the seconds that saved objects live; `key` what stands for the class
    in keys, ``module.Class`` unless said, so that a class can move and keep its objects; `prefix`
    what the keys of all its objects begin with; `fields` the fields by name in order; `pk` the
    primary key's.
    """

    def __init__(self, model: type, own: type | None, fields: dict[str, Field[Any]]) -> None:
        meta: type | None = getattr(model, "Meta", None)
        given = {
            name: getattr(meta, name) for name in dir(meta or object) if not name.startswith("_")
        }
        for name in given:
            if name not in _KNOWN:
                near = difflib.get_close_matches(name, _KNOWN, n=1)
                mend = f"did you mean '{near[0]}'?" if near else f"it takes {', '.join(_KNOWN)}."
                raise FieldError(f"The Meta of {_name(model)} has no option '{name}': {mend}")
        # A base hands its Meta down, but neither that it is abstract nor its key.
        self.abstract: bool = vars(own).get("abstract", False) if own else False
        self.store: str = given.get("store", "default")
        self.ttl: TTL = given.get("ttl", DEFAULT_TTL)
        self.key: str = (vars(own).get("key") if own else None) or _name(model)
        for option in ("store", "key"):
            if not isinstance(getattr(self, option), str):
                raise FieldError(f"The Meta.{option} of {_name(model)} is no str.")
        if ":" in self.key:
            raise FieldError(f"The Meta.key of {_name(model)} holds a ':', which ends it in keys.")
        self.prefix = f"{KEY_PREFIX}{self.key}:"
        self.fields = fields
        keys = [name for name, field in fields.items() if field.pk]
        if len(keys) > 1:
            raise FieldError(
                f"{_name(model)} has {len(keys)} primary keys, {' and '.join(keys)}: "
                "leave pk=True on one of them."
            )
        if not keys and not self.abstract:
            raise FieldError(
                f"{_name(model)} has no primary key: give one of its fields pk=True, or "
                "write 'abstract = True' in its Meta."
            )
        self.pk: str = keys[0] if keys else ""


def _name(model: type) -> str:
    return f"{model.__module__}.{model.__qualname__.rpartition('.')[2]}"
