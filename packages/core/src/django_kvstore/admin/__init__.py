"""The stores in Django's admin: what they are, and what is in them.

``INSTALLED_APPS = ["django.contrib.admin", …, "django_kvstore"]`` is all; there is nothing to
register. Who may see and change which store say the permissions in `permissions`.
"""

from __future__ import annotations

from django.contrib import admin

from .model import KeyValueStore
from .site import StoreAdmin

__all__ = ["KeyValueStore", "StoreAdmin"]

admin.site.register(KeyValueStore, StoreAdmin)
