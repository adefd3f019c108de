"""What the demo keeps in its store.

``Character.get("SNOWMAN").character`` is ``"☃"``.
"""

from __future__ import annotations

import datetime as dt

from django_kvstore import models


class Character(models.Model):
    """A Unicode character under its name."""

    name: models.Field[str] = models.CharField(pk=True)
    character: models.Field[str] = models.CharField(max_length=1)
    codepoint: models.Field[int] = models.IntegerField()
    category: models.Field[str] = models.CharField(max_length=2)

    class Meta:
        key = "unicode.Character"

    def __repr__(self) -> str:
        return f"<Character {self.character} U+{self.codepoint:04X}>"


class Run(models.Model):
    """What an earlier run has stored, under the version of Unicode that it took it from."""

    unicode: models.Field[str] = models.CharField(pk=True)
    characters: models.Field[int] = models.IntegerField()
    finished: models.Field[dt.datetime] = models.DateTimeField()

    class Meta:
        key = "unicode.Run"


class Note(models.Model):
    """Something that two people edit at once."""

    title: models.Field[str] = models.CharField(pk=True)
    text: models.Field[str] = models.CharField()

    class Meta:
        key = "demo.Note"
