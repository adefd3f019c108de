"""Objects as a store holds them, for whoever writes them without the model, as the admin does.

``for model in models_at("default", key): data = clean_stored(model, key, data)``
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .aio import Model
from .base import model_classes


def models_at(alias: str, key: str) -> Iterator[type[Model]]:
    """Yield the models that keep an object under that key of the store `alias`.

    There is more than one only where two classes have one ``Meta.key``, which a check reports.
    """
    for model in model_classes(Model):
        if (
            issubclass(model, Model)
            and model._meta.store == alias
            and key.startswith(model._meta.prefix)
        ):
            yield model


def clean_stored(model: type[Model], key: str, data: Any) -> dict[str, Any]:
    """Return what the model would store for an object that is typed as `data`.

    Raises ``ValidationError`` for what the model cannot read or would not save, and for a primary
    key that is not the one in `key`.
    """
    fields = model._meta.fields
    if not isinstance(data, Mapping):
        raise ValidationError(
            _("An object of %(model)s is a JSON object with its fields: %(fields)s.")
            % {"model": model.__name__, "fields": ", ".join(fields)}
        )
    unknown = [name for name in data if name not in fields]
    if unknown:
        raise ValidationError(
            _("“%(name)s” is not a field of %(model)s. Its fields are %(fields)s.")
            % {"name": unknown[0], "model": model.__name__, "fields": ", ".join(fields)}
        )
    errors: dict[str, Any] = {}
    for name, value in data.items():
        try:
            fields[name].decode(value)
        except ValidationError as error:
            errors[name] = error.error_list
        except Exception:  # noqa: BLE001, a field of the application's may raise anything
            kind = type(fields[name]).__name__
            errors[name] = [_("This cannot be read by the %s.") % kind]
    if errors:
        raise ValidationError(errors)
    made = model.from_dict(data)
    made.full_clean()
    prefix = model._meta.prefix
    own = model._key(made.pk)
    if own != key:
        message = _("The entry's key ends in “%(key)s”, so this must be the same; it is “%(pk)s”.")
        told = message % {"key": key[len(prefix) :], "pk": own[len(prefix) :]}
        raise ValidationError({model._meta.pk: told})
    return made.to_dict()
