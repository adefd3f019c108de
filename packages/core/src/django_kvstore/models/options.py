"""A model's options: the class ``Meta`` inside it, read when the model is made.

``class Meta: store = "sessions"; ttl = 3600; key = "shop.Basket"``
"""

from __future__ import annotations

import difflib
from typing import Any, Final

from django.core.exceptions import FieldError

from ..keys import MAX_KEY_BYTES, key_problem
from ..options import DEFAULT_TTL, TTL, read_seconds
from .fields import Field

#: What every model's key begins with, as in django-kvstore 1.0.
KEY_PREFIX: Final = "__KV_STORE_::"

_KNOWN: Final = ("abstract", "key", "store", "ttl")


class Options:
    """Hold what ``Model._meta`` says about a model.

    `store` is the alias of its store; `ttl` the seconds that saved objects live; `key` what stands
    for the class in keys, ``module.Class`` by default, so that a class can move and keep its
    objects; `prefix` the beginning of all its objects' keys; `fields` the fields by name, in their
    order; `pk` the primary key's name; `object_name` the class's name, as Django calls it.
    """

    def __init__(self, model: type, own: type | None, fields: dict[str, Field[Any]]) -> None:
        path = model_path(model)
        given = _given(path, getattr(model, "Meta", None))
        mine = vars(own) if own else {}
        self.object_name = model.__name__
        # A base hands its Meta down, but neither that it is abstract nor its key.
        self.abstract: bool = mine.get("abstract", False)
        self.store: str = given.get("store", "default")
        self.ttl: TTL = given.get("ttl", DEFAULT_TTL)
        self.key: str = mine.get("key", path)
        self.prefix = f"{KEY_PREFIX}{self.key}:"
        self._check(path)
        self.fields = fields
        keys = [name for name, field in fields.items() if field.pk]
        if len(keys) > 1:
            raise FieldError(
                f"{path} has {len(keys)} primary keys, {' and '.join(keys)}: "
                "leave pk=True on one of them."
            )
        if not keys and not self.abstract:
            raise FieldError(
                f"{path} has no primary key: give one of its fields pk=True, or "
                "write 'abstract = True' in its Meta."
            )
        self.pk: str = keys[0] if keys else ""

    def _check(self, path: str) -> None:
        if type(self.abstract) is not bool:
            raise FieldError(f"The Meta.abstract of {path} is not True or False.")
        for option in ("store", "key"):
            text = getattr(self, option)
            if not isinstance(text, str):
                raise FieldError(f"The Meta.{option} of {path} is not a str.")
            if not text:
                raise FieldError(f"The Meta.{option} of {path} is empty. Remove it or name one.")
        if ":" in self.key:
            raise FieldError(
                f"The Meta.key of {path} contains a ':', which ends it in keys. Use a '.'."
            )
        problem = key_problem(f"{self.prefix}1", MAX_KEY_BYTES)
        if problem:
            raise FieldError(f"The Meta.key of {path} cannot be part of a key: {problem}")
        if self.ttl is DEFAULT_TTL or self.ttl is None:
            return
        try:
            seconds = read_seconds(self.ttl)
        except ValueError as error:
            raise FieldError(f"The Meta.ttl of {path} must be {error}.") from None
        if seconds <= 0:
            raise FieldError(
                f"The Meta.ttl of {path} is not greater than zero, so no object would be kept. Use "
                "None for objects that do not expire."
            )


def _given(path: str, meta: Any) -> dict[str, Any]:
    if meta is None:
        return {}
    given = {name: getattr(meta, name) for name in dir(meta) if not name.startswith("_")}
    for name in given:
        if name not in _KNOWN:
            near = difflib.get_close_matches(name, _KNOWN, n=1)
            fix = f"did you mean '{near[0]}'?" if near else f"it accepts {', '.join(_KNOWN)}."
            raise FieldError(f"The Meta of {path} has no option '{name}': {fix}")
    return given


def model_path(model: type) -> str:
    """Return ``module.Class``, which names the model in messages and, by default, in keys."""
    return f"{model.__module__}.{model.__qualname__.rpartition('.')[2]}"
