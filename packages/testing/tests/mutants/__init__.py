"""Backends that are wrong in one way each, and the sound ones that they are made of.

``@breaks("keys-exact", "test_case_makes_another_key")`` above a backend says which check must
fail; `mutants.faults` runs them all.
"""

from __future__ import annotations
