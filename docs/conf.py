"""Sphinx's settings: ``hatch run docs:build`` writes ``docs/_build/html``.

No inventory of another project is fetched, so the build needs no network: links to Python's and
Django's documentation are plain ones.
"""

from __future__ import annotations

import sys
from importlib.metadata import version as installed
from pathlib import Path

import django
from django.conf import settings

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "django-kvstore"
author = "The django-kvstore contributors"
copyright = author  # noqa: A001 # Sphinx's name for it
release = version = installed("django-kvstore")

extensions = ["myst_parser", "sphinx.ext.autodoc", "kvstore_directives"]
exclude_patterns = ["_build", "demo", "examples"]
source_suffix = {".md": "markdown"}
default_role = "code"
# They would make a dash of the two before an option.
smartquotes = False

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True

html_theme = "furo"
html_title = f"django-kvstore {release}"
html_theme_options = {
    "source_repository": "https://github.com/django-kvstore/django-kvstore/",
    "source_branch": "main",
    "source_directory": "docs/",
}

# The reference and the tables are read from the packages, and those want a configured Django.
if not settings.configured:
    settings.configure(INSTALLED_APPS=["django_kvstore"], USE_TZ=True)
    django.setup()
