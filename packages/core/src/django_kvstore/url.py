"""Reading a store's URL: ``scheme://user:password@host:port;host:port/path?name=value``.

``StoreURL.parse("memcached://10.0.0.1:11211;10.0.0.2:11211?timeout=2")``

Every part but the scheme is percent-decoded after the URL was taken apart, so a password may hold
``@``, ``/`` or ``?`` when it is written ``%40``, ``%2F``, ``%3F``. There are no fragments: ``#``
is a character like any other. ``repr`` and ``str`` never show a secret; `StoreURL.text` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlencode

#: A scheme as RFC 3986 section 3.1 has it, or a dotted Python path to an old-style module.
_SCHEME = re.compile(r"[A-Za-z_][A-Za-z0-9_.+\-]*", re.ASCII)

#: Parameters whose name holds one of these are taken for secrets whatever the backend declares.
_SECRET_WORDS = ("password", "passwd", "secret", "token", "key", "credential")

REDACTED = "***"

#: An IPv6 address, with or without its brackets.
_ADDRESS = re.compile(r"\[?[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*\]?(?::[0-9]*)?", re.ASCII)

#: The credentials of a URL that is itself the value of a parameter.
_USERINFO = re.compile(r"(?<=://)(?:([^\s/?#@:]*):)?([^\s/?#]+)@")
_QUERY = re.compile(r"(?<=[?&;])([^\s=&;#]+)=([^\s&;#]+)")


@dataclass(frozen=True)
class StoreURL:
    """A store's URL taken apart; each part is already percent-decoded.

    `hosts` are the texts between ``;`` of the authority, ports included (a backend that has hosts
    reads one with `host_and_port`), `location` is what they say joined again, `path` has no
    leading ``/``. `params` holds every parameter once, in the URL's order. `hidden` are the names
    of parameters that are never shown, besides those whose names say that they are secrets.
    """

    scheme: str
    hosts: tuple[str, ...] = ()
    path: str = ""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    params: dict[str, str] = field(default_factory=dict, repr=False)
    hidden: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @classmethod
    def parse(cls, text: object) -> StoreURL:
        """Take `text` apart, or raise ``ValueError`` saying what is wrong, without repeating it."""
        __traceback_hide__ = True  # see `redaction`
        if not isinstance(text, str):
            raise ValueError(f"a store's URL is a str, not {type(text).__name__}")
        scheme, mark, rest = text.partition("://")
        if not mark or not _SCHEME.fullmatch(scheme):
            raise ValueError("a store's URL begins with a scheme and '://', as in 'db://kvstore'")
        rest, _, query = rest.partition("?")
        authority, slash, path = rest.partition("/")
        userinfo, at, hosts = authority.rpartition("@")
        username, colon, password = userinfo.partition(":")
        return cls(
            scheme=scheme if "." in scheme else scheme.lower(),
            hosts=tuple(_decode(host) for host in hosts.split(";")) if hosts else (),
            path=_decode(path) if slash else "",
            username=_decode(username) if at else None,
            password=_decode(password) if colon else None,
            params=_parse_query(query),
        )

    @property
    def location(self) -> str:
        """What stands between ``://`` and ``/`` or ``?``, without credentials."""
        return ";".join(self.hosts)

    @property
    def text(self) -> str:
        """The URL in full, secrets included: for opening a store, never for showing."""
        return self._build(str(self.password), self.params)

    @property
    def suspects(self) -> list[str]:
        """What may be a password where the URL has none, for example in ``scheme://user:word``.

        It is what is where a port would be and is not a number, and what is in the path before an
        ``@``. A URL that a backend has accepted can have such parts and no secret in them.
        """
        found = [suspect for host in self.hosts for suspect in _suspects(host)]
        before, at, _ = self.path.rpartition("@")
        return [*found, before] if at and before else found

    def redacted(self, secrets: Iterable[str] = ()) -> str:
        """The URL with its password and secret parameters hidden; `secrets` names further ones."""
        hidden = {name.lower() for name in (*secrets, *self.hidden)}
        params = {
            name: REDACTED
            if name.lower() in hidden or is_secret_name(name)
            else hide_credentials(value)
            for name, value in self.params.items()
        }
        return self._build(REDACTED, params)

    def _build(self, password: str, params: dict[str, str]) -> str:
        authority = ";".join(quote(host, safe="[]:") for host in self.hosts)
        if self.username is not None:
            userinfo = quote(self.username, safe="")
            if self.password is not None:
                userinfo += ":" + (password if password == REDACTED else quote(password, safe=""))
            authority = f"{userinfo}@{authority}"
        path = f"/{quote(self.path)}" if self.path else ""
        query = f"?{urlencode(params, safe='*')}" if params else ""
        return f"{self.scheme}://{authority}{path}{query}"

    def __str__(self) -> str:
        return self.redacted()

    def __repr__(self) -> str:
        shown = self.redacted()
        for suspect in self.suspects:
            for before, form in ((":", quote(suspect, safe="[]:")), ("/", quote(suspect))):
                shown = shown.replace(before + form, before + REDACTED)
        return f"<StoreURL {shown}>"


def host_and_port(host: str, default_port: int) -> tuple[str, int]:
    """Read ``host``, ``host:port`` or ``[IPv6]:port``; raises ``ValueError`` for anything else."""
    match = re.fullmatch(r"(?:\[([^\[\]]+)\]|([^:\[\]]+))(?::([0-9]{1,5}))?", host, re.ASCII)
    if match is None:
        raise ValueError(f"{_shown_host(host)!r} is not a host, host:port or [IPv6 address]:port")
    port = int(match[3]) if match[3] else default_port
    if not 0 < port < 65536:
        raise ValueError(f"{port} is not a port: ports go from 1 to 65535")
    return match[1] or match[2], port


def _suspects(host: str) -> list[str]:
    """Return what follows the colon of a host and is neither a number nor part of an address."""
    if host.startswith("/") or _ADDRESS.fullmatch(host):
        return []
    _, _, after = host.rpartition("]") if host.startswith("[") else ("", "", host)
    _, _, after = after.partition(":")
    return [] if re.fullmatch(r"[0-9:]*", after, re.ASCII) else [after]


def _shown_host(host: str) -> str:
    for suspect in _suspects(host):
        host = host.removesuffix(suspect) + REDACTED
    return host


def is_secret_name(name: str) -> bool:
    """Return whether a parameter of that name is taken for a secret, whatever declares it."""
    return any(word in name.lower() for word in _SECRET_WORDS)


def hide_credentials(text: str) -> str:
    """Return the text with `REDACTED` for each password, and secret parameter, of a URL in it."""
    if "://" not in text:
        return text
    text = _USERINFO.sub(lambda found: f"{_user(found)}{REDACTED}@", text)
    return _QUERY.sub(
        lambda found: f"{found[1]}={REDACTED}" if is_secret_name(found[1]) else found[0], text
    )


def credentials_in(text: str) -> list[str]:
    """Return the passwords and secret parameters of the URLs in a text, decoded and as written."""
    if "://" not in text:
        return []
    found = [each[2] for each in _USERINFO.finditer(text)]
    found += [each[2] for each in _QUERY.finditer(text) if is_secret_name(each[1])]
    return [*found, *map(unquote, found)]


def _user(found: re.Match[str]) -> str:
    return "" if found[1] is None else f"{found[1]}:"


def _decode(text: str) -> str:
    __traceback_hide__ = True
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ValueError("a '%' in the URL is not followed by two hexadecimal digits; write '%25'")
    try:
        decoded = unquote(text, errors="strict")
        decoded.encode()
    except UnicodeError:
        raise ValueError("the URL does not percent-decode to UTF-8") from None
    return decoded


def _parse_query(query: str) -> dict[str, str]:
    __traceback_hide__ = True
    if not query:
        return {}
    _decode(query)
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise ValueError("the URL's parameters are not of the form name=value&name=value") from None
    params = dict(pairs)
    if len(params) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the URL gives the parameter '{twice}' more than once: keep one of them")
    return params
