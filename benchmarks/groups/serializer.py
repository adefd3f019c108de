"""The default serializer beside the fastest safe ones at hand, and beside what Python has."""

from __future__ import annotations

from ..contestant import Contestant
from ..contestants.codecs import codecs
from ..operations import CODING
from ..stage import Stage
from . import Group


def contestants(stage: Stage) -> list[Contestant]:
    stage.configure()
    return [*codecs()]


TITLE = "the serializer, on a dict of 200 bytes"
GROUP = Group(TITLE, contestants, operations=CODING, crowd=False, bulk=False)
