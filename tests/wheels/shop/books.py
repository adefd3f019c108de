"""Models of an application."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_type

from django_kvstore import models


class Book(models.Model):
    isbn: models.Field[str] = models.CharField(pk=True)
    title: models.Field[str] = models.CharField(default="")
    price: models.Field[Decimal] = models.DecimalField(default=Decimal(0))
    tags: models.Field[list[str]] = models.Field(default=list)

    class Meta:
        store = "books"


def cheapest() -> Book | None:
    best: Book | None = None
    for book in Book.all():
        assert_type(book, Book)
        assert_type(book.title, str)
        assert_type(book.tags, list[str])
        if best is None or book.price < best.price:
            best = book
    return best


def mistaken() -> Book:
    return Book(isnb="1")  # type: ignore[call-arg]


async def renamed(isbn: str, title: str) -> bool:
    book = await Book.aget(isbn)
    if book is None:
        return False
    book.title = title
    book.tags.append(1)  # type: ignore[arg-type]
    await book.asave(if_unchanged=True)
    book.delete(certainly=True)  # type: ignore[call-arg]
    return True
