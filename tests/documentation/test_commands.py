"""What the pages tell to type exists: distributions, extras, scripts, pages."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from .page import DOCS, PAGES, ROOT, name, read_page

#: What is not this project's own, but may be told to be installed.
FOREIGN = {"build", "Django", "gunicorn", "hatch"}


def extras() -> dict[str, set[str]]:
    """Return every distribution of the workspace with its extras."""
    found = {}
    for path in ROOT.glob("packages/*/pyproject.toml"):
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        found[project["name"]] = set(project.get("optional-dependencies", ()))
    return found


def scripts() -> set[str]:
    """Return what ``hatch run`` may be followed by."""
    envs = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]
    found = set(envs["default"]["scripts"])
    for env, table in envs.items():
        own = table.get("scripts", envs["default"]["scripts"])
        found |= {f"{env}:{script}" for script in (*own, *envs["default"]["scripts"])}
    return found


def told(page: Path) -> list[str]:
    """Return the commands on a page, in its consoles and in its sentences and tables."""
    commands = [
        command
        for block in read_page(page)
        if block.language == "console"
        for command, _ in block.commands()
    ]
    text = page.read_text(encoding="utf-8")
    commands += re.findall(r"`((?:\w+=\S+ )*(?:pip install|hatch run) [^`\n]+)`", text)
    return [part.strip() for command in commands for part in command.split("&&")]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_is_to_be_typed_exists(page: Path) -> None:
    distributions, known = extras(), scripts()
    for command in told(page):
        words = [word for word in shlex.split(command) if "=" not in word.split("[")[0]]
        if words[:2] == ["pip", "install"]:
            for word in words[2:]:
                wanted = Requirement(word)
                assert wanted.name in FOREIGN | set(distributions), command
                assert wanted.extras <= distributions.get(wanted.name, set()), command
        elif words[:2] == ["hatch", "run"]:
            script = next(word for word in words[2:] if word[0] not in "+-")
            assert script in known or script == "python", command


def test_the_readme_has_its_two_commands() -> None:
    commands = told(ROOT / "README.md")
    assert commands.index("hatch run demo") < commands.index("hatch run test")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not re.match(r"https?://", target):
            assert (page.parent / target).exists(), target


def test_every_page_is_in_the_table_of_contents() -> None:
    trees = [one.text for one in read_page(DOCS / "index.md") if one.language == "{toctree}"]
    listed = set(re.findall(r"^[\w/-]+$", "".join(trees), re.MULTILINE))
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.glob("*.md")}
    assert pages - {"index"} <= listed
    assert all((DOCS / f"{one}.md").exists() for one in listed)
