"""The floor of SimpleDB: boto3 making the very calls that the store makes."""

from __future__ import annotations

import base64
import secrets
from typing import Any

import boto3.session
from botocore.config import Config
from botocore.exceptions import ClientError
from ormsgpack import packb, unpackb

from servers.simpledb import SimpleDB

from ..contestant import KeyValue, Role
from .store import Store

KEY, SECRET = "AKIAEXAMPLE", "a/secret+of=benchmarks"
_BATCH = 25
_NAMES = 20


class Boto3Client(KeyValue):
    """A value is Base64 in one attribute, and beside it a version and an expiry."""

    name = "boto3"
    role: Role = "floor"
    distribution = "boto3"
    note = "with ormsgpack, in the attributes that the store writes"

    def __init__(self, server: SimpleDB) -> None:
        self._server = server

    def open(self) -> None:
        client = self._client = boto3.session.Session(
            aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1"
        ).client(
            "sdb",
            endpoint_url=self._server.url,
            config=Config(max_pool_connections=16, parameter_validation=False),
        )
        client.create_domain(DomainName="bare")
        self._get, self._put = client.get_attributes, client.put_attributes

    def close(self) -> None:
        self._client.close()

    def requests(self) -> int:
        return sum(self._server.requests().values())

    def clear(self) -> None:
        self._client.delete_domain(DomainName="bare")
        self._client.create_domain(DomainName="bare")

    def get(self, key: str) -> Any:
        answer = self._get(DomainName="bare", ItemName=key, ConsistentRead=True)
        return _read(answer.get("Attributes", ()))

    def set(self, key: str, value: Any) -> None:
        self._put(DomainName="bare", ItemName=key, Attributes=_attributes(value))

    def add(self, key: str, value: Any) -> bool:
        return self._conditionally(key, value, {"Name": "v", "Exists": False})

    def incr(self, key: str) -> int:
        while True:
            answer = self._get(DomainName="bare", ItemName=key, ConsistentRead=True)
            found = answer.get("Attributes", ())
            if not found:
                total = 1
                expected: dict[str, Any] = {"Name": "v", "Exists": False}
            else:
                total = _read(found) + 1
                version = next(pair["Value"] for pair in found if pair["Name"] == "v")
                expected = {"Name": "v", "Value": version, "Exists": True}
            if self._conditionally(key, total, expected):
                return total

    def _conditionally(self, key: str, value: Any, expected: dict[str, Any]) -> bool:
        try:
            self._put(
                DomainName="bare", ItemName=key, Attributes=_attributes(value), Expected=expected
            )
        except ClientError:
            return False
        return True

    def delete(self, key: str) -> bool:
        expected = {"Name": "f", "Value": "1", "Exists": True}
        try:
            self._client.delete_attributes(DomainName="bare", ItemName=key, Expected=expected)
        except ClientError:
            return False
        return True

    def get_many(self, keys: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for at in range(0, len(keys), _NAMES):
            names = ", ".join(f"'{key}'" for key in keys[at : at + _NAMES])
            token: dict[str, str] = {}
            while True:
                answer = self._client.select(
                    SelectExpression=f"select * from `bare` where itemName() in ({names})",
                    ConsistentRead=True,
                    **token,
                )
                for item in answer.get("Items", ()):
                    found[item["Name"]] = _read(item["Attributes"])
                if "NextToken" not in answer:
                    break
                token = {"NextToken": answer["NextToken"]}
        return found

    def set_many(self, values: dict[str, Any]) -> None:
        items = [{"Name": key, "Attributes": _attributes(value)} for key, value in values.items()]
        for at in range(0, len(items), _BATCH):
            self._client.batch_put_attributes(DomainName="bare", Items=items[at : at + _BATCH])

    def delete_many(self, keys: list[str]) -> None:
        items = [{"Name": key} for key in keys]
        for at in range(0, len(items), _BATCH):
            self._client.batch_delete_attributes(DomainName="bare", Items=items[at : at + _BATCH])


class CountedStore(Store):
    """Our store, on a server that counts requests."""

    def __init__(self, server: SimpleDB) -> None:
        super().__init__()
        self._server = server

    def requests(self) -> int:
        return sum(self._server.requests().values())


def _attributes(value: Any) -> list[dict[str, Any]]:
    text = base64.urlsafe_b64encode(packb(value)).rstrip(b"=").decode()
    token = secrets.token_urlsafe(12)
    pairs = (("f", "1"), ("v", f"001{token}"), ("x", "never"), ("d", f"000{token[:8]}{text}"))
    return [{"Name": name, "Value": text, "Replace": True} for name, text in pairs]


def _read(attributes: Any) -> Any:
    for pair in attributes:
        if pair["Name"] == "d":
            text = pair["Value"][11:]
            return unpackb(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return None
