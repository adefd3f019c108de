"""Every example of the README and of the pages is run, and says what really comes of it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from third_parties.third_party import EXAMPLES, ThirdParty

from .page import DOCS, PAGES, ROOT, name, read_page
from .running import Reader

#: The tutorial is a project with files and processes of its own: see `test_tutorial`. The messages
#: are a page of mistakes, which `tests/errors` makes. Upgrading begins with tables of long ago.
#: `tests/projects` has the migrations.
ELSEWHERE = {"tutorial.md", "messages.md", "upgrading.md", "migrations.md"}
IN_PROCESS = [page for page in PAGES if page.name not in ELSEWHERE]

#: Guides, and the distributions that their readers have installed.
GUIDES = {"writing-a-backend.md": ["folder"], "writing-a-serializer.md": ["signed"]}

LANGUAGES = {"python", "console", "ini", "text"}


@pytest.mark.parametrize("page", IN_PROCESS, ids=name)
def test_examples_do_what_they_say(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # some write files
    blocks = read_page(page)
    with ExitStack() as installed:
        for example in GUIDES.get(page.name, ()):
            party = ThirdParty.copy_of(EXAMPLES / example, tmp_path)
            installed.enter_context(party.installed())
        ran = Reader().read(blocks)
    assert ran == len([block for block in blocks if block.language in ("python", "console")])


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_first_page_that_has_commands_installs_them(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    first = page.name in ("README.md", "index.md") or page.parent.name == "backends"
    if first and ("manage.py migrate" in text or "manage.py kvstore provision" in text):
        settings = [block.text for block in read_page(page) if block.file.endswith("settings.py")]
        assert any("INSTALLED_APPS" in each and "django_kvstore" in each for each in settings)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_block_goes_by_unseen(page: Path) -> None:
    for block in read_page(page):
        assert block.language in LANGUAGES or block.language.startswith("{"), block
    text = page.read_text(encoding="utf-8")
    assert text.count("\n```") + text.startswith("```") == 2 * len(read_page(page))


def test_the_pages_are_found() -> None:
    found = {name(page) for page in PAGES}
    assert {"README.md", "docs/index.md", "docs/backends/db.md", "packages/core/README.md"} <= found
    assert len(read_page(ROOT / "README.md")) > 3
    assert len(read_page(DOCS / "store.md")) > 5


def test_a_wrong_example_fails(tmp_path: Path) -> None:
    page = DOCS / "not-there.md"
    wrong = tmp_path / "page.md"
    wrong.write_text(
        '```python\n>>> from django_kvstore import kvstore\n>>> kvstore.incr("a")\n2\n```\n'
    )
    (block,) = read_page(wrong)
    block = type(block)(page, block.line, block.language, block.text)
    with pytest.raises(AssertionError, match="Expected:\n    2\nGot:\n    1"):
        Reader().read([block])
