"""A real boto3 client for the SimpleDB stand-in, that neither retries nor waits for ever.

``connect(server).put_attributes(DomainName="shop", ...)``
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from .server import SimpleDB

ACCESS_KEY = "AKIAEXAMPLE"
SECRET_KEY = "a/secret+of=tests"


def connect(server: SimpleDB, *, key: str = ACCESS_KEY, secret: str = SECRET_KEY) -> Any:
    """One client. It sends what botocore's own validation would refuse, for the server to judge."""
    return boto3.client(
        "sdb",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(
            connect_timeout=5,
            read_timeout=30,
            max_pool_connections=40,
            parameter_validation=False,
            retries={"total_max_attempts": 1, "mode": "standard"},
        ),
    )


class Refused:
    """What ``refused`` caught: the code and the status of the answer."""

    def __init__(self) -> None:
        self.code = ""
        self.status = 0
        self.message = ""


@contextmanager
def refused(code: str, status: int) -> Iterator[Refused]:
    """The block must end in this error, with this HTTP status."""
    caught = Refused()
    try:
        yield caught
    except ClientError as error:
        answer: Any = error.response
        caught.code = answer["Error"]["Code"]
        caught.message = answer["Error"]["Message"]
        caught.status = answer["ResponseMetadata"]["HTTPStatusCode"]
    assert (caught.code, caught.status) == (code, status), caught.message


def put(
    client: Any,
    item: str,
    attributes: Mapping[str, str | set[str]] | None = None,
    *,
    domain: str = "shop",
    replace: bool = True,
    **more: str | set[str],
) -> None:
    """Put attributes given as ``year="1959"`` or ``year={"1959", "1960"}``, or as a mapping."""
    pairs = [
        {"Name": name, "Value": value, "Replace": replace}
        for name, given in {**(attributes or {}), **more}.items()
        for value in ([given] if isinstance(given, str) else given)
    ]
    client.put_attributes(DomainName=domain, ItemName=item, Attributes=pairs)


def get(client: Any, item: str, *, domain: str = "shop", consistent: bool = True) -> dict[str, Any]:
    """An item: a string for an attribute of one value, a set of them for one of more."""
    answer = client.get_attributes(DomainName=domain, ItemName=item, ConsistentRead=consistent)
    return values(answer.get("Attributes", []))


def values(attributes: list[dict[str, str]]) -> dict[str, Any]:
    found: dict[str, set[str]] = {}
    for attribute in attributes:
        of_name = found.setdefault(attribute["Name"], set())
        assert attribute["Value"] not in of_name, "a multi-valued attribute is a set"
        of_name.add(attribute["Value"])
    return {name: held if len(held) > 1 else held.pop() for name, held in found.items()}


def names(client: Any, expression: str, **options: Any) -> list[str]:
    """The item names of one page of a consistent Select."""
    answer = client.select(SelectExpression=expression, ConsistentRead=True, **options)
    return [item["Name"] for item in answer.get("Items", [])]
