"""Named sets of keys and values on any configured store: ``KeyVal("name").set("key", value)``.

``from django_keyval.models import KeyVal``
"""

from __future__ import annotations
