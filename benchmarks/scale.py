"""How much is done in one run: all of it, or as much as two minutes take.

``FULL.keys`` is 10,000, ``QUICK.keys`` a twentieth.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """The sizes of a run."""

    name: str
    #: Entries in each store while single calls are measured.
    keys: int
    #: How often each contestant has its turn at each operation.
    rounds: int
    #: About how many seconds one turn takes; a call that takes longer is made once.
    turn: float
    #: Entries in the bulk load and the full walk, the seconds after which there are no more turns,
    #: and the seconds over which there is none.
    bulk: int
    patience: float
    limit: float
    #: The two numbers of keys that the cost of a key is compared at.
    few: int
    many: int
    #: How many fresh interpreters each import is measured in.
    interpreters: int
    #: Keys in the walk, dump and copy whose memory is measured.
    walked: int


FULL = Scale("full", 10_000, 15, 0.02, 100_000, 15.0, 20.0, 10_000, 1_000_000, 11, 1_000_000)
QUICK = Scale("quick", 500, 9, 0.001, 1_000, 0.1, 0.5, 500, 10_000, 2, 10_000)
#: Everything once or twice, to see that it works; its numbers mean nothing.
SMOKE = Scale("smoke", 120, 2, 0.0001, 300, 0.01, 5.0, 100, 600, 1, 2_000)
SCALES = {scale.name: scale for scale in (FULL, QUICK, SMOKE)}
