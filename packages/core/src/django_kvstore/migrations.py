"""The migration operation that creates what a store needs before a data migration uses it.

``operations = [ProvisionStore("default"), migrations.RunPython(fill)]``

``migrate`` provisions the stores after all migrations, which is too late for one that uses a store.
Django looks for migrations in packages of this name; a module is none, so it finds none here.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory

from .config import DEFAULT_ALIAS
from .stores import kvstores


class ProvisionStore(Operation):
    """Create what the store of an alias needs; the table or domain stays when it is reversed.

    For a store that is in one of Django's databases, it does so in the migrations of that database
    and nothing in those of others, nor where a database router keeps the table out. Raises
    ``ImproperlyConfigured`` for an alias that the settings do not have, and the store's errors.
    """

    category = OperationCategory.ADDITION
    reversible = True
    reduces_to_sql = False

    def __init__(self, alias: str = DEFAULT_ALIAS) -> None:
        self.alias = alias

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Change nothing: no model is concerned."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, *states: Any
    ) -> None:
        """Provision the store, if this is the database that it is in, or it is in none."""
        backend = kvstores[self.alias].backend
        if not backend.transactional or backend.provisions_on_migrate(
            schema_editor.connection.alias
        ):
            backend.provision()

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, *states: Any
    ) -> None:
        """Leave everything as it is: other migrations, and users, may have stored entries."""

    def describe(self) -> str:
        """Return what ``migrate`` and ``sqlmigrate`` print."""
        return f"Create what the store '{self.alias}' needs"
