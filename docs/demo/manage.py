#!/usr/bin/env python
"""Runs the demo project's commands.

``python docs/demo/manage.py demo``, and any other of Django's: ``… manage.py kvstore stores``.
"""

from __future__ import annotations

import argparse
import os
import sys

from django.core.management import execute_from_command_line


def choose_place(arguments: list[str]) -> None:
    """Hand ``--folder`` and ``--url`` to the settings, which are read before any command."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--folder")
    parser.add_argument("--url")
    given, _ = parser.parse_known_args(arguments)
    if given.folder is not None:
        os.environ["DEMO_FOLDER"] = given.folder
    if given.url is not None:
        os.environ["DEMO_URL"] = given.url


if __name__ == "__main__":
    serving = sys.argv[1:2] == ["serve"]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"project.{'site' if serving else 'settings'}")
    choose_place(sys.argv[2:])
    execute_from_command_line(sys.argv)
