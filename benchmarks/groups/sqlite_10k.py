"""The same with values of 10 KB, where the serializer and the pages decide."""

from __future__ import annotations

from dataclasses import replace

from .sqlite import GROUP as SMALL

GROUP = replace(SMALL, title="db on SQLite, values of 10 KB", size=10_000, bulk=False)
