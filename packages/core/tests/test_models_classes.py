"""Model classes: names, defaults and options of fields, classes that change, and copies."""

from __future__ import annotations

import asyncio
import copy
import pickle
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import IntegerChoices, TextChoices
from django.test import override_settings
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from django_kvstore import CorruptValue, kvstore, models
from django_kvstore.checks import check_models
from django_kvstore.models.base import model_classes


class Size(TextChoices):
    SMALL = "s", "small"


class Level(IntegerChoices):
    LOW = 1, "low"


class Shirt(models.Model):
    id = models.CharField(pk=True)
    size = models.CharField(choices=Size.choices, default=Size.SMALL)
    level = models.IntegerField(choices=Level.choices, default=Level.LOW)
    tags = models.Field[list[str]](default=[])
    extra = models.JSONField(default={"a": []}, blank=True)


class Named(models.Model):
    """Fields whose names are those of arguments and of what Python code is full of."""

    id = models.CharField(pk=True)
    self = models.Field[int]()
    cls = models.Field[int]()
    method = models.Field[int]()
    func = models.Field[int]()
    args = models.Field[int]()
    items = models.Field[int]()


class Deferred(models.Model):
    id: models.CharField = models.CharField(pk=True)
    other: NoSuchName = models.Field(default=1)  # type: ignore[name-defined] # noqa: F821


@pytest.fixture(autouse=True)
def _own_store() -> Iterator[None]:
    with override_settings(KEY_VALUE_STORES={"default": f"locmem://{uuid.uuid4().hex}"}):
        yield


def test_a_field_may_have_the_name_of_an_argument() -> None:
    values: dict[str, Any] = {name: number for number, name in enumerate(Named._meta.fields)}
    values["id"] = "a"
    assert Named(**values).to_dict() == values
    assert Named.create(**values).to_dict() == values
    again = asyncio.run(Named.acreate(**{**values, "id": "b"}))
    assert again.to_dict() == {**values, "id": "b"}
    found = asyncio.run(Named.aget("b"))
    assert found is not None
    assert found.to_dict() == again.to_dict()


def test_a_default_that_can_be_changed_is_each_objects_own() -> None:
    one, two = Shirt(id="1"), Shirt(id="2")
    one.tags.append("x")
    one.extra["a"].append(1)
    assert (two.tags, two.extra) == ([], {"a": []})
    assert (Shirt.tags.default, Shirt.extra.default) == ([], {"a": []})


def test_choices_and_safe_and_lazy_texts_are_stored_as_what_they_are() -> None:
    shirt = Shirt.create(id=mark_safe("<b>"), size=Size.SMALL, level=Level.LOW)
    assert (type(shirt.id), type(shirt.size), type(shirt.level)) == (str, str, int)
    assert kvstore.get(f"__KV_STORE_::{__name__}.Shirt:<b>") == shirt.to_dict()
    Shirt(id=gettext_lazy("Yes")).save()
    assert Shirt.exists("Yes")


@pytest.mark.parametrize(
    ("field", "options", "said"),
    [
        (models.CharField, {"unique": True}, "no meaning in a key-value store"),
        (models.IntegerField, {"db_index": True}, "no meaning"),
        (models.CharField, {"editable": False}, "no meaning"),
        (models.CharField, {"primary_key": True}, "write pk=True"),
        (models.DateTimeField, {"auto_now": True}, "set the field in the model's clean()"),
        (models.DateField, {"auto_now_add": True}, "give it a default"),
        (models.CharField, {"maxlength": 5}, "no meaning"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    field: Any, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(TypeError) as caught:
        field(**options)
    assert f"{field.__name__} has no option '{min(options)}'" in str(caught.value)
    assert said in str(caught.value)


def test_an_option_of_djangos_field_is_passed_on() -> None:
    field = models.CharField(max_length=1, verbose_name="x", help_text="y")
    field.__set_name__(Shirt, "x")
    assert (field._field.verbose_name, field._field.help_text) == ("x", "y")
    with pytest.raises(TypeError, match="max_digits"):
        models.CharField(max_digits=5)


def test_a_stored_value_that_a_changed_field_cannot_read_is_told() -> None:
    class Before(models.Model):
        id = models.CharField(pk=True)
        age = models.CharField()

        class Meta:
            key = "app.Person"

    class Exact(models.Field[int]):
        def decode(self, value: Any) -> int:
            return {"secret 5": 5}[value]

    class After(models.Model):
        id = models.CharField(pk=True)
        age = models.IntegerField()

        class Meta:
            key = "app.Person"

    class Own(models.Model):
        id = models.CharField(pk=True)
        age = Exact()

        class Meta:
            key = "app.Person"

    Before.create(id="good", age="36")
    Before.create(id="bad", age="secret 6")
    good = After.get("good")
    assert good is not None
    assert good.age == 36
    for model, kind in ((After, "IntegerField"), (Own, "Exact")):
        with pytest.raises(CorruptValue) as caught:
            model.get("bad")
        told = (
            f"the str stored under '__KV_STORE_::app.Person:bad' for {model.__name__}.age "
            f"cannot be read by the {kind}"
        )
        assert told in str(caught.value)
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is not None
        with pytest.raises(CorruptValue):
            list(model.all())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (models.BinaryField, 5),
        (models.BinaryField, "abcde"),
        (models.IntegerField, float("inf")),
        (models.DateField, 5),
        (models.DateTimeField, [1]),
    ],
)
def test_what_djangos_own_field_stumbles_over_is_a_validation_error(field: Any, value: Any) -> None:
    class Holder(models.Model):
        id = models.CharField(pk=True)
        held = field()

    with pytest.raises(ValidationError) as caught:
        Holder.create(id="a", held=value)
    assert list(caught.value.message_dict) == ["held"]
    assert not Holder.exists("a")


def test_annotations_are_never_read() -> None:
    assert Deferred.create(id="a").other == 1


def test_a_copy_is_an_object_of_its_own_that_knows_what_was_stored() -> None:
    shirt = Shirt.create(id="a", tags=["x"])
    for made in (copy.deepcopy(shirt), pickle.loads(pickle.dumps(shirt))):
        assert made == shirt
        assert hash(made) == hash(shirt)
        made.tags.append("y")
        assert shirt.tags == ["x"]
        made.save(if_unchanged=True)
        shirt.save()
    new = pickle.loads(pickle.dumps(Shirt(id="b")))
    new.save(if_unchanged=True)
    assert Shirt.exists("b")
    error = pickle.loads(pickle.dumps(Shirt.DoesNotExist("gone")))
    assert type(error) is Shirt.DoesNotExist


def test_objects_without_a_primary_key_are_equal_to_themselves_alone() -> None:
    one = Shirt()
    assert one == one
    assert one != Shirt()
    with pytest.raises(TypeError, match="not hashable"):
        hash(one)


def test_an_abstract_class_has_no_objects() -> None:
    class Base(models.Model):
        class Meta:
            abstract = True

    for model in (Base, models.Model):
        uses: list[Any] = [
            model,
            lambda model=model: model.get("a"),
            lambda model=model: model.get_many(["a"]),
            lambda model=model: model.exists("a"),
            lambda model=model: model.count(),
            lambda model=model: list(model.all()),
            lambda model=model: model.create(),
            lambda model=model: model.get_or_create("a"),
            lambda model=model: model.delete_many(["a"]),
        ]
        for use in uses:
            with pytest.raises(TypeError, match=f"{model.__name__} is abstract"):
                use()


def test_a_meta_of_ones_own_extends_that_of_the_base_as_djangos_do() -> None:
    class Base(models.Model):
        id = models.CharField(pk=True)

        class Meta:
            abstract = True
            store = "other"
            ttl = 50
            key = "not.handed.down"

    class Same(Base):
        pass

    class Extended(Base):
        class Meta(Base.Meta):
            ttl = 60

    class Replaced(Base):
        class Meta:
            ttl = 60

    shown = [(m._meta.store, m._meta.ttl, m._meta.abstract) for m in (Same, Extended, Replaced)]
    assert shown == [("other", 50, False), ("other", 60, False), ("default", 60, False)]
    assert {m._meta.key for m in (Same, Extended, Replaced)} == {
        f"{__name__}.{name}" for name in ("Same", "Extended", "Replaced")
    }


def test_the_checks_find_classes_that_share_a_key_and_those_without_a_store() -> None:
    class One:
        class Item(models.Model):
            id = models.CharField(pk=True)

    class Two:
        class Item(models.Model):
            id = models.CharField(pk=True)

    class Lost(models.Model):
        id = models.CharField(pk=True)

        class Meta:
            store = "nowhere"

    found = {
        message.id: message.msg
        for message in check_models()
        if "test_the_checks_find_classes" in message.msg
    }
    assert set(found) == {"django_kvstore.E007", "django_kvstore.W002"}
    assert "Lost are kept in the store 'nowhere'" in found["django_kvstore.E007"]
    assert f"have one key, '{__name__}.Item'" in found["django_kvstore.W002"]
    with override_settings(KEY_VALUE_STORES={"nowhere": "locmem://"}):
        told = [m.id for m in check_models() if "Lost" in m.msg]
    assert told == []


def test_the_classes_are_listed_once_and_not_those_that_were_refused() -> None:
    class Left(Shirt):
        pass

    class Right(Shirt):
        pass

    class Both(Left, Right):
        pass

    with pytest.raises(Exception, match="2 primary keys"):
        type("Refused", (Shirt,), {"__module__": "app", "other": models.CharField(pk=True)})
    found = list(model_classes(models.Model))
    assert len(found) == len(set(found))
    assert {Left, Right, Both} <= set(found)
    assert "Refused" not in {model.__name__ for model in found}


def test_what_cannot_be_read_is_named_by_key_and_field() -> None:
    kvstore.set(f"__KV_STORE_::{__name__}.Shirt:a", {"id": "a", "level": "secret"})
    reads: list[Any] = [
        lambda: Shirt.get("a"),
        lambda: Shirt.get_many(["a"]),
        lambda: list(Shirt.all()),
        lambda: asyncio.run(_first(Shirt)),
        lambda: Shirt.get_or_create("a"),
        Shirt(id="a").refresh,
    ]
    for read in reads:
        with pytest.raises(CorruptValue) as caught:
            read()
        assert "Shirt:a'" in str(caught.value)
        assert "Shirt.level" in str(caught.value)
        assert "secret" not in str(caught.value)


async def _first(model: Any) -> Any:
    async for found in model.aall():
        return found
    return None
