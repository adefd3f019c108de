"""What is this engine's own, and so in no contract."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_kvstore import Unavailable, get_kvstore


@pytest.mark.parametrize("url", ["folder://", "folder://host/entries"])
def test_a_url_without_a_folder_is_told(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="names no folder"):
        get_kvstore(url)


def test_a_folder_that_is_not_there_is_no_empty_store(tmp_path: Path) -> None:
    store = get_kvstore(f"folder://{tmp_path}/new")
    with pytest.raises(Unavailable, match="kvstore provision") as caught:
        store.get("key")
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    assert store.backend.provision() is True
    assert store.get("key") is None
    assert store.backend.provision() is False


def test_a_write_is_synced_when_asked_for(tmp_path: Path) -> None:
    store = get_kvstore(f"folder://{tmp_path}?sync=yes")
    store.backend.provision()
    store.set("key", "value")
    assert store.get("key") == "value"


def test_what_a_killed_writer_left_is_no_entry(tmp_path: Path) -> None:
    store = get_kvstore(f"folder://{tmp_path}")
    store.backend.provision()
    store.set("key", "value")
    for subfolder in list(tmp_path.iterdir()):
        subfolder.with_suffix(".new").write_bytes(b"half of a rec")
    assert list(store.items()) == [("key", "value")]
    store.set("key", "new")
    assert store.get("key") == "new"
