"""``sdb://`` beside boto3 making the same calls, on the tests' stand-in for the service."""

from __future__ import annotations

from urllib.parse import urlencode

from servers.simpledb import SimpleDB

from ..contestant import Contestant
from ..contestants.boto3_client import KEY, SECRET, Boto3Client, CountedStore
from ..stage import Stage
from . import Group


def contestants(stage: Stage) -> list[Contestant]:
    ours, floor = stage.server(SimpleDB()), stage.server(SimpleDB())
    stage.note("The server is the tests' stand-in for Amazon's, which is in Python.")
    given = {
        "region": "us-east-1",
        "aws_access_key": KEY,
        "aws_secret_access_key": SECRET,
        "endpoint_url": ours.url,
    }
    stage.configure(KEY_VALUE_STORES={"default": f"sdb://bench.domain?{urlencode(given)}"})
    return [CountedStore(ours), Boto3Client(floor)]


GROUP = Group("sdb", contestants, bulk=False)
