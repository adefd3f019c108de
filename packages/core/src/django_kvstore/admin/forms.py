"""The forms of the pages: a value as typed JSON, its time to live, a key."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from django_kvstore.errors import InvalidKey
from django_kvstore.store import Store
from django_kvstore.typed_json import from_json

FOR_EVER, KEEP, SECONDS = "for_ever", "keep", "seconds"


class ValueForm(forms.Form):
    """A value to write. `seen` stands for the record that the user is looking at."""

    value = forms.CharField(
        label=_("Value"),
        strip=False,
        widget=AdminTextareaWidget(attrs={"rows": 16, "spellcheck": "false", "dir": "auto"}),
        help_text=_('JSON; other types as in {"$tuple": [1, 2]} or {"$date": "2026-01-31"}.'),
    )
    expiry = forms.ChoiceField(
        label=_("Expiry"),
        choices=[(KEEP, _("as it is")), (FOR_EVER, _("none")), (SECONDS, _("in seconds:"))],
        initial=KEEP,
    )
    seconds = forms.FloatField(
        label=_("Seconds to live"), required=False, min_value=0.001, max_value=3.15e9
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean_value(self) -> Any:
        """Return the value that the JSON stands for."""
        try:
            return from_json(json.loads(self.cleaned_data["value"]))
        except (ValueError, RecursionError) as error:
            raise ValidationError(_("This is no typed JSON: %s") % error) from error

    def clean(self) -> dict[str, Any]:
        """An expiry in seconds says how many."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("expiry") == SECONDS and cleaned.get("seconds") is None:
            self.add_error("seconds", _("Say how many seconds."))
        return cleaned


class AddForm(ValueForm):
    """A new entry, with its key."""

    key = forms.CharField(label=_("Key"), strip=False, widget=AdminTextInputWidget)
    field_order = ["key", "value", "expiry", "seconds"]

    def __init__(self, store: Store, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._store = store
        self.fields["expiry"].choices = [(FOR_EVER, _("none")), (SECONDS, _("in seconds:"))]  # type: ignore[attr-defined]
        self.fields["expiry"].initial = FOR_EVER

    def clean_key(self) -> str:
        """The key is one that the store takes."""
        key: str = self.cleaned_data["key"]
        try:
            self._store.coder.cell(key)
        except InvalidKey as error:
            raise ValidationError(error.reason) from error
        return key
