"""The command: what it is told, what it refuses, and what it says.

``$ django-kvstore-scaffold shelf --name django-kvstore-shelf --author "Ada Lovelace"``

Copier fills in the folder ``template`` beside this module, and checks the answers there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from django_kvstore.plugins import GROUP, claims, known_distributions

TEMPLATE: Final = Path(__file__).with_name("template")
GUIDE: Final = "https://django-kvstore.readthedocs.io/en/latest/writing-a-backend.html"

_DONE: Final = """\
Made {folder}. Its tests pass, on a dictionary that stands for your engine:

  cd {folder}
  pip install --editable ".[dev]"
  pytest

Your engine goes into src/{package}/backend.py. The guide:
{guide}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make a distribution as told on the command line; the exit code is 0, or 2 when refused."""
    parser = _parser()
    told = parser.parse_args(arguments)
    scheme: str = told.scheme
    name: str = told.name or f"django-kvstore-{scheme}"
    folder: Path = told.folder or Path(name)
    if problem := scheme_problem(scheme):
        parser.error(problem)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        parser.error(f"'{folder}' is there already, and nothing in it is overwritten.")
    try:
        package = make(folder, scheme=scheme, name=name, author=told.author)
    except ValueError as error:
        parser.error(str(error))
    sys.stdout.write(_DONE.format(folder=folder, package=package, guide=GUIDE))
    return 0


def make(folder: Path, *, scheme: str, name: str, author: str = "") -> str:
    """Fill the template into the folder; return the package's name.

    Raises ``ValueError`` for an answer that the template does not take.
    """
    # It takes as long to import as everything else here together, and --help does not need it.
    from copier import run_copy

    answers = {"scheme": scheme, "name": name, "core": version("django-kvstore")}
    if author:
        answers["author"] = author
    # No network, no git and no prompt: all that is asked is answered, and the template is here.
    made = run_copy(str(TEMPLATE), folder, data=answers, defaults=True, quiet=True)
    return str(made.answers.combined["package"])


def scheme_problem(scheme: str) -> str | None:
    """Say why a new backend cannot have this scheme; None when it can."""
    owners = claims(GROUP).get(scheme) or known_distributions().get(scheme)
    if owners:
        owner = owners if isinstance(owners, str) else owners[0]
        return f"'{scheme}' is the scheme of {owner}; choose another."
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="django-kvstore-scaffold",
        description="Makes the distribution of a backend for django-kvstore.",
        epilog=f"The guide: {GUIDE}",
    )
    parser.add_argument("scheme", help="what its URLs begin with: 'shelf', for shelf://host")
    parser.add_argument("--name", help="of the distribution; django-kvstore-SCHEME if not given")
    parser.add_argument("--author", default="", help="whose name the licence is to bear")
    parser.add_argument("--folder", type=Path, help="where to make it; a folder of its name here")
    return parser
