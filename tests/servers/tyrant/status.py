"""What the Tokyo Tyrant stand-in tells about itself when it is asked for stat.

``status(records, began)["type"]`` is "B+ tree", or another of ttserver's own words.
"""

from __future__ import annotations

import os
import time

from .records import Records


def status(records: Records, began: float) -> dict[str, object]:
    """The names and their order are ttserver's; what only a real one has is 0."""
    now = time.time()
    return {
        "version": "1.1.41",
        "libver": 324,
        "protver": "0.91",
        "os": "stand-in",
        "time": f"{now:.6f}",
        "pid": os.getpid(),
        "sid": 0,
        "type": records.kind.title,
        "path": records.kind.name,
        "rnum": records.count(),
        "size": records.size(),
        "bigend": 0,
        "fd": 0,
        "loadavg": "0.000000",
        "memsize": 0,
        "memrss": 0,
        "ru_user": "0.000000",
        "ru_sys": "0.000000",
        "ru_real": f"{now - began:.6f}",
    }
