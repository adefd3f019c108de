"""How much more memory it takes to walk, dump and copy very many keys than to sit idle."""

from __future__ import annotations

from pathlib import Path

from .. import copying
from ..result import Entrant
from ..rounds import Samples
from ..scale import Scale
from ..stage import Stage
from . import Measurement

OURS = "django-kvstore"


def measure(stage: Stage, scale: Scale) -> tuple[list[Entrant], Samples]:
    folder: Path = stage.folder
    copying.run(folder, "fill", str(scale.walked))
    idle = float(copying.run(folder, "idle")[0])
    samples: Samples = {}
    for what in ("walk", "dump", "copy"):
        samples[f"memory_{what}"] = {OURS: [float(copying.run(folder, what)[0]) - idle]}
    stage.note(
        f"{scale.walked:,} keys in SQLite, each task in a process of its own. Idle is a process "
        f"that has opened the stores and imported what a copy needs: {idle:.0f} MiB."
    )
    return [Entrant(OURS, "ours")], samples


GROUP = Measurement("Memory above idle, at its peak", measure)
