"""Fields of one type each, with the validation, choices and null and blank rules of Django's own.

``price = models.DecimalField(validators=[MinValueValidator(0)], null=True)``

Each leaves `Field.clean` to the field of the same name in `django.db.models`, which never meets a
database here; so messages, translations and corner cases are Django's.
"""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypedDict, TypeVar, overload

from django.core.exceptions import FieldError, ValidationError
from django.db import models as db
from django.db.models.fields import NOT_PROVIDED
from django.utils.translation import gettext_lazy as _

from .fields import KEY_TYPES, Field

if TYPE_CHECKING:
    from json import JSONDecoder, JSONEncoder
    from typing import TypeAlias, Unpack

    from django.utils.functional import Promise

T = TypeVar("T")

if TYPE_CHECKING:
    Default: TypeAlias = T | Callable[[], T]

    class _Options(TypedDict, total=False):
        """What every typed field accepts."""

        pk: bool
        blank: bool
        choices: Any
        validators: Iterable[Callable[[Any], None]]
        error_messages: dict[str, str | Promise]
        help_text: str | Promise
        verbose_name: str | Promise

    class _Sized(_Options, total=False):
        max_length: int | None

    class _Exact(_Options, total=False):
        max_digits: int | None
        decimal_places: int | None

    class _JSON(_Options, total=False):
        encoder: type[JSONEncoder] | None
        decoder: type[JSONDecoder] | None


#: What may be said besides, each where Django's field of that name takes it. To take its other
#: options and do nothing would be a promise not kept.
_OPTIONS: Final = frozenset(
    {"decimal_places", "max_digits", "max_length", "decoder", "encoder"}
    | {"error_messages", "help_text", "verbose_name"}
)
_BOUNDS: Final = ("max_length", "max_digits", "decimal_places")
_NOTHING: Final = "what Django does with it has no meaning in a key-value store"
_INSTEAD: Final = {
    "primary_key": "write pk=True",
    "auto_now": "set the field in the model's clean()",
    "auto_now_add": "give it a default, such as django.utils.timezone.now",
}


class TypedField(Field[T]):
    """What the typed fields share: the Django field that they ask."""

    accepts_keys_of_1_0 = False
    django_field: ClassVar[type[db.Field[Any, Any]]]
    python_type: ClassVar[type]

    def __init__(
        self,
        *unnamed: Any,
        default: Any = NOT_PROVIDED,
        pk: bool = False,
        null: bool = False,
        blank: bool | None = None,
        choices: Any = None,
        validators: Iterable[Callable[[Any], None]] = (),
        **options: Any,
    ) -> None:
        name = type(self).__name__
        if unnamed:
            # Django's fields begin with the verbose_name: it would become the default here.
            raise TypeError(
                f"{name} accepts its options by name only. Write default={unnamed[0]!r} or "
                f"verbose_name={unnamed[0]!r}."
            )
        refused = sorted(options.keys() - _OPTIONS)
        if refused:
            raise TypeError(
                f"{name} has no option '{refused[0]}': {_INSTEAD.get(refused[0], _NOTHING)}."
            )
        if pk and self.python_type not in KEY_TYPES:
            raise FieldError(f"{name} cannot be a primary key, which is a str, int, date or UUID.")
        # As in Django, a text without a default begins empty and everything else as None.
        empty: Any = "" if self.python_type is str and not null and not pk else None
        super().__init__(empty if default is NOT_PROVIDED else default, pk)
        self._field = self.django_field(
            null=null,
            # Unlike Django's, an object here is always validated: what may be null may be empty.
            blank=null if blank is None else blank,
            choices=choices,
            validators=_checked_validators(name, validators),
            editable=True,  # Django validates no field that is not
            **options,
        )
        self._check_options(name)

    def _check_options(self, name: str) -> None:
        """Raise ``TypeError`` for an option with which validating would fail or do nothing."""
        field: Any = self._field
        for option in ("null", "blank"):
            if type(getattr(field, option)) is not bool:
                raise TypeError(f"The option {option} of {name} must be True or False.")
        if self.pk and field.null:
            raise FieldError(f"{name} cannot be a primary key with null=True. Remove one of them.")
        bounds = {option: getattr(field, option, None) for option in _BOUNDS}
        for option, bound in bounds.items():
            lowest = 0 if option == "decimal_places" else 1
            if bound is not None and (type(bound) is not int or bound < lowest):
                raise TypeError(f"The option {option} of {name} must be an int from {lowest} up.")
        digits, places = bounds["max_digits"], bounds["decimal_places"]
        if digits is not None and places is not None and places > digits:
            raise TypeError(f"The option decimal_places of {name} is more than its max_digits.")
        if field.choices is None or callable(field.choices):
            return
        try:
            fits = not any(isinstance(item, str) for item in field.choices) and field.flatchoices
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise TypeError(
                f"The option choices of {name} must be pairs of a value and its label, as in "
                '[("s", "small"), ("l", "large")].'
            )

    def __set_name__(self, owner: type, name: str) -> None:
        super().__set_name__(owner, name)
        self._field.set_attributes_from_name(name)

    def decode(self, value: Any) -> Any:
        if value is None or type(value) is self.python_type:
            return value
        return self._field.to_python(value)

    def to_pk(self, value: Any) -> Any:
        if type(value) is self.python_type:
            return value
        try:
            return self._field.to_python(value)
        except (ValidationError, TypeError, ValueError):
            return value  # it stands for none, so there is no object of that key

    def clean(self, value: Any) -> Any:
        field = self._field
        if not (field.blank and value in field.empty_values):
            try:
                found = field.to_python(value)
                fits = found is None or isinstance(found, self.python_type)
            except (TypeError, ValueError, OverflowError):  # of which Django lets some through
                fits = False
            if not fits:
                told = field.error_messages.get("invalid", _("Enter a valid value."))
                raise ValidationError(told, code="invalid", params={"value": value})
            # The second argument is a model's object in Django; no field here looks at it.
            field.validate(found, None)
            field.run_validators(found)
            value = found
        if type(value) is not str and issubclass(type(value), str):
            value = str.__str__(value)  # Django's TextChoices and SafeString are more than a text
        return super().clean(value)


def _checked_validators(name: str, validators: Any) -> tuple[Callable[[Any], None], ...]:
    if not isinstance(validators, Iterable) or not all(map(callable, validators := [*validators])):
        raise TypeError(
            f"The option validators of {name} must be a list of callables, as in "
            "[MinValueValidator(0)]."
        )
    return tuple(validators)


if TYPE_CHECKING:
    _IntegerBase = db.IntegerField[Any, Any]
    _BinaryBase = db.BinaryField[Any, Any]
else:
    _IntegerBase, _BinaryBase = db.IntegerField, db.BinaryField


class _Integer(_IntegerBase):
    @property
    def validators(self) -> list[Callable[[Any], None]]:
        # Django adds the range of the default database's integers, which bounds nothing here.
        own: Iterable[Callable[[Any], None]] = self._validators  # type: ignore[attr-defined]
        return [*self.default_validators, *own]


class _Binary(_BinaryBase):
    def to_python(self, value: Any) -> Any:
        found = super().to_python(value)
        return bytes(found) if isinstance(found, (bytearray, memoryview)) else found


class CharField(TypedField[T]):
    """Text; `max_length` in characters, none by default."""

    django_field = db.CharField
    python_type = str

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: CharField[str],
            *,
            default: Default[str] = ...,
            null: Literal[False] = ...,
            **options: Unpack[_Sized],
        ) -> None: ...
        @overload
        def __init__(
            self: CharField[str | None],
            *,
            default: Default[str | None] = ...,
            null: bool,
            **options: Unpack[_Sized],
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...


class IntegerField(TypedField[T]):
    """A whole number of any size."""

    django_field = _Integer
    python_type = int

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: IntegerField[int],
            *,
            default: Default[int] = ...,
            null: Literal[False] = ...,
            **options: Unpack[_Options],
        ) -> None: ...
        @overload
        def __init__(
            self: IntegerField[int | None],
            *,
            default: Default[int | None] = ...,
            null: bool,
            **options: Unpack[_Options],
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...


class FloatField(TypedField[T]):
    """A floating-point number."""

    django_field = db.FloatField
    python_type = float

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: FloatField[float],
            *,
            default: Default[float] = ...,
            null: Literal[False] = ...,
            **options: Unpack[_Options],
        ) -> None: ...
        @overload
        def __init__(
            self: FloatField[float | None],
            *,
            default: Default[float | None] = ...,
            null: bool,
            **options: Unpack[_Options],
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...


class BooleanField(TypedField[T]):
    """True or False."""

    django_field = db.BooleanField
    python_type = bool

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: BooleanField[bool],
            *,
            default: Default[bool] = ...,
            null: Literal[False] = ...,
            **options: Unpack[_Options],
        ) -> None: ...
        @overload
        def __init__(
            self: BooleanField[bool | None],
            *,
            default: Default[bool | None] = ...,
            null: bool,
            **options: Unpack[_Options],
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...


class DecimalField(TypedField[T]):
    """An exact decimal number; `max_digits` and `decimal_places` bound it when given."""

    django_field = db.DecimalField
    python_type = decimal.Decimal

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: DecimalField[decimal.Decimal],
            *,
            default: Default[decimal.Decimal] = ...,
            null: Literal[False] = ...,
            **options: Unpack[_Exact],
        ) -> None: ...
        @overload
        def __init__(
            self: DecimalField[decimal.Decimal | None],
            *,
            default: Default[decimal.Decimal | None] = ...,
            null: bool,
            **options: Unpack[_Exact],
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...


class DateField(TypedField[T]):
    """A date."""

    django_field = db.DateField
    python_type = dt.date

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: DateField[dt.date],
            *,
            default: Default[dt.date] = ...,
            null: Literal[False] = ...,
            **options: Unpack[_Options],
        ) -> None: ...
        @overload
        def __init__(
            self: DateField[dt.date | None],
            *,
            default: Default[dt.date | None] = ...,
            null: bool,
            **options: Unpack[_Options],
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...


class DateTimeField(TypedField[T]):
    """A date and time, aware or naive as it was given."""

    django_field = db.DateTimeField
    python_type = dt.datetime

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: DateTimeField[dt.datetime],
            *,
            default: Default[dt.datetime] = ...,
            null: Literal[False] = ...,
            **options: Unpack[_Options],
        ) -> None: ...
        @overload
        def __init__(
            self: DateTimeField[dt.datetime | None],
            *,
            default: Default[dt.datetime | None] = ...,
            null: bool,
            **options: Unpack[_Options],
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...


class UUIDField(TypedField[T]):
    """A UUID; ``UUIDField(pk=True, default=uuid.uuid4)`` makes keys by itself."""

    django_field = db.UUIDField
    python_type = uuid.UUID

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: UUIDField[uuid.UUID],
            *,
            default: Default[uuid.UUID] = ...,
            null: Literal[False] = ...,
            **options: Unpack[_Options],
        ) -> None: ...
        @overload
        def __init__(
            self: UUIDField[uuid.UUID | None],
            *,
            default: Default[uuid.UUID | None] = ...,
            null: bool,
            **options: Unpack[_Options],
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...


class JSONField(TypedField[Any]):
    """Whatever JSON can hold."""

    django_field = db.JSONField
    python_type = object

    if TYPE_CHECKING:

        def __init__(
            self, *, default: Any = ..., null: bool = ..., **options: Unpack[_JSON]
        ) -> None: ...


class BinaryField(TypedField[T]):
    """Bytes; `max_length` in bytes, none by default."""

    django_field = _Binary
    python_type = bytes

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: BinaryField[bytes],
            *,
            default: Default[bytes] = ...,
            null: Literal[False] = ...,
            **options: Unpack[_Sized],
        ) -> None: ...
        @overload
        def __init__(
            self: BinaryField[bytes | None],
            *,
            default: Default[bytes | None] = ...,
            null: bool,
            **options: Unpack[_Sized],
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...
