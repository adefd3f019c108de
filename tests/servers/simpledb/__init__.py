"""A strict stand-in for Amazon SimpleDB, a server that speaks API 2009-04-15, with its tests.

``with SimpleDB() as server: boto3.client("sdb", endpoint_url=server.url, ...)``
"""

from __future__ import annotations

from .server import SimpleDB

__all__ = ["SimpleDB"]
