"""Side by side with the bare drivers and the peers: how much a store costs, and what it saves.

``hatch run bench``, ``hatch run bench locmem sqlite --quick``

A *group* is one engine with its *contestants*: our store, the bare driver that is the floor, and
the peers. Contestants take turns, round by round, in one process, so that whatever else the machine
does meets all of them alike.
"""

from __future__ import annotations
