"""Moving whole stores: to a file, from a file, and to another store, resumable and in pages.

``manage.py kvstore dump|load|copy``; a module for each noun.
"""

from __future__ import annotations
