"""Models, their fields and their objects."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any, ClassVar, assert_type
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db.models import IntegerChoices, TextChoices
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from django_kvstore import Conflict, models
from django_kvstore.shortcuts import (
    aget_list_or_404,
    aget_object_or_404,
    get_list_or_404,
    get_object_or_404,
)


class MyData(models.Model):
    my_key: models.Field[str] = models.Field(pk=True)
    foo: models.Field[str] = models.Field(default="")


data = MyData.get("something_unique") or MyData(my_key="something_unique")
data.foo = "foo"
data.save()
data.delete()


class Binding(TextChoices):
    HARD = "hard", _("Hardcover")
    SOFT = "soft", _("Paperback")


class Shelf(IntegerChoices):
    UPPER = 1
    LOWER = 2


class Book(models.Model):
    isbn: models.Field[str] = models.CharField(pk=True, max_length=17)
    title: models.Field[str] = models.CharField(max_length=200)
    price: models.Field[Decimal | None] = models.DecimalField(
        validators=[MinValueValidator(0)], null=True, default=None, max_digits=8, decimal_places=2
    )
    tags: models.Field[list[str]] = models.Field(default=list)
    reserved: ClassVar[set[str]] = set()

    class Meta:
        store = "books"
        ttl = 3600
        key = "shop.Book"

    def clean(self) -> None:
        if self.title in self.reserved:
            raise ValidationError({"title": "This title is reserved."})

    def __str__(self) -> str:
        return self.title


class Ticket(models.Model):
    """Every kind of field, with a default and without, with ``None`` and without."""

    number: models.Field[UUID] = models.UUIDField(pk=True, default=uuid4)
    paid: models.Field[bool] = models.BooleanField(default=False)
    seats: models.Field[int] = models.IntegerField(verbose_name=_("seats"))
    row: models.Field[int | None] = models.IntegerField(null=True, default=None)
    discount: models.Field[float] = models.FloatField(default=0.5)
    day: models.Field[dt.date] = models.DateField(help_text="The first day.")
    sold: models.Field[dt.datetime] = models.DateTimeField(default=now)
    code: models.Field[bytes] = models.BinaryField(default=b"", blank=True, max_length=64)
    binding: models.Field[str] = models.CharField(choices=Binding.choices, default=Binding.HARD)
    shelf: models.Field[int] = models.IntegerField(choices=Shelf.choices, default=Shelf.UPPER)
    extra: models.Field[dict[str, int]] = models.JSONField(default=dict, blank=True)
    anything: models.Field[Any] = models.Field(default=None)
    names: models.Field[set[str]] = models.Field(default=set)
    counts: models.Field[dict[str, int]] = models.Field(default=dict)
    pair: models.Field[tuple[int, int]] = models.Field(default=(0, 0))


class Point(models.Field[complex]):
    """A field of the application's own."""

    def encode(self, value: complex) -> Any:
        return [value.real, value.imag]

    def decode(self, value: Any) -> complex:
        return complex(*value)


class Named(models.Model):
    name: models.Field[str] = models.CharField(pk=True)

    class Meta:
        abstract = True


class Place(Named):
    at: models.Field[complex] = Point()

    class Meta(Named.Meta):
        abstract = False
        store = "places"


def constructed() -> Book:
    assert_type(Book.title, models.Field[str])
    book = Book(isbn="0-19-853453-1", title="The Emperor's New Mind")
    assert_type(book.isbn, str)
    assert_type(book.price, Decimal | None)
    assert_type(book.tags, list[str])
    book.price = Decimal("9.90")
    book.price = None
    book.tags.append("physics")
    Book(isbn="1", title="One", price=Decimal(1), tags=["a"])
    Ticket(seats=2, day=dt.date(2026, 1, 31))
    assert_type(Place(name="home", at=3 + 4j).at, complex)
    return book


def read() -> Book | None:
    assert_type(Book.get("1"), Book | None)
    assert_type(Book.get_many(["1", "2"]), dict[Any, Book])
    assert_type(Book.exists("1"), bool)
    assert_type(Book.count("0-19"), int)
    for book in Book.iterate("0-19"):
        assert_type(book, Book)
    best: Book | None = None
    for book in Book.all():
        if book.price and (best is None or not best.price or book.price < best.price):
            best = book
    return best


def written(book: Book) -> bool:
    assert_type(Book.create(isbn="2", title="Two"), Book)
    found, created = Book.get_or_create("3", {"title": "Three"})
    assert_type(found, Book)
    assert_type(created, bool)
    book.full_clean()
    book.save()
    try:
        book.save(if_unchanged=True)
    except Conflict:
        book.refresh()
    except Book.DoesNotExist:
        return False
    Book.save_many([book, found])
    assert_type(Book.delete_many([book.pk]), int)
    assert_type(Book.from_dict(book.to_dict()), Book)
    assert_type({book, found}, set[Book])
    return book.delete(if_unchanged=True)


def in_a_view(isbn: str) -> str:
    book = get_object_or_404(Book, pk=isbn)
    assert_type(book, Book)
    assert_type(get_list_or_404(Book, pk__startswith="0-19"), list[Book])
    return f"{book.title}: {book.price}"


async def in_an_async_view(isbn: str) -> list[Book]:
    assert_type(await aget_object_or_404(Book, isbn=isbn), Book)
    return await aget_list_or_404(Book, pk__in=[isbn])


async def renamed(isbn: str, title: str) -> AsyncIterator[str]:
    book = await Book.aget(isbn)
    assert_type(book, Book | None)
    if book is None:
        book = await Book.acreate(isbn=isbn, title=title)
    assert_type(book, Book)
    book.title = title
    await book.asave(if_unchanged=True)
    await book.arefresh()
    await Book.asave_many([book])
    assert_type(await Book.aget_many([isbn]), dict[Any, Book])
    assert_type(await Book.aget_or_create(isbn), tuple[Book, bool])
    assert_type(await Book.aexists(isbn), bool)
    assert_type(await Book.acount(), int)
    assert_type(await Book.adelete_many([isbn]), int)
    assert_type(await book.adelete(), bool)
    async for each in Book.aiterate("0-19"):
        yield each.title
    async for each in Book.aall():
        yield each.title
