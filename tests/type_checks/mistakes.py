"""Mistakes that both type checkers must find."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django_kvstore import kvstore, kvstores, models

from .books import Book, Ticket


class Wrong(models.Model):
    number: models.Field[int] = models.CharField(pk=True)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    # What may be None is not always a Decimal.
    price: models.Field[Decimal] = models.DecimalField(null=True)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    text: models.Field[str] = models.CharField(default=1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    name: models.Field[str] = models.CharField(unique=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportUnknownVariableType]
    size: models.Field[int] = models.IntegerField(max_length=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportUnknownVariableType]
    word: models.Field[str] = models.CharField("word")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportUnknownVariableType]


def constructed() -> None:
    Book(isnb="1", title="One")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Book.create(isnb="1", title="One")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    # A default makes a field optional; these have none.
    Book(isbn="1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Ticket(day=dt.date(2026, 1, 31))  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Book(isbn=1, title="One")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Book("1", "One")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def constructed_async() -> None:
    await Book.acreate(isnb="1", title="One")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def used(book: Book) -> Decimal:
    book.title = None  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    book.tags.append(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    book.delete(certainly=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    print(Book.get("1").title)  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    return book.price  # type: ignore[return-value]  # pyright: ignore[reportReturnType]


def stored() -> None:
    kvstore.set(1, "value")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    kvstore.set("key", "value", ttl="60")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    kvstore.incr("key", 0.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    kvstore.sett("key", "value")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    kvstores[1].get("key")  # type: ignore[index]  # pyright: ignore[reportArgumentType]
