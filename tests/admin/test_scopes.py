"""Model classes and KeyVal's names, as filters of a store's keys."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from admin.page import Page, url
from django_keyval.models import KeyVal
from django_keyval.names import names as names_of_keyval
from django_kvstore import kvstores, models

BASKETS = "model:shop.Basket"


@pytest.fixture
def basket() -> Any:
    """Give a model class of the default store."""

    class Basket(models.Model):
        owner = models.CharField(pk=True)
        items = models.JSONField(blank=True)

        class Meta:
            key = "shop.Basket"

    return Basket


def names(page: Page) -> list[str]:
    return [str(found["value"]) for found in page.all("input", **{"class": "action-select"})]


def test_a_model_narrows_the_list_to_its_objects(boss: Client, basket: Any) -> None:
    for owner in ("anna", "arthur", "boris"):
        basket(owner=owner, items=[1]).save()
    kvstores["default"].set("another", 1)
    page = Page(boss.get(url("change", "default")))
    assert url("change", "default", scope=BASKETS) in page.links("scope")
    objects = Page(boss.get(url("change", "default", scope=BASKETS)))
    assert len(names(objects)) == 3
    assert "anna dict" in objects.words
    assert "__KV_STORE_" not in objects.text
    assert "another" not in objects.text
    found = Page(boss.get(url("change", "default", scope=BASKETS, q="a")))
    assert len(names(found)) == 2


def test_an_object_is_added_changed_and_flushed_within_its_model(boss: Client, basket: Any) -> None:
    kvstores["default"].set("another", 1)
    add = url("add", "default", scope=BASKETS)
    assert "After “__KV_STORE_::shop.Basket:”." in Page(boss.get(add)).text
    data = {"key": "anna", "value": '{"owner": "anna", "items": [1]}', "expiry": "for_ever"}
    boss.post(add, data)
    assert basket.get("anna").items == [1]
    entry = url("entry", "default", scope=BASKETS, key="__KV_STORE_::shop.Basket:anna")
    page = Page(boss.get(entry))
    changed = {**page.fields(), "value": '{"owner": "anna", "items": []}', "expiry": "keep"}
    boss.post(entry, changed)
    assert basket.get("anna").items == []
    boss.post(url("flush", "default", scope=BASKETS))
    assert basket.get("anna") is None
    assert list(kvstores["default"].keys()) == ["another"]


def test_a_model_of_another_store_is_no_filter_here(boss: Client) -> None:
    class Elsewhere(models.Model):
        name = models.CharField(pk=True)

        class Meta:
            store = "table"
            key = "shop.Elsewhere"

    assert Elsewhere._meta.store == "table"
    assert "shop.Elsewhere" not in Page(boss.get(url("change", "default"))).text
    assert "shop.Elsewhere" in Page(boss.get(url("change", "table"))).text


def test_a_name_of_keyval_narrows_the_list_to_its_keys(boss: Client) -> None:
    KeyVal("colors").set_many({"sky": "blue", "sea": "blue", "grass": "green"})
    KeyVal("<b>&\u202e").set("other", 1)
    kvstores["default"].set("another", 1)
    page = Page(boss.get(url("change", "default")))
    assert "<b>&" in page.text
    assert "sky" not in page.text
    scope = {"scope": "keyval:colors"}
    listed = Page(boss.get(url("change", "default", **scope)))
    assert sorted(names(listed)) == ["=grass", "=sea", "=sky"]
    assert "sky str" in listed.words
    assert len(names(Page(boss.get(url("change", "default", q="s", **scope))))) == 2
    odd = Page(boss.get(url("change", "default", scope="keyval:<b>&\u202e")))
    assert names(odd) == ["=other"]


ODD_NAMES = ["", "\ud800", "\ud83d\ude00", "\U0001f600", " a  b "]
ODD_NAMES += ["a\\b", "\\ud800", "x:y", "\0", "%2F"]


def test_any_name_of_keyval_is_a_part_of_its_own(boss: Client) -> None:
    for number, name in enumerate(ODD_NAMES):
        KeyVal(name).set(f"key{number}", name)
    page = Page(boss.get(url("change", "default")))
    links = sorted(set(page.links("scope=keyval")))
    assert len(links) == len(ODD_NAMES)
    keys = [names(Page(boss.get(link))) for link in links]
    assert sorted(key for (key,) in keys) == [f"=key{number}" for number in range(len(ODD_NAMES))]
    flushed = url("flush", "default", scope="keyval:\\ud800")
    assert "Delete every entry of “\\ud800”" in Page(boss.get(flushed)).text
    boss.post(flushed)
    assert list(KeyVal("\ud800")) == []
    assert list(KeyVal("\\ud800")) == ["key6"]
    for typed in ("a\\b", " a  b "):
        found = boss.get(url("change", "default", kind="keyval", name=typed), follow=True)
        assert names(Page(found)) == [f"=key{ODD_NAMES.index(typed)}"]
    assert boss.get(url("change", "default", scope="keyval:a\\b")).status_code == 404


def test_a_key_of_a_name_is_added_changed_and_flushed_within_it(boss: Client) -> None:
    colors, other = KeyVal("colors"), KeyVal("other")
    colors.set("sky", "blue")
    other.set("sky", "grey")
    scope = {"scope": "keyval:colors"}
    add = url("add", "default", **scope)
    boss.post(add, {"key": "sea", "value": '"green"', "expiry": "for_ever"})
    assert colors.get("sea") == "green"
    entry = url("entry", "default", key="=sky", **scope)
    page = Page(boss.get(entry))
    boss.post(entry, {**page.fields(), "value": '"red"', "expiry": "keep"})
    assert colors.get("sky") == "red"
    boss.post(url("flush", "default", **scope))
    assert list(colors) == []
    assert other.get("sky") == "grey"


def test_a_key_that_keyval_keeps_in_another_form_is_not_added_in_this_one(boss: Client) -> None:
    KeyVal("colors").set("k" * 1000, "long")
    scope = {"scope": "keyval:colors"}
    data = {"key": "k" * 1001, "value": "1", "expiry": "for_ever"}
    page = Page(boss.post(url("add", "default", **scope), data))
    assert "KeyVal keeps so long a key in another form" in page.text
    listed = Page(boss.get(url("change", "default", **scope)))
    (digest,) = names(listed)
    assert digest.startswith("#")
    entry = Page(boss.get(url("entry", "default", key=digest, **scope)))
    assert "kkkk" in entry.areas[0]


def test_of_many_names_a_hundred_are_listed_and_any_is_asked_for(boss: Client) -> None:
    for number in range(10):
        KeyVal(f"gone{number}").set("key", number)
    boss.get(url("change", "default"))  # from here on the engine knows an order, with these in it
    listing = names_of_keyval().store
    listing.delete_many(list(listing.keys()))
    for number in range(130):
        KeyVal(f"name{number}").set("key", number)
    page = Page(boss.get(url("change", "default")))
    listed = set(page.links("scope=keyval"))
    assert len(listed) == 100
    for number in range(130):
        found = boss.get(url("change", "default", kind="keyval", name=f"name{number}"))
        assert found["Location"] == url("change", "default", scope=f"keyval:name{number}")


def test_a_name_is_asked_for(boss: Client) -> None:
    KeyVal("colors").set("sky", "blue")
    found = boss.get(url("change", "default", kind="keyval", name="colors"))
    assert found["Location"] == url("change", "default", scope="keyval:colors")
    page = Page(boss.get(url("change", "default", kind="keyval", name="nonesuch"), follow=True))
    assert "There is no such name." in page.text


@pytest.mark.parametrize("scope", ["keyval:nonesuch", "model:nonesuch", "nonesuch", "nonesuch:x"])
def test_a_part_that_is_not_there_is_never_all_of_the_store(boss: Client, scope: str) -> None:
    """Or an address with a slip in it would delete everything."""
    kvstores["default"].set("kept", 1)
    assert boss.post(url("flush", "default", scope=scope)).status_code == 404
    for page in ("change", "entry", "add", "delete", "flush"):
        assert boss.get(url(page, "default", scope=scope, key="kept")).status_code == 404
    assert kvstores["default"].get("kept") == 1


def test_keyval_is_a_filter_of_its_own_store_alone(boss: Client) -> None:
    KeyVal("colors").set("sky", "blue")
    assert "KeyVal" not in Page(boss.get(url("change", "table"))).text
    assert boss.get(url("change", "table", scope="keyval:colors")).status_code == 404
