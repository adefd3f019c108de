"""Sphinx's settings: ``hatch run docs:build`` writes ``docs/_build/html``.

Names of Python's and Django's things are links where the network is there while building; without
it, they are looked up in what is installed. A name that is nowhere fails the build in either case.
"""

from __future__ import annotations

import sys
from importlib.metadata import version as installed
from pathlib import Path

import django
from django.conf import settings

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from kvstore_links import inventories

project = "django-kvstore"
author = "The django-kvstore contributors"
copyright = author  # noqa: A001 # Sphinx's name for it
release = version = installed("django-kvstore")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "kvstore_directives",
    "kvstore_links",
]
exclude_patterns = ["_build", "demo", "examples"]
source_suffix = {".md": "markdown"}
default_role = "name"
nitpicky = True
nitpick_ignore = [
    # Type variables: an error of the family, and any exception.
    ("py:class", "django_kvstore.backend.E"),
    ("py:class", "django_kvstore.backend.X"),
    # Imported for the types alone, so that Sphinx does not know its module.
    ("py:class", "CheckMessage"),
]
intersphinx_mapping = inventories(Path(__file__).parent / "_build" / "inventories")
# They would make a dash of the two before an option.
smartquotes = False

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["kvstore.css"]
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
