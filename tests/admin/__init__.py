"""The admin's pages: by Django's test client, and in a browser."""

from __future__ import annotations
