"""What a model's class statement must not hold, and what each message says to do instead.

``b = django.db.models.EmailField()`` would be an attribute that nobody stores, so it is refused.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import forms
from django.core.exceptions import FieldError
from django.db import models as db
from django.db.models.manager import BaseManager

from .fields import Field

if sys.version_info >= (3, 14):
    import annotationlib

_OURS: Final = "django_kvstore.models"
_OTHER_PK: Final = (
    f"Keep the other object's primary key, in a {_OURS}.Field or a field of the key's type"
)
_SAME_NAME: Final = (
    *("BinaryField", "BooleanField", "CharField", "DateField", "DateTimeField", "DecimalField"),
    *("FloatField", "IntegerField", "JSONField", "UUIDField"),
)
#: What to write for a field of Django's models or forms, by the name of its class or of a base.
_INSTEAD: Final = {
    **{name: f"Use {_OURS}.{name}" for name in _SAME_NAME},
    "AutoFieldMixin": f"Use {_OURS}.UUIDField(pk=True, default=uuid.uuid4)",
    "ChoiceField": f"Use {_OURS}.CharField(choices=...)",
    "DurationField": f"Use {_OURS}.Field, which holds a timedelta as it is",
    "EmailField": f"Use {_OURS}.CharField(validators=[validate_email])",
    "FileField": f"Keep the file's name in a {_OURS}.CharField, and the file in a file storage",
    "FilePathField": f"Use {_OURS}.CharField",
    "ForeignObject": _OTHER_PK,
    "GenericIPAddressField": f"Use {_OURS}.CharField(validators=[validate_ipv46_address])",
    "ManyToManyField": f"Keep a list of the other objects' primary keys, in a {_OURS}.Field",
    "ModelChoiceField": _OTHER_PK,
    "MultipleChoiceField": f"Use {_OURS}.Field(default=list)",
    "NullBooleanField": f"Use {_OURS}.BooleanField(null=True)",
    "PositiveIntegerRelDbTypeMixin": f"Use {_OURS}.IntegerField(validators=[MinValueValidator(0)])",
    "RegexField": f"Use {_OURS}.CharField(validators=[RegexValidator(...)])",
    "SlugField": f"Use {_OURS}.CharField(validators=[validate_slug])",
    "TextField": f"Use {_OURS}.CharField, which needs no max_length",
    "TimeField": f"Use {_OURS}.Field, which holds a time as it is",
    "URLField": f"Use {_OURS}.CharField(validators=[URLValidator()])",
}
_STRANGERS: Final = (db.Field, forms.Field, BaseManager, dataclasses.Field)
_NOT_A_FIELD: Final = re.compile(r"""["']?(\w+\.)*(ClassVar|Final)\b""")


def check_statement(path: str, body: Mapping[str, Any], reserved: Iterable[str]) -> None:
    """Raise ``FieldError`` for what cannot work in the body of the class that `path` names."""
    taken = {*reserved, "Meta"}
    seen: dict[int, str] = {}
    for name, value in body.items():
        check_attribute(path, name, value)
        if name == "Meta" and not isinstance(value, (type, Field)):
            raise FieldError(
                f"The Meta of {path} is not a class. Write 'class Meta:' and its options below it."
            )
        if name.lower() == "meta" and name != "Meta" and isinstance(value, type):
            raise FieldError(f"{path} has a class '{name}', which is not read. Name it Meta.")
        if not isinstance(value, Field):
            if name in taken and not name.startswith("_") and not _is_overriding(value):
                raise FieldError(
                    f"{path} cannot have an attribute '{name}' of type {type(value).__name__}: it "
                    "would hide the model's own. Choose another name."
                )
            continue
        if name in taken or name.startswith("_"):
            raise FieldError(
                f"{path} cannot have a field '{name}': models use that name themselves. Choose "
                "another name."
            )
        other = seen.setdefault(id(value), name)
        owner = path
        if other == name and value.owner is not None:
            other = value.name
            owner = f"{value.owner.__module__}.{value.owner.__name__}"
        if other != name or value.owner is not None:
            raise FieldError(
                f"The field '{name}' of {path} is also '{other}' of {owner}. Make a field for each."
            )


def _is_overriding(value: Any) -> bool:
    # Functions, classes, properties and other descriptors may stand in for what they hide.
    return callable(value) or hasattr(value, "__get__")


def check_attribute(path: str, name: str, value: Any) -> None:
    """Raise ``FieldError`` for an attribute that looks like a field and would not be stored."""
    if isinstance(value, (tuple, list)):
        if any(isinstance(item, (Field, *_STRANGERS)) for item in value):
            raise FieldError(
                f"'{name}' of {path} holds a field inside a {type(value).__name__}. Remove the "
                "brackets, or the comma at the end of the line."
            )
        return
    is_class = isinstance(value, type)
    kind: type = value if is_class else type(value)
    if is_class and kind.__name__ == name:
        return  # defined or imported here, not meant for an attribute
    if is_class and issubclass(kind, Field):
        raise FieldError(
            f"'{name}' of {path} is the class {kind.__name__} in place of a field. Write "
            f"{name} = {kind.__name__}()."
        )
    if issubclass(kind, _STRANGERS):
        raise FieldError(
            f"'{name}' of {path} is a {kind.__module__}.{kind.__qualname__}, of which nothing "
            f"would be stored. {_advice(path, kind)}."
        )


def check_annotations(model: type, path: str, fields: Mapping[str, Any]) -> None:
    """Raise ``FieldError`` for a name that has an annotation and is not a field."""
    for name, annotation in _annotations(model).items():
        if name in fields or name.startswith("_") or _NOT_A_FIELD.match(annotation):
            continue
        raise FieldError(
            f"'{name}' of {path} has an annotation and no field, so it would not be stored. Write "
            f"{name}: models.Field[str] = models.CharField(), for example, or annotate what is not "
            "a field as a ClassVar."
        )


def _advice(path: str, kind: type) -> str:
    if issubclass(kind, BaseManager):
        model = path.rpartition(".")[2]
        return (
            f"Remove it: {model}.get, {model}.all and {model}.create are called on the class itself"
        )
    if issubclass(kind, dataclasses.Field):
        return f"Use {_OURS}.Field(default=...), which accepts a callable too"
    found = (_INSTEAD[base.__name__] for base in kind.__mro__ if base.__name__ in _INSTEAD)
    return next(found, f"Use a field of {_OURS}")


def _annotations(model: type) -> dict[str, str]:
    """Return the annotations in the class's own body, as text; none of them is evaluated."""
    found: Mapping[str, Any]
    if sys.version_info >= (3, 14):
        found = annotationlib.get_annotations(model, format=annotationlib.Format.STRING)
    else:
        found = vars(model).get("__annotations__", {})
    return {name: each if isinstance(each, str) else repr(each) for name, each in found.items()}
