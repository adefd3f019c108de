"""What ttserver's -mask and -unmask forbid.

``Mask("allwrite", unmask="putkeep").forbids("put")``
"""

from __future__ import annotations

READING = "get mget vsiz iterinit iternext fwmkeys rnum size stat".split()  # noqa: SIM905
WRITING = "put putkeep putcat putshl putnr out addint adddouble vanish misc".split()  # noqa: SIM905
MANAGING = "sync optimize copy restore setmst".split()  # noqa: SIM905
GROUPS = {
    **dict.fromkeys(READING, "allread"),
    **dict.fromkeys(WRITING, "allwrite"),
    **dict.fromkeys(MANAGING, "allmanage"),
    "ext": "",
}


class Mask:
    """Names of commands, or "allread", "allwrite" (misc too), "allmanage", "allorg" and "all".

    A group is a bit of its own: to unmask one command of a masked group allows nothing.
    """

    def __init__(self, mask: str = "", *, unmask: str = "") -> None:
        self.names = expand(mask) - expand(unmask)

    def forbids(self, command: str) -> bool:
        return bool(self.names & {command, GROUPS[command], "allorg"})


def expand(expression: str) -> set[str]:
    names = set(expression.replace(",", " ").split())
    if "all" in names:
        names |= {*GROUPS, *GROUPS.values(), "allorg"} - {""}
    return names
