"""Where django-kvstore 1.0 had its backends; see `base`."""

from __future__ import annotations
