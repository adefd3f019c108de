"""Mistakes in models and with their objects."""

from __future__ import annotations

from .mistake import Chapter, Mistake

_DB = 'KEY_VALUE_STORES = {"default": "db://sessions"}'
_BASKET = (
    "class Basket(models.Model):\n"
    "    code = models.CharField(pk=True)\n"
    "    items = models.Field(default=list)\n"
)

CLASSES = Chapter(
    "Model classes",
    "Raised when the class is made, by importing its module.",
    (
        Mistake(
            "Two primary keys",
            raises="FieldError",
            alias="",
            call=(
                "class Basket(models.Model):\n"
                "    code = models.CharField(pk=True)\n"
                "    user = models.CharField(pk=True)"
            ),
            wrong="shop.Basket has 2 primary keys, code and user",
            fix="leave pk=True on one of them",
        ),
        Mistake(
            "No primary key",
            raises="FieldError",
            alias="",
            call="class Basket(models.Model):\n    code = models.CharField()",
            wrong="shop.Basket has no primary key",
            fix="give one of its fields pk=True",
        ),
        Mistake(
            "A typo in an option of Meta",
            raises="FieldError",
            alias="",
            call=(
                "class Basket(models.Model):\n"
                "    code = models.CharField(pk=True)\n\n"
                "    class Meta:\n"
                '        stoer = "sessions"'
            ),
            wrong="The Meta of shop.Basket has no option 'stoer'",
            fix="did you mean 'store'?",
        ),
        Mistake(
            "A field of Django's own models",
            raises="FieldError",
            alias="",
            call=(
                "from django.db import models as db\n\n\n"
                "class Basket(models.Model):\n"
                "    code = models.CharField(pk=True)\n"
                "    email = db.EmailField()"
            ),
            wrong="'email' of shop.Basket is a django.db.models.fields.EmailField",
            fix="Use django_kvstore.models.CharField(validators=[validate_email])",
        ),
        Mistake(
            "An annotation without a field",
            raises="FieldError",
            alias="",
            call=(
                "class Basket(models.Model):\n"
                "    code: models.Field[str] = models.CharField(pk=True)\n"
                '    email: str = ""'
            ),
            wrong="'email' of shop.Basket has an annotation and no field",
            fix="Write email: models.Field[str] = models.CharField()",
        ),
        Mistake(
            "One field in two places",
            raises="FieldError",
            alias="",
            call=(
                "class Basket(models.Model):\n"
                "    code = models.CharField(pk=True)\n"
                '    email = phone = models.CharField(default="")'
            ),
            wrong="The field 'phone' of shop.Basket is also 'email' of shop.Basket",
            fix="Make a field for each",
        ),
        Mistake(
            "A field with a name that models use",
            raises="FieldError",
            alias="",
            call=(
                "class Basket(models.Model):\n"
                "    code = models.CharField(pk=True)\n"
                "    count = models.IntegerField(default=0)"
            ),
            wrong="shop.Basket cannot have a field 'count'",
            fix="Choose another",
        ),
    ),
)

OBJECTS = Chapter(
    "Objects of models",
    "`Basket` has two fields: `code`, its primary key, and `items`.",
    (
        Mistake(
            "A model of a store that the settings do not have",
            raises="ImproperlyConfigured",
            settings='KEY_VALUE_STORES = {"sessions": "db://sessions"}',
            alias="sesions",
            call=_BASKET + '\n    class Meta:\n        store = "sesions"\n\n\nBasket.get("b1")',
            wrong="The model shop.Basket",
            fix="Did you mean 'sessions'?",
        ),
        Mistake(
            "A field that the model does not have",
            raises="TypeError",
            alias="",
            scene=_BASKET,
            call='Basket(code="b1", itmes=[])',
            wrong="Basket has no field 'itmes'",
            fix="only code, items",
        ),
        Mistake(
            "An empty primary key",
            raises="ValidationError",
            settings=_DB,
            alias="",
            scene=_BASKET,
            call="Basket(items=[1]).save()",
            wrong="code",
            fix="cannot be",
        ),
        Mistake(
            "A primary key that is no plain text or number",
            raises="ValidationError",
            settings=_DB,
            alias="",
            scene=_BASKET,
            call="Basket.get(4.5)",
            wrong="not float",
            fix="A primary key is a str, int, date or UUID",
        ),
        Mistake(
            "Creating what there is",
            raises="Conflict",
            settings=_DB,
            alias="default",
            scene=_BASKET + 'Basket(code="b1").save()',
            call='Basket.create(code="b1")',
            wrong="there is one with this primary key already",
            fix="Read it again, apply your change and save",
        ),
        Mistake(
            "Saving what somebody else has changed",
            raises="Conflict",
            settings=_DB,
            alias="default",
            scene=(
                _BASKET + 'Basket(code="b1").save()\n'
                'basket = Basket.get("b1")\n'
                'Basket(code="b1", items=["hunter2"]).save()'
            ),
            call="basket.save(if_unchanged=True)",
            wrong="somebody else has saved or deleted it since it was read",
            fix="Read it again, apply your change and save",
        ),
        Mistake(
            "Something else under a model's key",
            raises="CorruptValue",
            settings=_DB,
            alias="default",
            scene=_BASKET + 'kvstore.set("__KV_STORE_::shop.Basket:b1", "hunter2")',
            call='Basket.get("b1")',
            wrong="the str stored under '__KV_STORE_::shop.Basket:b1' is not an object",
            fix="delete the entry",
        ),
    ),
)
