"""Objects of models are validated by their model, whichever way they are written in the admin."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.test import Client

from admin.page import Page, url
from django_kvstore import kvstores, models

ID = uuid.UUID("507411e1-3b93-41dc-8245-4545dc680db8")


class Flag(models.Model):
    name = models.CharField(pk=True, max_length=8)
    enabled = models.BooleanField(default=False)
    share = models.DecimalField(null=True, validators=[MinValueValidator(0)])
    note = models.CharField(blank=True, choices=[("a", "A"), ("b", "B")])

    class Meta:
        key = "shop.Flag"
        ttl = 600

    def clean(self) -> None:
        if self.enabled and self.name == "never":
            raise ValidationError("This flag stays off.")


class Place(models.Model):
    class Point(models.Field[complex]):
        def encode(self, value: complex) -> Any:
            return [value.real, value.imag]

        def decode(self, value: Any) -> complex:
            return complex(*value)

    id = models.UUIDField(pk=True)
    at = Point(default=0j)

    class Meta:
        key = "shop.Place"


PREFIX = "__KV_STORE_::shop.Flag:"
#: The same entry, looked at in the whole store and among the model's objects.
SCOPES = ["", "model:shop.Flag"]


def the_entry(pk: str = "beta", scope: str = "", prefix: str = PREFIX) -> str:
    return url("entry", "default", key=f"{prefix}{pk}", **({"scope": scope} if scope else {}))


def change(client: Client, value: str, scope: str = "", pk: str = "beta", **data: str) -> Page:
    address = the_entry(pk, scope)
    seen = Page(client.get(address)).fields().get("seen", "")
    sent = {"value": value, "expiry": "keep", "seen": seen, **data}
    return Page(client.post(address, sent, follow=True))


def add(client: Client, value: str, scope: str = "", pk: str = "beta", **data: str) -> Page:
    address = url("add", "default", **({"scope": scope} if scope else {}))
    key = pk if scope else f"{PREFIX}{pk}"
    sent = {"key": key, "value": value, "expiry": "default", **data}
    return Page(client.post(address, sent, follow=True))


WRONG: list[tuple[str, str]] = [
    (
        '{"name": "beta", "enabled": "banana"}',
        "enabled: “banana” value must be either True or False",
    ),
    ('{"name": "beta", "enabled": null}', "enabled: “None” value must be either True or False."),
    ('{"name": "beta", "share": "many"}', "share: “many” value must be a decimal number."),
    ('{"name": "beta", "share": -1}', "share: Ensure this value is greater than or equal to 0."),
    ('{"name": "beta", "note": "c"}', "note: Value 'c' is not a valid choice."),
    ('{"name": "beta", "enabeld": true}', "“enabeld” is not a field of Flag"),
    (
        '{"name": "other"}',
        "name: The entry's key ends in “beta”, so this must be the same; it is “other”.",
    ),
    ('{"enabled": true}', "name: This field cannot be null."),
    ('"beta"', "An object of Flag is a JSON object with its fields: name, enabled, share, note."),
    ("null", "An object of Flag is a JSON object"),
    ("[]", "An object of Flag is a JSON object"),
]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(("value", "told"), WRONG)
def test_what_the_model_refuses_is_not_written(
    boss: Client, scope: str, value: str, told: str
) -> None:
    page = add(boss, value, scope)
    assert told in page.text
    assert value in page.text
    assert kvstores["default"].count() == 0
    flag = Flag.create(name="beta", enabled=True)
    page = change(boss, value, scope)
    assert told in page.text
    assert value in page.text
    assert Flag.get("beta") == flag
    assert Flag.get("beta").enabled is True  # type: ignore[union-attr]


def test_several_mistakes_are_told_together(boss: Client) -> None:
    page = add(boss, '{"name": "beta", "enabled": "banana", "share": "many"}')
    assert "enabled: “banana” value must be" in page.text
    assert "share: “many” value must be" in page.text


def test_what_concerns_several_fields_is_told(boss: Client) -> None:
    page = add(boss, '{"name": "never", "enabled": true}', pk="never")
    assert "This flag stays off." in page.text
    assert not Flag.exists("never")


@pytest.mark.parametrize("scope", SCOPES)
def test_what_the_model_accepts_is_written_as_it_would_save_it(boss: Client, scope: str) -> None:
    add(boss, '{"name": "beta", "enabled": "True", "share": "1.50"}', scope)
    key = f"{PREFIX}beta"
    stored = kvstores["default"].get(key)
    flag = Flag.get("beta")
    assert flag is not None
    assert stored == flag.to_dict()
    assert stored["enabled"] is True
    assert str(stored["share"]) == "1.50"
    flag.save(if_unchanged=True)
    change(boss, '{"name": "beta", "enabled": 0, "note": "a"}', scope)
    assert kvstores["default"].get(key) == Flag(name="beta", enabled=False, note="a").to_dict()
    assert [flag.pk for flag in Flag.all()] == ["beta"]


def test_an_object_is_added_with_the_ttl_of_its_model(boss: Client) -> None:
    add(boss, '{"name": "beta"}')
    left = kvstores["default"].ttl(f"{PREFIX}beta")
    assert left is not None
    assert 500 < left <= 600
    add(boss, '{"name": "gamma"}', pk="gamma", expiry="for_ever")
    assert kvstores["default"].ttl(f"{PREFIX}gamma") is None


def test_a_deleted_object_is_restored_by_its_model_alone(boss: Client) -> None:
    flag = Flag.create(name="beta")
    address = the_entry()
    data = {"value": '{"name": "beta", "enabled": "banana"}', "expiry": "keep"}
    data["seen"] = Page(boss.get(address)).fields()["seen"]
    flag.delete()
    page = Page(boss.post(address, data))
    assert "Somebody else has deleted this entry" in page.text
    data["seen"] = page.fields()["seen"]
    page = Page(boss.post(address, data))
    assert "enabled: “banana” value must be either True or False" in page.text
    assert not Flag.exists("beta")
    boss.post(address, {**data, "value": '{"name": "beta", "enabled": true}'})
    restored = Flag.get("beta")
    assert restored is not None
    assert restored.enabled is True
    left = kvstores["default"].ttl(f"{PREFIX}beta")
    assert left is not None
    assert 500 < left <= 600


def test_a_field_of_the_applications_own_is_asked(boss: Client) -> None:
    prefix = "__KV_STORE_::shop.Place:"
    for at, fits in (("[3, 4]", True), ("[3, 4, 5]", False), ('"here"', False)):
        kvstores["default"].clear()
        value = f'{{"id": {{"$UUID": "{ID}"}}, "at": {at}}}'
        sent = {"key": f"{prefix}{ID}", "value": value, "expiry": "default"}
        page = Page(boss.post(url("add", "default"), sent, follow=True))
        assert ("at: This cannot be read by the Point." in page.text) is not fits
        assert Place.exists(ID) is fits


def test_a_key_in_another_spelling_is_refused(boss: Client) -> None:
    spelled = str(ID).upper()
    sent = {
        "key": f"__KV_STORE_::shop.Place:{spelled}",
        "value": f'{{"id": {{"$UUID": "{ID}"}}}}',
        "expiry": "default",
    }
    page = Page(boss.post(url("add", "default"), sent))
    assert (
        f"The entry's key ends in “{spelled}”, so this must be the same; it is “{ID}”." in page.text
    )
    assert kvstores["default"].count() == 0


def test_what_came_in_another_way_is_shown_and_named(boss: Client) -> None:
    kvstores["default"].set(f"{PREFIX}beta", {"name": "beta", "enabled": "banana"})
    page = Page(boss.get(the_entry()))
    assert '"banana"' in page.text
    change(boss, '{"name": "beta", "enabled": true}')
    assert Flag.get("beta").enabled is True  # type: ignore[union-attr]


def test_other_keys_are_free(boss: Client) -> None:
    for key in ("beta", "__KV_STORE_::shop.Other:beta", f"x{PREFIX}beta"):
        sent = {"key": key, "value": '"anything"', "expiry": "default"}
        assert boss.post(url("add", "default"), sent).status_code == 302
        assert kvstores["default"].get(key) == "anything"


def test_a_key_of_another_store_is_free(boss: Client) -> None:
    sent = {"key": f"{PREFIX}beta", "value": '"anything"', "expiry": "default"}
    assert boss.post(url("add", "table"), sent).status_code == 302
    assert kvstores["table"].get(f"{PREFIX}beta") == "anything"


@pytest.mark.parametrize("expiry", ["keep", "for_ever", "default"])
def test_seconds_that_would_be_dropped_are_refused(boss: Client, expiry: str) -> None:
    store = kvstores["default"]
    store.set("basket", [1])
    if expiry == "default":
        sent = {"key": "fresh", "value": "2", "expiry": expiry, "seconds": "60"}
        page = Page(boss.post(url("add", "default"), sent))
        assert not store.exists("fresh")
    else:
        address = url("entry", "default", key="basket")
        seen = Page(boss.get(address)).fields()["seen"]
        sent = {"value": "[2]", "expiry": expiry, "seconds": "60", "seen": seen}
        page = Page(boss.post(address, sent))
        assert store.get("basket") == [1]
    assert "Choose “in seconds:” as the expiry, or leave this empty." in page.text
    assert page.fields()["seconds"] == "60"


def test_seconds_of_a_value_that_is_not_shown_are_not_dropped(
    boss: Client, settings_of: Any
) -> None:
    with settings_of(default={"URL": "locmem://pickled", "SERIALIZER": "pickle"}):
        kvstores["default"].set("odd", {1, 2})
        address = url("entry", "default", key="odd")
        fields = Page(boss.get(address)).fields()
        assert "value" not in fields
        sent = {"expiry": "keep", "seconds": "60", "seen": fields["seen"]}
        page = Page(boss.post(address, sent))
        assert "Choose “in seconds:” as the expiry" in page.text
        assert kvstores["default"].ttl("odd") is None


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("hello", 'Text needs double quotes: write "hello".'),
        ("  hello world ", 'Text needs double quotes: write "hello world".'),
        ("'hello'", 'Text needs double quotes: write "hello".'),
        ("3 apples", 'Text needs double quotes: write "3 apples".'),
        ('say "hi"', r'Text needs double quotes: write "say \"hi\"".'),
        ("é\\n", r'Text needs double quotes: write "é\\n".'),
        ("x" * 200, "Text needs double quotes around it."),
        ("True", "Write true, false or null in small letters."),
        ("None", "Write true, false or null in small letters."),
        ('{"a": hello}', "A value is missing, or a text has no double quotes: line 1, column 7."),
        ("{a: 1}", "A name needs double quotes: line 1, column 2."),
        ('{"a": 1\n "b": 2}', "A comma is missing: line 2, column 2."),
        ('{"a" 1}', "A colon is missing: line 1, column 6."),
        ('{"a": 1} 2', "There is more after the value: line 1, column 10."),
        ('"hello', "A text has no double quotes at its end: line 1, column 1."),
        ('"a\tb"', "A text contains a control character, such as a new line"),
        (r'"\x"', "A backslash in a text must be written twice: line 1, column"),
        ("[1,]", "line 1, column"),
        ("{", "A name needs double quotes: line 1, column 2."),
        ("[" * 100_000, "It is nested too deeply."),
    ],
)
def test_what_is_not_json_is_said_in_plain_words(boss: Client, value: str, told: str) -> None:
    sent = {"key": "fresh", "value": value, "expiry": "default"}
    page = Page(boss.post(url("add", "default"), sent))
    assert told in page.text
    assert "Expecting" not in page.text
    assert "recursion" not in page.text
    assert value in page.text
    assert not kvstores["default"].exists("fresh")
