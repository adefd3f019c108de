"""Primary keys: what each field takes for one, and that one object has one key."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.db.models import IntegerChoices, TextChoices
from django.test import override_settings
from django.utils.safestring import mark_safe

from django_kvstore import Conflict, kvstore, kvstores, models

ID = uuid.UUID("507411e1-3b93-41dc-8245-4545dc680db8")


class Ticket(models.Model):
    id = models.UUIDField(pk=True, default=uuid.uuid4)
    text = models.CharField(blank=True)


class Row(models.Model):
    number = models.IntegerField(pk=True)


class Day(models.Model):
    day = models.DateField(pk=True)


class Moment(models.Model):
    at = models.DateTimeField(pk=True)


class Page(models.Model):
    slug = models.CharField(pk=True)
    text = models.CharField(blank=True)


class Size(TextChoices):
    SMALL = "s", "small"


class Level(IntegerChoices):
    LOW = 1, "low"


class Old(models.Model):
    """One with a primary key of any type, as in django-kvstore 1.0."""

    id = models.Field[Any](pk=True)
    text = models.Field[str](default="")


class Lower(models.Model):
    """One whose primary key is another one once it is validated."""

    name = models.Field[str](pk=True)

    def full_clean(self) -> None:
        super().full_clean()
        self.name = self.name.lower()


@pytest.fixture(autouse=True)
def _own_store() -> Iterator[None]:
    with override_settings(KEY_VALUE_STORES={"default": f"locmem://{uuid.uuid4().hex}"}):
        yield


NOON = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
SPELLINGS: list[tuple[type[models.Model], Any, list[Any]]] = [
    (Ticket, ID, [str(ID), str(ID).upper(), ID.hex, f"urn:uuid:{ID}"]),
    (Row, 7, ["7", "007", " 7 "]),
    (Day, dt.date(2026, 1, 2), ["2026-01-02", "2026-1-2"]),
    (Moment, NOON, [str(NOON), "2026-01-02T12:00:00Z", NOON.isoformat()]),
    (Page, "5", [5, mark_safe("5")]),  # a class of str
]


@pytest.mark.parametrize(("model", "pk", "spellings"), SPELLINGS)
def test_an_object_is_found_however_its_key_is_spelled(
    model: Any, pk: Any, spellings: list[Any]
) -> None:
    made, created = model.get_or_create(pk)
    assert created
    assert made.pk == pk
    for spelled in spellings:
        assert model.get(spelled) == made
        assert model.exists(spelled)
        assert model.get_or_create(spelled) == (made, False)
        assert model.get_many([spelled, pk]) == {spelled: made, pk: made}
        name = model._meta.pk
        model(**{name: spelled}).save()
    assert kvstore.count() == 1
    assert model.delete_many([pk, *spellings]) == 1


@pytest.mark.parametrize(
    ("model", "pk"),
    [(Ticket, "no uuid"), (Row, "seven"), (Day, "yesterday"), (Day, 5), (Row, dt.date(2026, 1, 2))],
)
def test_what_is_no_key_of_the_field_is_a_miss_and_cannot_be_made(model: Any, pk: Any) -> None:
    assert model.get(pk) is None
    assert not model.exists(pk)
    assert model.get_many([pk]) == {}
    with pytest.raises(ValidationError):
        model.get_or_create(pk)
    assert kvstore.count() == 0


def test_get_or_create_ends_where_validating_changes_the_key() -> None:
    made, created = Lower.get_or_create("ADA")
    assert (made.pk, created) == ("ada", True)
    assert Lower.get_or_create("ADA") == (made, False)


def test_of_those_who_get_or_create_at_once_one_has_created() -> None:
    threads = 16
    barrier = Barrier(threads)

    def race(number: int) -> tuple[Page, bool]:
        barrier.wait()
        return Page.get_or_create("home", {"text": str(number)})

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(race, range(threads)))
    assert sum(created for _page, created in found) == 1
    (text,) = {page.text for page, _created in found}
    stored = Page.get("home")
    assert stored is not None
    assert stored.text == text


@pytest.mark.parametrize("name", ["Float", "Boolean", "Decimal", "JSON", "Binary"])
def test_a_field_whose_text_is_not_its_own_is_no_primary_key(name: str) -> None:
    with pytest.raises(FieldError, match=f"{name}Field cannot be a primary key"):
        getattr(models, f"{name}Field")(pk=True)


def test_a_model_saves_its_own_objects_alone() -> None:
    class Special(Page):
        pass

    for other in (Row(number=1), Special(slug="a"), "a"):
        with pytest.raises(TypeError, match="Objects of Page are saved here, not of"):
            Page.save_many([Page(slug="first"), other])  # type: ignore[list-item]
    assert kvstore.count() == 0


def test_of_two_objects_of_one_key_the_last_is_saved() -> None:
    first, last = Page(slug="a", text="first"), Page(slug="a", text="last")
    Page.save_many([first, last])
    stored = Page.get("a")
    assert stored is not None
    assert stored.text == "last"


@pytest.mark.parametrize(
    ("pk", "text"),
    [
        (1.5, "1.5"),
        (1e300, "1e+300"),
        (True, "True"),
        (False, "False"),
        (0.0, "0.0"),
        ((1, 2), "(1, 2)"),
        (("a", (ID, 1.5)), f"('a', ({ID!r}, 1.5))"),
        ((), "()"),
    ],
)
def test_the_primary_keys_of_1_0_are_read_saved_and_deleted(pk: Any, text: str) -> None:
    # What 1.0 wrote: the fields under the key that str() makes of the primary key.
    kvstore.set(f"__KV_STORE_::{__name__}.Old:{text}", {"id": pk, "text": "old"})
    found = Old.get(pk)
    assert found is not None
    assert (found.pk, found.text) == (pk, "old")
    found.text = "new"
    found.save()
    found.save(if_unchanged=True)
    assert list(kvstore.keys()) == [f"__KV_STORE_::{__name__}.Old:{text}"]
    assert Old.exists(pk)
    assert Old.get_many([pk])[pk].text == "new"
    assert Old.get_or_create(pk) == (found, False)
    assert [each.pk for each in Old.all()] == [pk]
    assert found.delete()
    assert Old.create(id=pk).pk == pk
    assert Old.delete_many([pk]) == 1


@pytest.mark.parametrize("model", [Old, Row, Page, Ticket, Day])
def test_there_is_nothing_under_none(model: Any) -> None:
    assert model.get(None) is None
    assert not model.exists(None)
    assert model.get_many([None]) == {}
    assert model.delete_many([None]) == 0
    assert asyncio.run(model.aget(None)) is None
    if model is not Ticket:
        with pytest.raises(ValidationError):
            model.get_or_create(None)
        with pytest.raises(ValidationError):
            model().save()
    assert kvstore.count() == 0


@pytest.mark.parametrize("pk", [1.0, True, (1,)])
def test_a_typed_primary_key_is_no_float_bool_or_tuple(pk: Any) -> None:
    Row(number=1).save()
    with pytest.raises(ValidationError, match="A primary key is a str, int, date or UUID, not"):
        Row.get(pk)


def test_primary_keys_that_are_equal_and_of_other_types_are_not_mixed_up() -> None:
    Old.save_many([Old(id=1, text="int"), Old(id=True, text="bool"), Old(id=1.0, text="float")])
    assert [Old.get(pk).text for pk in (1, True, 1.0)] == ["int", "bool", "float"]  # type: ignore[union-attr]
    for pks in ([1, True], [1.0, 1], [(1,), (True,)]):
        with pytest.raises(ValueError, match="is equal to another primary key of this call"):
            Old.get_many(pks)
    assert Old.get_many([1, 1])[1].text == "int"


def test_choices_are_primary_keys_by_what_they_are() -> None:
    for model, choice, plain in ((Page, Size.SMALL, "s"), (Row, Level.LOW, 1)):
        made, created = model.get_or_create(choice)
        assert created
        assert model.get(plain) == made
        assert model.get(choice) == made
        assert model.exists(choice)
    Old.save_many([Old(id="s"), Old(id=1)])
    for choice in (Size.SMALL, Level.LOW):
        assert Old.get(choice) is not None


def test_one_text_is_not_several_primary_keys() -> None:
    Page(slug="a").save()
    for call in (Page.get_many, Page.delete_many):
        with pytest.raises(ValueError, match="several keys, not one str"):
            call("ab")
    assert Page.exists("a")


def test_get_or_create_ends_where_what_is_there_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For example because others create and delete it all the time."""
    Page(slug="home").save()
    backend = kvstores["default"].backend
    monkeypatch.setattr(backend, "contention_timeout", 0.05)
    reads = []

    def read_nothing(cell: str) -> None:
        reads.append(cell)

    monkeypatch.setattr(backend, "get", read_nothing)
    with pytest.raises(Conflict, match=r"0\.05 s"):
        Page.get_or_create("home")
    # It paused between its tries.
    assert 1 < len(reads) < 100
