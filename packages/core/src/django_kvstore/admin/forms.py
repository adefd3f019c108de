"""The forms of the pages: a value as typed JSON, its time to live, a key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django import forms
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext_lazy as _

from django_kvstore.errors import InvalidKey
from django_kvstore.models.stored import clean_stored, models_at
from django_kvstore.options import DEFAULT_TTL, MISSING
from django_kvstore.typed_input import read_value

from .inspection import Inspection
from .scopes import Scope
from .spelling import read_spelled

DEFAULT, KEEP, FOR_EVER, SECONDS = "default", "keep", "for_ever", "seconds"
#: A hundred years, as the stores have it.
MAX_SECONDS: Final = 100 * 366 * 86400

ESCAPES: Final = _(r"Read \n, \t, \\ and \u0000 as escapes")


class ExpiryForm(forms.Form):
    """An expiry to set. `seen` stands for the record that the user is looking at."""

    expiry = forms.ChoiceField(label=_("Expiry"))
    seconds = forms.FloatField(
        label=_("Seconds to live"), required=False, min_value=0.001, max_value=MAX_SECONDS
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    fieldsets: list[tuple[None, dict[str, Any]]] = [(None, {"fields": [("expiry", "seconds")]})]
    #: What can be chosen.
    choices: tuple[str, ...] = (KEEP, FOR_EVER, SECONDS)
    #: The ttl that is not chosen: the store's, or that of the object's model.
    _default_ttl: Any = DEFAULT_TTL

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = {
            KEEP: _("as it is"),
            DEFAULT: _("the one in the settings"),
            FOR_EVER: _("none"),
            SECONDS: _("in seconds:"),
        }
        field: Any = self.fields["expiry"]
        field.choices = [(choice, labels[choice]) for choice in self.choices]

    def clean(self) -> dict[str, Any]:
        """An expiry in seconds says how many, and no other expiry drops seconds that were typed."""
        cleaned = super().clean() or self.cleaned_data
        # What was not a number has its own error, and is not in `cleaned`.
        if "expiry" in cleaned and "seconds" in cleaned:
            in_seconds, typed = cleaned["expiry"] == SECONDS, cleaned["seconds"] is not None
            if in_seconds and not typed:
                self.add_error("seconds", _("Say how many seconds."))
            if typed and not in_seconds:
                told = _("Choose “in seconds:” as the expiry, or leave this empty.")
                self.add_error("seconds", told)
        return cleaned

    @property
    def value(self) -> Any:
        """The value to write; MISSING where it is to stay."""
        return self.cleaned_data.get("value", MISSING)

    def ttl(self) -> Any:
        """Return the seconds chosen, None for ever, or DEFAULT_TTL."""
        chosen = self.cleaned_data["expiry"]
        if chosen == SECONDS:
            return self.cleaned_data["seconds"]
        return None if chosen == FOR_EVER else self._default_ttl

    def expires(self, scope: Scope, entry: Inspection | None) -> float | None:
        """Return the time, in seconds since 1970, at which the entry is to expire."""
        if self.cleaned_data["expiry"] == KEEP and entry is not None:
            return entry.expires_at
        return scope.store.coder.expires(self.ttl())

    def again(self, seen: str) -> None:
        """Show what was typed once more, to be saved over another record."""
        posted: Any = self.data
        self.data = data = posted.copy()
        data["seen"] = seen

    @property
    def layout(self) -> AdminForm:
        """The form as the admin's own templates take it, whichever Django's they are."""
        form: Any = self  # any form will do, though Django's types say a model's
        return AdminForm(form, self.fieldsets, {})


class ValueForm(ExpiryForm):
    """A value to write, and its expiry."""

    value = forms.CharField(
        label=_("Value"),
        strip=False,
        widget=AdminTextareaWidget(
            attrs={"spellcheck": "false", "autocomplete": "off", "dir": "ltr"}
        ),
        help_text=_(
            'JSON, so text needs double quotes; other types as in {"$tuple": [1, 2]} or '
            '{"$date": "2026-01-31"}.'
        ),
    )

    fieldsets = [(None, {"fields": ["value", ("expiry", "seconds")]})]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lines = str(self["value"].value() or "").count("\n") + 2
        self.fields["value"].widget.attrs["rows"] = min(max(lines, 8), 30)

    def clean_value(self) -> Any:
        """Return the value that the JSON stands for."""
        try:
            return read_value(self.cleaned_data["value"])
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def clean_object(self, alias: str, key: str) -> bool:
        """Make the value what the model of that key stores; say whether the model accepts it.

        The model's errors are added to the form. The value of any other key stays as it is.
        """
        refused: ValidationError | None = None
        for model in models_at(alias, key):
            try:
                self.cleaned_data["value"] = clean_stored(model, key, self.value)
            except ValidationError as error:
                refused = refused or error
            else:
                self._default_ttl = model._meta.ttl
                return True
        if refused is not None:
            self.add_error("value", list(_told(refused)))
        return refused is None


class AddForm(ValueForm):
    """A new entry, with its key."""

    key = forms.CharField(
        label=_("Key"), strip=False, widget=AdminTextInputWidget(attrs={"dir": "auto"})
    )
    escapes = forms.BooleanField(label=ESCAPES, required=False)

    fieldsets = [(None, {"fields": ["key", "escapes", "value", ("expiry", "seconds")]})]
    choices = (DEFAULT, FOR_EVER, SECONDS)

    def __init__(self, scope: Scope, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._scope = scope
        if scope.prefix:
            self.fields["key"].help_text = _("After “%s”.") % scope.prefix

    def clean(self) -> dict[str, Any]:
        """The key is one that the store takes."""
        cleaned = super().clean()
        if "key" in cleaned:
            try:
                typed = cleaned["key"]
                key = self._scope.key(read_spelled(typed) if cleaned["escapes"] else typed)
                self._scope.store.coder.cell(key)
                cleaned["key"] = key
            except InvalidKey as error:
                self.add_error("key", error.reason)
            except ValueError as error:
                self.add_error("key", str(error))
        return cleaned


def _told(error: ValidationError) -> Iterator[str]:
    """Yield what a model says about an object, with the name of the field that it is about."""
    if not hasattr(error, "error_dict"):
        yield from error.messages
        return
    for name, messages in error.message_dict.items():
        for message in messages:
            yield message if name == NON_FIELD_ERRORS else f"{name}: {message}"
