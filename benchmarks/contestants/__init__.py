"""Who takes part: a module for each, with what it is given to do in its own way."""

from __future__ import annotations
