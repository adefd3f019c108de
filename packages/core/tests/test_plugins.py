from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_kvstore import checks, get_kvstore, plugins

from .plugins import installed

BACKEND = """
from django_kvstore import Backend
from django_kvstore.plugins import hookimpl

class Tiny(Backend):
    scheme = "tiny"
    cells = {}
    def get(self, key): return self.cells.get(key)
    def set(self, key, record, expires): self.cells[key] = record
    def delete(self, key): return self.cells.pop(key, None) is not None

@hookimpl
def kvstore_backend():
    return Tiny
"""
SERIALIZER = """
from django_kvstore import Serializer

class Plugin(Serializer):
    name, code = "shout", 200
    def dumps(self, value, key): return value.upper().encode()
    def loads(self, data, key): return data.decode()
"""


def test_a_strangers_backend_of_three_methods_is_a_store(tmp_path: Path) -> None:
    with installed(tmp_path, "tiny-store", plugins.GROUP, "tiny", BACKEND):
        store = get_kvstore("tiny://first")
        store.set("a", (1, 2))
        assert store.get("a") == (1, 2)
        assert store.delete("a") is True


def test_a_strangers_serializer_is_found_by_name(tmp_path: Path) -> None:
    with installed(tmp_path, "shouting", plugins.SERIALIZER_GROUP, "shout", SERIALIZER):
        store = get_kvstore("locmem://shouting?serializer=shout")
        store.set("a", "hello")
        assert store.get("a") == "HELLO"


def test_a_broken_neighbour_does_no_harm(tmp_path: Path) -> None:
    with installed(
        tmp_path, "broken-store", plugins.GROUP, "broken", "raise OSError('no library')"
    ):
        assert get_kvstore("locmem://neighbour").get("a") is None
        with pytest.raises(ImproperlyConfigured, match="broken-store") as caught:
            get_kvstore("broken://x")
        assert "no library" in str(caught.value)
        assert isinstance(caught.value.__cause__, OSError)


def test_a_plugin_without_a_backend_is_told(tmp_path: Path) -> None:
    with (
        installed(tmp_path, "empty-store", plugins.GROUP, "empty", "x = 1"),
        pytest.raises(ImproperlyConfigured, match="must return a class derived from"),
    ):
        get_kvstore("empty://x")


def test_two_claimants_of_one_scheme_are_an_error(tmp_path: Path) -> None:
    with (
        installed(tmp_path, "one-store", plugins.GROUP, "twice", BACKEND),
        installed(tmp_path, "two-store", plugins.GROUP, "twice", BACKEND),
    ):
        found = [message for message in checks.check_stores() if message.id.endswith("E006")]
        assert len(found) == 1
        assert "'twice' is claimed by several distributions: one-store, two-store" in found[0].msg
        assert found[0].hint is not None
        assert "pip uninstall two-store" in found[0].hint


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("locmme://x", "Did you mean 'locmem'?"),
        ("nothinglike://x", "must be installed in this environment. Installed schemes: "),
        ("locmem://x?serializer=typd", "There is no serializer 'typd'. Did you mean 'typed'?"),
        ("locmem://x?ttll=5", "does not know the parameter 'ttll'"),
        ("locmem://x?compression=rar", "compressions are zlib and zstd"),
        ("locmem://x?namespace=a%20b", "the namespace 'a b' must be"),
        ("locmem://x?ttl=-1", "it is not a number greater than zero"),
    ],
)
def test_a_mistake_in_a_url_says_what_to_write(url: str, said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=re.escape(said)):
        get_kvstore(url)


def test_a_known_scheme_that_is_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = plugins.known_distributions()
    assert known["memcached"] == "django-kvstore-memcached"
    assert known["simpledb"] == known["sdb"] == "django-kvstore-sdb"
    assert known["googleappengine"] == known["appengine"] == known["gae"] == "django-kvstore-gae"
    assert known["tokyotyrant"] == known["tyrant"] == "django-kvstore-tyrant"
    assert not {"all", "testing", "zstd"} & known.keys()
    monkeypatch.setattr(plugins, "known_distributions", lambda: {"far": "django-kvstore-far"})
    plugins.load_backend.cache_clear()
    with pytest.raises(ImproperlyConfigured, match="run 'pip install django-kvstore-far'"):
        get_kvstore("far://x")
    with pytest.raises(ImproperlyConfigured, match="Did you mean 'far'"):
        get_kvstore("farr://x")
    plugins.load_backend.cache_clear()
