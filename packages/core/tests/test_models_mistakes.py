"""A class statement that cannot work is refused, and the message says what to do."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from typing import Any, ClassVar, Final

import pytest
from django import forms
from django.core.exceptions import FieldError
from django.db import models as db
from django.test import override_settings

from django_kvstore import models


@pytest.fixture(autouse=True)
def _own_store() -> Iterator[None]:
    with override_settings(KEY_VALUE_STORES={"default": f"locmem://{uuid.uuid4().hex}"}):
        yield


def make(**body: Any) -> Any:
    """Make the class ``app.Book`` of that body and a primary key."""
    return type(
        "Book", (models.Model,), {"__module__": "app", "id": models.CharField(pk=True), **body}
    )


#: Attributes that are not fields of ours: the attribute, and what the message says to do.
STRANGERS: list[tuple[Any, str]] = [
    (db.CharField(max_length=5), "Use django_kvstore.models.CharField"),
    (db.IntegerField(), "Use django_kvstore.models.IntegerField"),
    (db.EmailField(), "Use django_kvstore.models.CharField(validators=[validate_email])"),
    (db.URLField(), "Use django_kvstore.models.CharField(validators=[URLValidator()])"),
    (db.SlugField(), "Use django_kvstore.models.CharField(validators=[validate_slug])"),
    (db.TextField(), "Use django_kvstore.models.CharField"),
    (db.BigIntegerField(), "Use django_kvstore.models.IntegerField"),
    (db.PositiveIntegerField(), "IntegerField(validators=[MinValueValidator(0)])"),
    (db.AutoField(primary_key=True), "UUIDField(pk=True, default=uuid.uuid4)"),
    (db.ForeignKey("app.User", on_delete=db.CASCADE), "the other object's primary key"),
    (db.ManyToManyField("app.User"), "a list of the other objects' primary keys"),
    (db.FileField(), "the file's name in a django_kvstore.models.CharField"),
    (db.TimeField(), "Use django_kvstore.models.Field, which holds"),
    (db.DurationField(), "Use django_kvstore.models.Field, which holds"),
    (type("MoneyField", (db.DecimalField,), {})(), "Use django_kvstore.models.DecimalField"),
    (type("OddField", (db.Field,), {})(), "Use a field of django_kvstore.models"),
    (db.EmailField, "Use django_kvstore.models.CharField(validators=[validate_email])"),
    (forms.CharField(), "Use django_kvstore.models.CharField"),
    (forms.EmailField(), "Use django_kvstore.models.CharField(validators=[validate_email])"),
    (forms.ChoiceField(), "Use django_kvstore.models.CharField(choices=...)"),
    (forms.IntegerField, "Use django_kvstore.models.IntegerField"),
    (db.Manager(), "Remove it: Book.get, Book.all and Book.create are called on the class itself"),
    (dataclasses.field(default=1), "Use django_kvstore.models.Field(default=...)"),
]


@pytest.mark.parametrize(
    ("stranger", "told"), STRANGERS, ids=[str(type(each)) + told for each, told in STRANGERS]
)
def test_a_field_of_something_else_is_refused(stranger: Any, told: str) -> None:
    with pytest.raises(FieldError) as caught:
        make(b=stranger)
    assert "app.Book" in str(caught.value)
    assert "'b'" in str(caught.value)
    assert told in str(caught.value)


def test_a_field_of_something_else_in_a_mixin_is_refused() -> None:
    class Mixin:
        email = db.EmailField()

    with pytest.raises(FieldError, match=r"'email' of app\.Book .*validate_email"):
        type("Book", (Mixin, models.Model), {"__module__": "app", "id": models.CharField(pk=True)})


@pytest.mark.parametrize("kind", [models.CharField, models.Field, models.JSONField])
def test_a_field_class_in_place_of_a_field_is_refused(kind: Any) -> None:
    name = kind.__name__
    with pytest.raises(FieldError) as caught:
        make(b=kind)
    assert f"the class {name} in place of a field" in str(caught.value)
    assert f"Write b = {name}()" in str(caught.value)


def test_a_class_of_fields_may_be_defined_in_a_model() -> None:
    class Book(models.Model):
        class Loud(models.Field[str]):
            pass

        id = models.CharField(pk=True)
        title = Loud(default="")

    assert list(Book._meta.fields) == ["id", "title"]


@pytest.mark.parametrize("wrap", [lambda field: (field,), lambda field: [field]])
def test_a_field_with_a_comma_behind_it_is_refused(wrap: Any) -> None:
    for field in (models.CharField(), db.CharField(), forms.CharField()):
        with pytest.raises(FieldError, match=r"'b' .* holds a field inside a .*comma"):
            make(b=wrap(field))


def test_a_field_of_two_classes_is_refused() -> None:
    shared = models.CharField()
    first = make(b=shared)
    with pytest.raises(FieldError) as caught:
        make(c=shared)
    assert "'c' of app.Book is also 'b' of app.Book" in str(caught.value)
    assert "Make a field for each" in str(caught.value)
    assert first.b.name == "b"


def test_a_field_of_two_names_is_refused() -> None:
    shared = models.CharField()
    with pytest.raises(FieldError, match=r"'c' of app\.Book is also 'b' of app\.Book"):
        make(b=shared, c=shared)


def test_a_field_of_a_base_or_a_mixin_is_inherited_by_several() -> None:
    class Mixin:
        title = models.CharField(default="")

    class Book(Mixin, models.Model):
        id = models.CharField(pk=True)

    class Film(Mixin, models.Model):
        id = models.CharField(pk=True)

    assert list(Book._meta.fields) == list(Film._meta.fields) == ["title", "id"]
    assert Book(id="1", title="x").title == "x"


def test_an_annotation_without_a_field_is_refused() -> None:
    with pytest.raises(FieldError) as caught:

        class Book(models.Model):
            id = models.CharField(pk=True)
            title: models.Field[str]

    assert "'title'" in str(caught.value)
    assert "has an annotation and no field" in str(caught.value)
    assert "title: models.Field[str] = models.CharField()" in str(caught.value)
    assert "ClassVar" in str(caught.value)


@pytest.mark.parametrize("value", ["", 5, None, [], lambda: 5])
def test_an_annotated_value_that_is_not_a_field_is_refused(value: Any) -> None:
    with pytest.raises(FieldError, match=r"'title' of .*Book has an annotation and no field"):

        class Book(models.Model):
            id = models.CharField(pk=True)
            title: str = value


def test_annotations_of_what_is_no_field_are_left_alone() -> None:
    class Book(models.Model):
        id: models.Field[str] = models.CharField(pk=True)
        limit: ClassVar[int] = 5
        cache: ClassVar[dict[str, str]]
        quoted: "ClassVar[int]" = 6  # noqa: UP037
        plain: ClassVar = 7
        WIDTH: Final = 8
        HEIGHT: Final[int] = 9
        _private: str = "x"
        _unset: int
        undefined: NoSuchName = models.Field(default=1)  # type: ignore[name-defined] # noqa: F821

    assert list(Book._meta.fields) == ["id", "undefined"]


def test_annotations_that_are_evaluated_are_read_too() -> None:
    annotated = {"limit": ClassVar[int], "height": Final, "id": models.Field}
    assert make(limit=5, height=6, __annotations__=annotated).limit == 5
    with pytest.raises(FieldError, match="'title'"):
        make(__annotations__={"title": str})


def test_a_property_may_be_annotated_nowhere_and_work() -> None:
    class Book(models.Model):
        id = models.CharField(pk=True)
        limit = 5

        @property
        def shout(self) -> str:
            return self.id.upper()

    assert Book(id="a").shout == "A"


@pytest.mark.parametrize(
    "name", ["save", "get", "pk", "from_dict", "aget", "DoesNotExist", "Meta", "_x", "_meta"]
)
def test_a_field_with_a_name_that_models_use_is_refused(name: str) -> None:
    with pytest.raises(FieldError) as caught:
        make(**{name: models.CharField()})
    assert f"app.Book cannot have a field '{name}'" in str(caught.value)
    assert "Choose another name" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"), [("count", 0), ("all", True), ("save", None), ("pk", "id")]
)
def test_a_value_that_would_hide_a_method_is_refused(name: str, value: Any) -> None:
    with pytest.raises(FieldError) as caught:
        make(**{name: value})
    assert f"app.Book cannot have an attribute '{name}'" in str(caught.value)
    assert "Choose another name" in str(caught.value)


def test_a_method_may_be_overridden() -> None:
    class Book(models.Model):
        id = models.CharField(pk=True)

        def save(self, *, if_unchanged: bool = False) -> None:
            self.id = self.id.lower()
            super().save(if_unchanged=if_unchanged)

        @classmethod
        def count(cls, prefix: str = "") -> int:
            return super().count(prefix) + 100

        clean = staticmethod(lambda: None)  # type: ignore[assignment]

    Book(id="A").save()
    assert Book.exists("a")
    assert Book.count() == 101


@pytest.mark.parametrize(
    ("meta", "told"),
    [
        ({"ordering": ["id"]}, "no option 'ordering': it accepts abstract, key, store, ttl"),
        ({"abstrct": True}, "did you mean 'abstract'?"),
        ({"abstract": "yes"}, "Meta.abstract of app.Book is not True or False"),
        ({"store": 5}, "Meta.store of app.Book is not a str"),
        ({"key": 5}, "Meta.key of app.Book is not a str"),
        ({"key": ""}, "Meta.key of app.Book is empty"),
        ({"key": "a:b"}, "Meta.key of app.Book contains a ':'"),
        ({"key": "\ud800"}, "Meta.key of app.Book"),
        ({"key": "k" * 1025}, "Meta.key of app.Book"),
        ({"ttl": "60"}, "Meta.ttl of app.Book"),
        ({"ttl": float("nan")}, "Meta.ttl of app.Book"),
        ({"ttl": True}, "Meta.ttl of app.Book"),
        ({"ttl": -1}, "Meta.ttl of app.Book"),
    ],
)
def test_a_wrong_meta_is_refused(meta: dict[str, Any], told: str) -> None:
    with pytest.raises(FieldError) as caught:
        make(Meta=type("Meta", (), meta))
    assert told in str(caught.value)
    assert "app.Book" in str(caught.value)


@pytest.mark.parametrize("meta", [{"store": "x"}, "store", None, 5])
def test_a_meta_that_is_no_class_is_refused(meta: Any) -> None:
    with pytest.raises(FieldError, match=r"The Meta of app\.Book is not a class"):
        make(Meta=meta)


@pytest.mark.parametrize("name", ["meta", "META"])
def test_a_meta_with_another_case_is_refused(name: str) -> None:
    with pytest.raises(FieldError, match=rf"app\.Book has a class '{name}'.*Meta"):
        make(**{name: type(name, (), {"store": "x"})})


def test_several_primary_keys_are_refused_also_by_inheritance() -> None:
    class Base(models.Model):
        code = models.CharField(pk=True)

        class Meta:
            abstract = True

    with pytest.raises(FieldError, match="2 primary keys, code and user: leave pk=True on one"):

        class Book(Base):
            user = models.CharField(pk=True)


def test_a_primary_key_that_was_taken_away_is_missed() -> None:
    class Base(models.Model):
        code = models.CharField(pk=True)

    with pytest.raises(FieldError, match="has no primary key"):

        class Book(Base):
            code = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("make_field", "told"),
    [
        (lambda: models.CharField("title"), "Write default='title' or verbose_name='title'"),
        (lambda: models.CharField(max_length="5"), "max_length"),
        (lambda: models.CharField(max_length=-1), "max_length"),
        (lambda: models.CharField(max_length=True), "max_length"),
        (lambda: models.DecimalField(max_digits=2.5), "max_digits"),
        (lambda: models.DecimalField(max_digits=2, decimal_places=3), "decimal_places"),
        (lambda: models.CharField(validators=["x"]), "validators"),
        (lambda: models.CharField(validators=len), "validators"),
        (lambda: models.CharField(choices=5), "choices"),
        (lambda: models.CharField(choices=["a"]), "choices"),
        (lambda: models.CharField(pk="yes"), "pk"),
        (lambda: models.Field(pk="yes"), "pk"),
        (lambda: models.CharField(null="yes"), "null"),
        (lambda: models.CharField(pk=True, null=True), "null=True"),
    ],
)
def test_an_option_that_cannot_work_is_refused(make_field: Any, told: str) -> None:
    with pytest.raises((TypeError, FieldError)) as caught:
        make_field()
    assert told in str(caught.value)


def test_a_field_that_is_put_on_a_finished_class_is_refused() -> None:
    book = make()
    with pytest.raises(FieldError, match=r"'late' .* app\.Book .* in the class statement"):
        book.late = models.CharField()
    with pytest.raises(FieldError, match=r"'late' of app\.Book .*validate_email"):
        book.late = db.EmailField()
    book.limit = 5
    assert book.limit == 5
