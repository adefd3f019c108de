"""Find out whether a migration, or the start of Django, is what calls a store.

``migrated_database()`` is ``"default"`` while a migration of that database runs.

Both look at the calls that are under way, so they are for errors, which may take their time.
"""

from __future__ import annotations

from traceback import walk_stack

from django.apps import apps


def migrated_database() -> str | None:
    """Return the alias of the database that the calling migration migrates, None outside of one."""
    for frame, _ in walk_stack(None):
        if (
            frame.f_globals.get("__name__") == "django.db.migrations.migration"
            and "schema_editor" in frame.f_locals
        ):
            return str(frame.f_locals["schema_editor"].connection.alias)
    return None


def django_is_starting() -> bool:
    """Say whether the call comes from the import of a module, or from an ``AppConfig.ready()``."""
    if not apps.ready:
        return True
    return any(
        frame.f_code.co_filename.startswith("<frozen importlib") for frame, _ in walk_stack(None)
    )
