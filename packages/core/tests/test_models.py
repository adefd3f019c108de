from __future__ import annotations

import asyncio
import datetime
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.core.validators import MinValueValidator
from django.test import override_settings
from django.utils import translation

from django_kvstore import Conflict, CorruptValue, kvstore, models


class MyData(models.Model):
    my_key = models.Field[str](pk=True)
    foo = models.Field[Any]()


class Shouted(models.Field[str]):
    """Kept in capitals, as an encode and decode hook may."""

    def encode(self, value: str) -> str:
        return value.upper()

    def decode(self, value: str) -> str:
        return value.lower()


class Thing(models.Model):
    id = models.UUIDField(pk=True, default=uuid.uuid4)
    name = models.CharField(max_length=5)
    number = models.IntegerField(null=True, validators=[MinValueValidator(0)])
    ratio = models.FloatField(default=0.5)
    on = models.BooleanField(default=False)
    price = models.DecimalField(null=True, max_digits=5, decimal_places=2)
    day = models.DateField(null=True)
    at = models.DateTimeField(null=True)
    data = models.JSONField(default=dict, blank=True)
    raw = models.BinaryField(default=b"", blank=True)
    size = models.CharField(choices=[("s", "small"), ("l", "large")], default="s")
    shouted = Shouted(default="quiet")

    class Meta:
        key = "shop.Thing"
        ttl = 100


@pytest.fixture(autouse=True)
def _own_stores() -> Iterator[None]:
    stores = {"default": f"locmem://{uuid.uuid4().hex}", "other": f"locmem://{uuid.uuid4().hex}"}
    with override_settings(KEY_VALUE_STORES=stores):
        yield


def test_the_readme_of_2010_still_runs() -> None:
    data = MyData.get("something_unique") or MyData(my_key="something_unique")
    data.foo = "foo"
    data.save()
    again = MyData.get("something_unique")
    assert again is not None
    assert again.foo == "foo"
    assert list(kvstore.keys()) == [f"__KV_STORE_::{__name__}.MyData:something_unique"]
    assert again.delete() is True
    assert again.delete() is False
    assert MyData.get("something_unique") is None


def test_every_type_comes_back_as_it_was() -> None:
    thing = Thing.create(
        name="é",
        number=2**70,
        ratio=1e-9,
        on=True,
        price=Decimal("1.20"),
        day=datetime.date(2026, 1, 2),
        at=datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=datetime.UTC),
        data={"a": [1, None]},
        raw=b"\0\xff",
        size="l",
        shouted="loud",
    )
    found = Thing.get(thing.pk)
    assert found is not None
    assert found.to_dict() == thing.to_dict()
    assert {name: type(value) for name, value in vars(found).items()} == {
        name: type(value) for name, value in vars(thing).items()
    }
    assert found.shouted == "loud"
    assert found == thing
    assert hash(found) == hash(thing)
    assert found != MyData(my_key=str(thing.pk))


def test_the_meta_says_the_key_and_the_ttl() -> None:
    thing = Thing.create(name="a")
    key = f"__KV_STORE_::shop.Thing:{thing.id}"
    assert key in kvstore
    assert 99 < (kvstore.ttl(key) or 0) <= 100


def test_what_django_would_refuse_is_refused_in_its_words() -> None:
    with pytest.raises(ValidationError) as caught:
        Thing.create(name="toolong", number=-1, price="1.234", day="x", size="m", on="maybe")
    assert caught.value.message_dict == {
        "name": ["Ensure this value has at most 5 characters (it has 7)."],
        "number": ["Ensure this value is greater than or equal to 0."],
        "price": ["Ensure that there are no more than 2 decimal places."],
        "day": ["“x” value has an invalid date format. It must be in YYYY-MM-DD format."],
        "size": ["Value 'm' is not a valid choice."],
        "on": ["“maybe” value must be either True or False."],
    }
    assert list(Thing.all()) == []
    with translation.override("de"):
        with pytest.raises(ValidationError) as caught:
            Thing.create(name="")
        assert caught.value.message_dict["name"] == ["Dieses Feld darf nicht leer sein."]


def test_values_are_made_of_what_forms_send() -> None:
    thing = Thing.create(name="a", number="5", price="1.5", day="2026-01-02", raw=memoryview(b"x"))
    assert (thing.number, thing.price, thing.day) == (5, Decimal("1.5"), datetime.date(2026, 1, 2))
    assert thing.raw == b"x"


def test_clean_may_look_at_several_fields() -> None:
    class Span(models.Model):
        name = models.CharField(pk=True)
        first = models.IntegerField()
        last = models.IntegerField()

        def clean(self) -> None:
            if self.first > self.last:
                raise ValidationError("first after last")

    Span.create(name="good", first=1, last=2)
    with pytest.raises(ValidationError, match="first after last"):
        Span.create(name="bad", first=2, last=1)
    assert not Span.exists("bad")


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_primary_key_is_refused(empty: object) -> None:
    with pytest.raises(ValidationError) as caught:
        MyData(my_key=empty).save()
    assert list(caught.value.message_dict) == ["my_key"]


@pytest.mark.parametrize("pk", [b"a", Decimal("1.0"), [1], (1, [2]), object(), 1j])
def test_a_primary_key_whose_text_is_not_its_own_is_refused(pk: object) -> None:
    with pytest.raises(ValidationError, match="str, int, date or UUID"):
        MyData.get(pk)


def test_create_fails_when_there_is_one() -> None:
    MyData.create(my_key="a", foo=1)
    with pytest.raises(Conflict, match="this primary key already"):
        MyData.create(my_key="a", foo=2)
    found = MyData.get("a")
    assert found is not None
    assert found.foo == 1


def test_get_or_create() -> None:
    first, created = MyData.get_or_create("a", {"foo": 1})
    assert created
    second, created = MyData.get_or_create("a", {"foo": 2})
    assert not created
    assert (first.foo, second.foo) == (1, 1)


def test_if_unchanged_loses_nobodys_change() -> None:
    MyData.create(my_key="a", foo=[1])
    mine, theirs = MyData.get("a"), MyData.get("a")
    assert mine is not None
    assert theirs is not None
    theirs.foo.append(2)
    theirs.save(if_unchanged=True)
    mine.foo.append(3)
    with pytest.raises(Conflict, match="somebody else has saved"):
        mine.save(if_unchanged=True)
    assert MyData.get("a").foo == [1, 2]  # type: ignore[union-attr]
    mine.refresh()
    mine.foo.append(3)
    mine.save(if_unchanged=True)
    mine.save(if_unchanged=True)
    assert MyData.get("a").foo == [1, 2, 3]  # type: ignore[union-attr]
    with pytest.raises(Conflict):
        theirs.delete(if_unchanged=True)
    assert mine.delete(if_unchanged=True) is True
    with pytest.raises(Conflict):
        theirs.save(if_unchanged=True)
    assert not MyData.exists("a")


def test_a_new_object_is_unchanged_only_where_there_is_none() -> None:
    MyData(my_key="a", foo=1).save(if_unchanged=True)
    with pytest.raises(Conflict):
        MyData(my_key="a", foo=2).save(if_unchanged=True)


def test_nan_is_no_conflict() -> None:
    data = MyData.create(my_key="a", foo=[float("nan")])
    data.save(if_unchanged=True)
    assert MyData.exists("a")


def test_refresh_of_a_deleted_object() -> None:
    data = MyData.create(my_key="a")
    assert data.delete()
    with pytest.raises(MyData.DoesNotExist):
        data.refresh()
    assert not issubclass(Thing.DoesNotExist, MyData.DoesNotExist)


def test_several_at_once() -> None:
    MyData.save_many(MyData(my_key=f"k{number}", foo=number) for number in range(50))
    found = MyData.get_many(["k1", "k49", "missing"])
    assert {pk: data.foo for pk, data in found.items()} == {"k1": 1, "k49": 49}
    assert sorted(data.foo for data in MyData.iterate("k4")) == [4, *range(40, 50)]
    assert MyData.count() == 50
    assert MyData.count("k4") == 11
    assert MyData.delete_many(["k1", "k2", "missing"]) == 2
    with pytest.raises(ValidationError):
        MyData.save_many([MyData(my_key="good"), MyData(my_key="")])
    assert not MyData.exists("good")


def test_classes_can_change() -> None:
    class Before(models.Model):
        name = models.CharField(pk=True)
        gone = models.Field[int](default=1)

        class Meta:
            key = "app.Thing"

    class After(models.Model):
        name = models.CharField(pk=True)
        new = models.Field[list[int]](default=list)

        class Meta:
            key = "app.Thing"

    Before.create(name="a", gone=5)
    after = After.get("a")
    assert after is not None
    assert after.new == []
    after.save(if_unchanged=True)
    assert kvstore.get("__KV_STORE_::app.Thing:a") == {"name": "a", "new": []}


def test_inheritance() -> None:
    class Named(models.Model):
        name = models.CharField(pk=True)

        class Meta:
            abstract = True
            store = "other"

    class Dog(Named):
        legs = models.IntegerField(default=4)

    class Puppy(Dog):
        age = models.IntegerField(default=1)
        legs = None  # type: ignore[assignment]

    assert list(Dog._meta.fields) == ["name", "legs"]
    assert list(Puppy._meta.fields) == ["name", "age"]
    assert Dog._meta.store == Puppy._meta.store == "other"
    Puppy.create(name="rex")
    assert Dog.get("rex") is None
    assert Puppy.exists("rex")
    assert kvstore.count() == 0
    with pytest.raises(TypeError, match="abstract"):
        Named(name="x")


def test_defaults_are_made_for_each_object() -> None:
    assert Thing(name="a").data is not Thing(name="b").data
    assert Thing().name == ""
    assert Thing().number is None


def test_an_unknown_field_is_told() -> None:
    with pytest.raises(TypeError, match="MyData has no field 'bar', only my_key, foo"):
        MyData(bar=1)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "has no primary key: give one of its fields pk=True"),
        (
            {"a": models.Field(pk=True), "b": models.Field(pk=True)},
            "has 2 primary keys, a and b: leave pk=True on one of them.",
        ),
        ({"save": models.Field(pk=True)}, "cannot have a field 'save'"),
        ({"aget": models.Field(pk=True)}, "cannot have a field 'aget'"),
        ({"_x": models.Field(pk=True)}, "cannot have a field '_x'"),
        (
            {"a": models.Field(pk=True), "Meta": type("Meta", (), {"stor": "x"})},
            "no option 'stor': did you mean 'store'?",
        ),
        (
            {"a": models.Field(pk=True), "Meta": type("Meta", (), {"key": "a:b"})},
            "contains a ':'",
        ),
    ],
)
def test_a_mistake_in_a_class_is_told_when_it_is_made(body: dict[str, Any], said: str) -> None:
    with pytest.raises(FieldError) as caught:
        type("Bad", (models.Model,), {"__module__": "app", **body})
    assert said in str(caught.value)
    assert "app.Bad" in str(caught.value)


def test_something_else_under_a_models_key_is_corrupt() -> None:
    kvstore.set(f"__KV_STORE_::{__name__}.MyData:a", 5)
    with pytest.raises(CorruptValue, match=r"the int stored under .*MyData:a.* is not an object"):
        MyData.get("a")


@pytest.mark.parametrize(
    ("read", "theirs"),
    [
        (1, True),
        (1, 1.0),
        (Decimal(1), Decimal("1.00")),
        ([1, {"a": (0, 2)}], [1, {"a": (False, 2)}]),
    ],
)
def test_a_change_of_type_alone_is_a_change(read: Any, theirs: Any) -> None:
    MyData(my_key="a", foo=read).save()
    mine, other = MyData.get("a"), MyData.get("a")
    assert mine is not None
    assert other is not None
    other.foo = theirs
    other.save()
    with pytest.raises(Conflict):
        mine.save(if_unchanged=True)
    with pytest.raises(Conflict):
        mine.delete(if_unchanged=True)
    mine.refresh()
    assert repr(mine.foo) == repr(theirs)
    mine.save(if_unchanged=True)


def test_what_equals_nothing_is_unchanged_all_the_same() -> None:
    nan = float("nan")
    MyData(my_key="a", foo={"b": [nan], nan: Decimal("NaN")}).save()
    mine = MyData.get("a")
    assert mine is not None
    mine.save(if_unchanged=True)
    assert mine.delete(if_unchanged=True) is True


def test_deleting_what_was_never_there_says_so() -> None:
    mine = MyData(my_key="a")
    assert mine.delete(if_unchanged=True) is False
    mine.save()
    assert mine.delete(if_unchanged=True) is True
    assert mine.delete(if_unchanged=True) is False
    MyData(my_key="a").save()
    with pytest.raises(Conflict):
        mine.delete(if_unchanged=True)


def test_every_method_has_its_async_twin() -> None:
    async def use() -> None:
        data, created = await MyData.aget_or_create("a", {"foo": 1})
        assert created
        data.foo = 2
        await data.asave(if_unchanged=True)
        found = await MyData.aget("a")
        assert found is not None
        assert found.foo == 2
        assert await MyData.aexists("a")
        await MyData.acreate(my_key="b")
        await MyData.asave_many([MyData(my_key="c")])
        assert sorted(await MyData.aget_many(["a", "b", "x"])) == ["a", "b"]
        assert sorted([each.my_key async for each in MyData.aall()]) == ["a", "b", "c"]
        assert [each.my_key async for each in MyData.aiterate("b")] == ["b"]
        assert await MyData.acount() == 3
        await found.arefresh()
        assert await found.adelete()
        assert await MyData.adelete_many(["b", "c"]) == 2

    asyncio.run(use())


def test_a_field_of_the_class_is_the_field() -> None:
    assert isinstance(MyData.foo, models.Field)
    assert repr(Thing.price) == "<DecimalField price>"
    with pytest.raises(AttributeError, match="has no value"):
        _ = object.__new__(MyData).foo
