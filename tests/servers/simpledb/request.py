"""A request of the query protocol: its form fields as nested parameters, and its signature.

``Request("POST", "127.0.0.1:8080", "/", body).group("Attribute")``
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, quote

from .error import ServiceError, invalid, missing

VERSION = "2009-04-15"


class Request:
    """One request's parameters. Those of lists are counted: ``Attribute.1.Name``."""

    def __init__(self, method: str, host: str, path: str, body: bytes) -> None:
        self.method = method
        self.host = host
        self.path = path
        fields: list[tuple[str, str]] = []
        try:
            # An empty body is an error to some versions of parse_qsl and none to others.
            if body:
                fields = parse_qsl(
                    body.decode("ascii"),
                    keep_blank_values=True,
                    strict_parsing=True,
                    errors="strict",
                )
        except UnicodeDecodeError:
            raise ServiceError("InvalidParameterValue", "The request is not valid UTF-8.") from None
        except ValueError:
            raise ServiceError(
                "InvalidHttpRequest", "The request has no form in its body."
            ) from None
        self.fields: Mapping[str, str] = dict(fields)
        if len(self.fields) != len(fields):
            raise ServiceError(
                "InvalidParameterCombination", "A parameter is given more than once."
            )

    def get(self, name: str) -> str | None:
        return self.fields.get(name)

    def need(self, name: str) -> str:
        value = self.fields.get(name)
        if value is None:
            raise missing(name)
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        return flag(self.fields, name, default)

    def group(self, name: str) -> list[Mapping[str, str]]:
        """The members of a list in their order, each with what follows its number."""
        return group(self.fields, name)

    def expected(self) -> Mapping[str, str] | None:
        """The one condition of a put or a delete; the guide counts it, botocore does not."""
        counted = self.group("Expected")
        plain = dict(_below(self.fields, "Expected."))
        if len(counted) > 1:
            raise ServiceError("MultipleExpectedNames", "Only one Expected.Name can be given.")
        if counted:
            return counted[0]
        return plain or None

    def check_signature(self, credentials: Mapping[str, str]) -> None:
        """Signature version 2 (Developer Guide, "HMAC-SHA Signature"), the one botocore makes."""
        key, signature = self.get("AWSAccessKeyId"), self.get("Signature")
        if not key or not signature:
            raise ServiceError("AuthMissingFailure")
        if (self.get("SignatureVersion"), self.get("SignatureMethod")) != ("2", "HmacSHA256"):
            raise ServiceError(
                "InvalidParameterValue", "The signature is not of version 2, HmacSHA256."
            )
        self.need("Timestamp")
        if self.need("Version") != VERSION:
            raise ServiceError("NoSuchVersion", f"This service speaks version {VERSION} only.")
        if not credentials:
            return
        if key not in credentials:
            raise ServiceError("InvalidClientTokenId")
        signed = "&".join(
            f"{quote(name, safe='')}={quote(value, safe='')}"
            for name, value in sorted(self.fields.items())
            if name != "Signature"
        )
        text = f"{self.method}\n{self.host.lower()}\n{self.path}\n{signed}"
        digest = hmac.new(credentials[key].encode(), text.encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(base64.b64encode(digest), signature.encode()):
            raise ServiceError("SignatureDoesNotMatch")


def flag(fields: Mapping[str, str], name: str, default: bool = False) -> bool:
    value = fields.get(name)
    if value is None:
        return default
    if value not in ("true", "false"):
        raise invalid(name, value, "It is either true or false.")
    return value == "true"


def group(fields: Mapping[str, str], name: str) -> list[Mapping[str, str]]:
    members: dict[int, dict[str, str]] = {}
    for rest, value in _below(fields, f"{name}."):
        number, _, inner = rest.partition(".")
        if number.isdecimal():
            members.setdefault(int(number), {})[inner] = value
    return [members[number] for number in sorted(members)]


def _below(fields: Mapping[str, str], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if name.startswith(prefix):
            yield name[len(prefix) :], value
