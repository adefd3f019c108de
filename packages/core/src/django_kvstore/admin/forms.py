"""The forms of the pages: a value as typed JSON, its time to live, a key."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from django_kvstore.errors import InvalidKey
from django_kvstore.options import DEFAULT_TTL, MISSING
from django_kvstore.typed_json import from_json

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
        """An expiry in seconds says how many."""
        cleaned = super().clean() or self.cleaned_data
        # What was no number has its own error, and is not in `cleaned`.
        if cleaned.get("expiry") == SECONDS and cleaned.get("seconds", 0) is None:
            self.add_error("seconds", _("Say how many seconds."))
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
        return None if chosen == FOR_EVER else DEFAULT_TTL

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
        help_text=_('JSON; other types as in {"$tuple": [1, 2]} or {"$date": "2026-01-31"}.'),
    )

    fieldsets = [(None, {"fields": ["value", ("expiry", "seconds")]})]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lines = str(self["value"].value() or "").count("\n") + 2
        self.fields["value"].widget.attrs["rows"] = min(max(lines, 8), 30)

    def clean_value(self) -> Any:
        """Return the value that the JSON stands for."""
        try:
            data = json.loads(
                self.cleaned_data["value"],
                object_pairs_hook=_object,
                parse_constant=_no_constant,
            )
            return from_json(data)
        except (ValueError, RecursionError) as error:
            raise ValidationError(_("This is no typed JSON: %s") % str(error)[:300]) from error


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


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(_("the name “%s” stands there twice") % name)
        found[name] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(_('%s is no JSON; write {"$float": "nan"}, or "inf"') % name)
