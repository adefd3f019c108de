"""What makes a model of a class: its fields and those of its bases, and its ``Meta``.

``for model in model_classes(): print(model._meta.key)``
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, dataclass_transform

from django.core.exceptions import FieldError, ObjectDoesNotExist

from .fields import Field
from .lookup import Lookup
from .options import Options
from .statement import check_annotations, check_attribute, check_statement
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
    DoesNotExist: type[ObjectDoesNotExist]

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> ModelBase:
        roots = [base for parent in bases for base in parent.__mro__ if "_is_root" in vars(base)]
        if not roots or "_is_root" in namespace:
            return super().__new__(cls, name, bases, namespace)
        path = f"{namespace.get('__module__')}.{name}"
        check_statement(path, namespace, {used for root in roots for used in vars(root)})
        model = super().__new__(cls, name, bases, namespace)
        fields: dict[str, Field[Any]] = {}
        for base in reversed(model.__mro__):
            for attribute, value in vars(base).items():
                if isinstance(value, Field):
                    fields[attribute] = value
                else:
                    if not isinstance(base, ModelBase):
                        check_attribute(path, attribute, value)
                    # Any other attribute of that name in a subclass takes the field away.
                    fields.pop(attribute, None)
        check_annotations(model, path, fields)
        model._meta = Options(model, namespace.get("Meta"), fields)
        scope = {
            "__module__": model.__module__,
            "__qualname__": f"{model.__qualname__}.DoesNotExist",
        }
        model.DoesNotExist = type("DoesNotExist", (ObjectDoesNotExist,), scope)
        return model

    def __setattr__(cls, name: str, value: Any) -> None:
        path = f"{cls.__module__}.{cls.__name__}"
        check_attribute(path, name, value)
        if isinstance(value, Field):
            raise FieldError(
                f"'{name}' cannot become a field of {path} any more. Declare it in the class "
                "statement."
            )
        super().__setattr__(name, value)

    @property
    def _default_manager(cls) -> Lookup:
        """What Django's shortcuts ask for objects."""
        return Lookup(cls)


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
