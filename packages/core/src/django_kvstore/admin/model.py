"""The model that stands for the stores in the admin: it has no table and no rows.

Django hangs permissions, the history and the admin's index on a model; this is that hook.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class NoRows(models.Manager["KeyValueStore"]):
    """Asks no database, so that ``dumpdata`` and its like pass over a model without a table."""

    def get_queryset(self) -> models.QuerySet[KeyValueStore]:
        nothing: models.QuerySet[KeyValueStore] = super().get_queryset().none()
        return nothing


class KeyValueStore(models.Model):
    """A configured store, by its alias."""

    alias: models.CharField[str, str] = models.CharField(
        _("alias"), max_length=200, primary_key=True
    )

    objects = NoRows()

    class Meta:
        app_label = "django_kvstore"
        base_manager_name = "objects"
        managed = False
        default_permissions = ()
        verbose_name = _("store")
        verbose_name_plural = _("stores")

    def __str__(self) -> str:
        return self.alias
