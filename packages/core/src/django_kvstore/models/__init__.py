"""Objects kept in a store under their primary key, declared as Django's models are.

``class MyData(models.Model): my_key = models.Field(pk=True); foo = models.Field()``

then ``MyData.get("something_unique")``, ``data.save()``, ``data.delete()``. Importing this needs no
configured store.
"""

from __future__ import annotations

from .aio import Model
from .fields import Field
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

__all__ = [
    "BinaryField",
    "BooleanField",
    "CharField",
    "DateField",
    "DateTimeField",
    "DecimalField",
    "Field",
    "FloatField",
    "IntegerField",
    "JSONField",
    "Model",
    "UUIDField",
]
