"""What must hold on every engine, between any two of them."""

from __future__ import annotations
