"""Tests of what starts the servers that other tests use.

``pytest tests/servers_tests``
"""

from __future__ import annotations
