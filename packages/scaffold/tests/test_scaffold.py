"""What the scaffold makes works at once, and what it refuses it refuses with a word."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from django_kvstore_scaffold.command import TEMPLATE, main
from third_parties.third_party import ThirdParty

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ThirdParty:
    """A distribution that was just made."""
    folder = tmp_path_factory.mktemp("made") / "shelf"
    arguments = ["shelf", "--folder", str(folder), "--author", 'Ada "the first" <Lovelace>']
    assert main(arguments) == 0
    return ThirdParty(folder)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_it_is_complete(made: ThirdParty) -> None:
    assert files(made.folder) >= {
        ".github/dependabot.yml",
        ".github/workflows/tests.yml",
        ".gitignore",
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "src/django_kvstore_shelf/__init__.py",
        "src/django_kvstore_shelf/backend.py",
        "src/django_kvstore_shelf/py.typed",
        "tests/test_contract.py",
    }


def test_every_file_of_the_template_is_filled_in(made: ThirdParty) -> None:
    project = TEMPLATE / "project"
    names = {
        name.replace("[[ package ]]", "django_kvstore_shelf").removesuffix(".jinja")
        for name in files(project)
    }
    assert names <= files(made.folder)
    for name in names:
        text = (made.folder / name).read_text(encoding="utf-8")
        assert not re.search(r"\[\[|\[%", text), name
        assert not text or text.endswith("\n"), name


def test_it_says_who_it_is(made: ThirdParty) -> None:
    project = made.project
    assert project["name"] == "django-kvstore-shelf"
    assert project["authors"] == [{"name": 'Ada "the first" <Lovelace>'}]
    assert project["entry-points"]["kvstore.backends"] == {"shelf": "django_kvstore_shelf"}
    assert 'Ada "the first" <Lovelace>' in (made.folder / "LICENSE").read_text(encoding="utf-8")


def test_it_passes_its_tests_at_once(made: ThirdParty) -> None:
    said = made.run("pytest", "-q", "-p", "no:cacheprovider")
    assert re.search(r"^[34]\d\d passed, 3 skipped in", said, re.MULTILINE), said


STEPS = ["get", "set", "delete", "compare_and_set", "scan"]


@pytest.mark.parametrize("method", STEPS)
def test_the_first_failure_names_the_method_to_write_next(
    made: ThirdParty, tmp_path: Path, method: str
) -> None:
    party = ThirdParty.copy_of(made.folder, tmp_path)
    backend = party.folder / "src/django_kvstore_shelf/backend.py"
    unwritten = "".join(f"\ndel ShelfBackend.{name}" for name in STEPS[STEPS.index(method) :])
    backend.write_text(backend.read_text(encoding="utf-8") + unwritten, encoding="utf-8")
    with pytest.raises(AssertionError) as caught:
        party.run("pytest", "-x", "-q", "-p", "no:cacheprovider")
    failures = re.findall(r"came: +Failed: (ShelfBackend.*)", str(caught.value))
    assert failures[0].startswith(f"ShelfBackend.{method}() is not ")


def test_its_workflow_uses_the_actions_that_ours_do(made: ThirdParty) -> None:
    # Dependabot moves ours; what the template has is to follow.
    used, ours = (
        set(re.findall(r"uses: (.+)", (folder / ".github/workflows" / name).read_text("utf-8")))
        for folder, name in ((made.folder, "tests.yml"), (ROOT, "ci.yml"))
    )
    assert len(used) == 2
    assert used <= ours


def test_it_is_clean(made: ThirdParty) -> None:
    pytest.importorskip("ruff")
    made.run("ruff", "check", "--no-cache")
    made.run("ruff", "format", "--check", "--no-cache")


def test_it_is_typed(made: ThirdParty) -> None:
    pytest.importorskip("mypy")
    assert "no issues found in 3 source files" in made.run("mypy", "--cache-dir", os.devnull)


def test_it_says_what_to_do_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["shelf", "--name", "shelf-store"]) == 0
    said = capsys.readouterr().out
    assert "cd shelf-store\n" in said
    assert "src/shelf_store/backend.py" in said
    assert (tmp_path / "shelf-store/src/shelf_store/backend.py").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["db"], "'db' is the scheme of django-kvstore-db; choose another."),
        (["simpledb"], "'simpledb' is the scheme of django-kvstore-sdb"),
        (["my.engine"], "'scheme': it is not of small letters and digits"),
        (["Shelf"], "'scheme': it is not of small letters and digits"),
        (["shelf", "--name", "A shelf"], "'name': it is not of words of small letters"),
        (["shelf", "--folder", "."], "'.' is there already, and nothing in it is overwritten."),
    ],
)
def test_what_cannot_be_made_is_refused(
    arguments: list[str],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert reason in " ".join(capsys.readouterr().err.split())
    assert files(tmp_path) == {"mine.txt"}
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
