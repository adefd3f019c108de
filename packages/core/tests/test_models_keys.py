"""Primary keys: what each field takes for one, and that one object has one key."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.test import override_settings
from django.utils.safestring import mark_safe

from django_kvstore import kvstore, models

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
    with pytest.raises(FieldError, match=f"A {name}Field is no primary key"):
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
