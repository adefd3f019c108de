"""How much is done in one run: all of it, or as much as two minutes take.

``FULL.keys`` is 10,000, ``QUICK.keys`` a tenth of that.
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
    #: Entries in the bulk load and the full walk, and the seconds after which one turn is enough.
    bulk: int
    patience: float
    #: The two numbers of keys that the cost of a key is compared at.
    few: int
    many: int
    #: Keys in the walk, dump and copy whose memory is measured.
    walked: int


FULL = Scale("full", 10_000, 15, 0.02, 100_000, 10.0, 10_000, 1_000_000, 1_000_000)
QUICK = Scale("quick", 1_000, 15, 0.0005, 2_000, 0.1, 1_000, 20_000, 20_000)
SCALES = {scale.name: scale for scale in (FULL, QUICK)}
