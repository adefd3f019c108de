"""The host and port in a store's URL, and the URL with others in their place.

``rewrite("redis://:secret@db:6379/0", "127.0.0.1", 20001)`` is ``redis://:secret@127.0.0.1:20001/0``.
"""

from __future__ import annotations

import re

#: A host and a port, also percent-encoded, as in a parameter that holds a URL.
_ADDRESS = re.compile(
    r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9.\-]*)(:|%3A)([0-9]{1,5})(?![0-9@])"
)


def _find(url: str) -> re.Match[str]:
    # Not the password of ``scheme://user:123@host:456``.
    authority = url.partition("://")[2].partition("/")[0].partition("?")[0]
    start = url.index("://") + 3 + len(authority.rpartition("@")[0])
    found = _ADDRESS.search(url, start)
    assert found is not None, (
        "the URL has no host:port, which the proxy must replace: write the port too, or override "
        "`through` and `server_address`"
    )
    return found


def address_in(url: str) -> tuple[str, int]:
    """Return the first host and port in the URL."""
    found = _find(url)
    return found[1].strip("[]"), int(found[3])


def rewrite(url: str, host: str, port: int) -> str:
    """Return the URL with another host and port in place of the first ones."""
    found = _find(url)
    return f"{url[: found.start()]}{host}{found[2]}{port}{url[found.end() :]}"
