"""A migration that fills a store, as the page on data migrations has it."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from django_kvstore import kvstore
from django_kvstore.migrations import ProvisionStore


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.alias == "default":
        kvstore.set("currency", "EUR")


class Migration(migrations.Migration):
    operations = [
        ProvisionStore("default"),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
