"""What an index shows of a distribution: its page as rendered there, and links that lead on."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import Message
from zipfile import ZipFile

import pytest

from wheels.distribution import CORE, DISTRIBUTIONS, ROOT, Distribution

pytestmark = [
    pytest.mark.wheels,
    pytest.mark.usefixtures("archives"),
    pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str),
]

SITE = "https://django-kvstore.readthedocs.io/"
REPOSITORY = "https://github.com/django-kvstore/django-kvstore"


def metadata(distribution: Distribution) -> Message:
    with ZipFile(distribution.wheel) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(wheel.read(name))


def page(distribution: Distribution) -> str:
    description = metadata(distribution).get_payload(decode=True)
    assert isinstance(description, bytes)
    return description.decode("utf-8")


def leads_somewhere(url: str) -> bool:
    """Say whether a link into our pages or our repository is one of those there are."""
    if url.startswith(SITE):
        place = url.removeprefix(SITE).removeprefix("en/latest/").removesuffix(".html") or "index"
        return (ROOT / "docs" / f"{place}.md").is_file()
    if url.startswith(REPOSITORY):
        place = url.removeprefix(REPOSITORY).removeprefix("/blob/main/")
        return place in ("", "/issues") or (ROOT / place).is_file()
    return url.startswith("https://")


def test_its_page_is_rendered_as_it_was_written(distribution: Distribution) -> None:
    # Imported here, since no other environment has it, and the marker is looked at afterwards.
    from readme_renderer import markdown

    assert metadata(distribution)["Description-Content-Type"] == "text/markdown"
    text = page(distribution)
    assert text == (distribution.path / "README.md").read_text(encoding="utf-8")
    rendered = markdown.render(text)
    assert rendered is not None
    assert re.search(f"<h1[^>]*>{distribution.name}<", rendered)
    assert rendered.count("<pre") == len(re.findall("^```", text, re.MULTILINE)) / 2 > 0
    assert "```" not in rendered
    links = re.findall('href="([^"#]+)', rendered)
    assert links
    assert [url for url in links if not leads_somewhere(url)] == []


def test_its_links_lead_somewhere(distribution: Distribution) -> None:
    links = dict(line.split(", ", 1) for line in metadata(distribution).get_all("Project-URL", []))
    assert set(links) == {"Homepage", "Documentation", "Changelog", "Source", "Issues"}
    assert [url for url in links.values() if not leads_somewhere(url)] == []
    assert links["Documentation"].startswith(SITE)
    assert (links["Documentation"] == SITE) is (distribution is CORE), "each has its own page"


def test_a_page_that_is_not_there_would_be_found(distribution: Distribution) -> None:
    assert not leads_somewhere(f"{SITE}en/latest/{distribution}-nowhere.html")
    assert not leads_somewhere(f"{REPOSITORY}/blob/main/{distribution}.md")
    assert not leads_somewhere(f"../{distribution}")
