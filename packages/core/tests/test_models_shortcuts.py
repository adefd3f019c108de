"""Django's shortcuts, and ours with types, on models of a key-value store."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import django.shortcuts
import pytest
from django.core.exceptions import FieldError
from django.http import Http404
from django.test import override_settings

import django_kvstore.shortcuts
from django_kvstore import NotSupported, models


class Book(models.Model):
    isbn = models.CharField(pk=True)
    title = models.CharField(default="")


class Row(models.Model):
    number = models.IntegerField(pk=True)


@pytest.fixture(autouse=True)
def _own_store() -> Iterator[None]:
    with override_settings(KEY_VALUE_STORES={"default": f"locmem://{uuid.uuid4().hex}"}):
        Book.save_many(Book(isbn=isbn, title=isbn) for isbn in ("0-1", "0-2", "1-1"))
        Row(number=5).save()
        yield


@pytest.fixture(params=[django.shortcuts, django_kvstore.shortcuts], ids=["django", "ours"])
def shortcuts(request: pytest.FixtureRequest) -> Any:
    return request.param


def one(shortcuts: Any, model: Any, **condition: Any) -> Any:
    """Return what the plain and the async form return, which is the same."""

    async def ask() -> Any:
        return await shortcuts.aget_object_or_404(model, **condition)

    found = shortcuts.get_object_or_404(model, **condition)
    assert asyncio.run(ask()) == found
    return found


def several(shortcuts: Any, model: Any, **condition: Any) -> Any:
    async def ask() -> Any:
        return await shortcuts.aget_list_or_404(model, **condition)

    found = shortcuts.get_list_or_404(model, **condition)
    assert asyncio.run(ask()) == found
    return sorted(each.pk for each in found)


def test_an_object_is_found(shortcuts: Any) -> None:
    for condition in ({"pk": "0-1"}, {"isbn": "0-1"}, {"pk__exact": "0-1"}, {"isbn__exact": "0-1"}):
        found = one(shortcuts, Book, **condition)
        assert type(found) is Book
        assert found.title == "0-1"
    assert one(shortcuts, Row, pk="5").number == 5


@pytest.mark.parametrize("pk", ["9", "", None, "a\0b", "k" * 5000, "\ud800", "0-1 "])
def test_a_miss_is_not_found(shortcuts: Any, pk: Any) -> None:
    with pytest.raises(Http404, match="No Book matches"):
        shortcuts.get_object_or_404(Book, pk=pk)
    with pytest.raises(Http404, match="No Book matches"):
        asyncio.run(shortcuts.aget_object_or_404(Book, pk=pk))


def test_a_wrong_text_for_a_typed_key_is_not_found(shortcuts: Any) -> None:
    with pytest.raises(Http404):
        shortcuts.get_object_or_404(Row, pk="five")


def test_several_are_found(shortcuts: Any) -> None:
    assert several(shortcuts, Book) == ["0-1", "0-2", "1-1"]
    assert several(shortcuts, Book, pk__startswith="0-") == ["0-1", "0-2"]
    assert several(shortcuts, Book, isbn__startswith="") == ["0-1", "0-2", "1-1"]
    assert several(shortcuts, Book, pk__in=["0-1", "9", "1-1"]) == ["0-1", "1-1"]
    assert several(shortcuts, Book, pk="0-1") == ["0-1"]


@pytest.mark.parametrize("condition", [{"pk__startswith": "9"}, {"pk__in": ["9"]}, {"pk": "9"}])
def test_nothing_of_several_is_not_found(shortcuts: Any, condition: dict[str, Any]) -> None:
    with pytest.raises(Http404, match="No Book matches"):
        shortcuts.get_list_or_404(Book, **condition)
    with pytest.raises(Http404, match="No Book matches"):
        asyncio.run(shortcuts.aget_list_or_404(Book, **condition))


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        ({"title": "0-1"}, "Book cannot look for 'title'"),
        ({"pk__gt": "0"}, "Book cannot look for 'pk__gt'"),
        ({"pk": "0-1", "isbn": "0-1"}, "Book accepts one condition only"),
        ({"pk__in": ["0-1"]}, "Book needs to know which object is asked for"),
        ({}, "Book needs to know which object is asked for"),
        ({"pk__startswith": 5}, "needs a str for 'pk__startswith'"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(
    shortcuts: Any, conditions: dict[str, Any], told: str
) -> None:
    with pytest.raises(FieldError) as caught:
        shortcuts.get_object_or_404(Book, **conditions)
    assert told in str(caught.value)
    assert "finds objects by their primary key. Use pk=..." in str(caught.value)


class StorageClass:
    """An engine that cannot iterate, as django-kvstore 1.0 had them."""

    def __init__(self, host: str, params: dict[str, str]) -> None:
        self.data: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self.data.get(key)

    def set(self, key: str, value: Any) -> None:
        self.data[key] = value

    def delete(self, key: str) -> None:
        self.data.pop(key, None)


def test_an_engine_that_cannot_iterate_says_so(shortcuts: Any) -> None:
    with override_settings(KEY_VALUE_STORES={"default": f"{__name__}://somewhere"}):
        Book(isbn="0-1", title="0-1").save()
        for condition in ({}, {"pk__startswith": "0"}):
            with pytest.raises(NotSupported):
                shortcuts.get_list_or_404(Book, **condition)
        assert several(shortcuts, Book, pk__in=["0-1"]) == ["0-1"]
        assert shortcuts.get_object_or_404(Book, pk="0-1").pk == "0-1"


def test_the_plain_get_still_returns_none() -> None:
    assert Book.get("9") is None
    with pytest.raises(Book.DoesNotExist):
        Book._default_manager.get(pk="9")
    assert not hasattr(Book(isbn="1"), "_default_manager")


def test_what_is_no_model_is_refused_as_django_does(shortcuts: Any) -> None:
    with pytest.raises(TypeError, match="Model is abstract"):
        shortcuts.get_object_or_404(models.Model, pk="1")
