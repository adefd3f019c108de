"""What makes a model of a class: its fields and those of its bases, and its ``Meta``.

``for model in model_classes(): print(model._meta.key)``
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, dataclass_transform

from django.core.exceptions import FieldError, ObjectDoesNotExist

from .fields import Field
from .options import Options
from .typed import (
    BinaryField,
    BooleanField,
    CharField,
    DateField,
    DateTimeField,
    DecimalField,
    FloatField,
    IntegerField,
    JSONField,
    UUIDField,
)


# For type checkers: the fields that are annotated are what a model's constructor accepts.
@dataclass_transform(
    eq_default=False,
    kw_only_default=True,
    field_specifiers=(
        Field,
        BinaryField,
        BooleanField,
        CharField,
        DateField,
        DateTimeField,
        DecimalField,
        FloatField,
        IntegerField,
        JSONField,
        UUIDField,
    ),
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
        path = f"{model.__qualname__}.DoesNotExist"
        scope = {"__module__": model.__module__, "__qualname__": path}
        model.DoesNotExist = type("DoesNotExist", (ObjectDoesNotExist,), scope)  # type: ignore[attr-defined]
        return model


def model_classes(root: ModelBase) -> Iterator[ModelBase]:
    """Yield every class below `root` that can have objects, each once."""
    seen: set[ModelBase] = set()
    waiting: list[Any] = [root]
    while waiting:
        for model in waiting.pop().__subclasses__():
            if model not in seen:
                seen.add(model)
                waiting.append(model)
                # A class that was refused stays for a while, with the `_meta` of its base.
                if "_meta" in vars(model) and not model._meta.abstract:
                    yield model
