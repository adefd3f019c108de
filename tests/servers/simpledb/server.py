"""The class `SimpleDB` starts the stand-in, and gives it orders beside the protocol.

``with SimpleDB() as server: boto3.client("sdb", endpoint_url=server.url, ...)``
"""

from __future__ import annotations

import http.client
import json
import sys
from pathlib import Path
from typing import Any

from servers.failure import ServerError
from servers.server import Server

from .app import CONTROL, NO_ANSWER


class SimpleDB(Server):
    """One stand-in. What it stores survives ``kill`` and ``restart``; its knobs do not.

    A strict server: reads that do not ask for consistency are stale, answers come in no order,
    and every limit of the service's guide is enforced. Its knobs and counts are one for all its
    clients: tests that share one keep to a domain of their own and leave the knobs alone.
    """

    name = "SimpleDB stand-in"

    @property
    def url(self) -> str:
        """The endpoint_url for boto3."""
        return f"http://{self.address}"

    def available(self) -> str | None:
        return None

    def command(self) -> list[str]:
        port = str(self.port)
        return [sys.executable, "-m", "servers.simpledb", "--port", port, "--journal", "journal"]

    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(Path(__file__).parents[2])}

    def ready(self) -> bool:
        try:
            self.control()
        except (OSError, http.client.HTTPException):
            return False
        return True

    def control(self, **orders: Any) -> dict[str, Any]:
        """Send orders beside the protocol, and get the counts and knobs."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        try:
            connection.request("POST", CONTROL, json.dumps(orders))
            answer = connection.getresponse()
            told = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise ServerError.showing(self.log, f"{self.name} refused {orders}: {told.decode()}")
        result: dict[str, Any] = json.loads(told)
        return result

    def reset(self) -> None:
        """Drop every domain, turn every knob back and forget what was counted."""
        self.control(reset=True)

    def set(self, **knobs: Any) -> None:
        """Turn knobs: ``server.set(lag=False, page_items=3)``; see ``limits.Knobs``."""
        self.control(knobs=knobs)

    def settle(self) -> None:
        """Let the replica that lags behind catch up with all that was written."""
        self.control(settle=True)

    def fail_next(
        self,
        count: int = 1,
        code: str = "ServiceUnavailable",
        *,
        operation: str = "",
        applied: bool = False,
    ) -> None:
        """Answer the next requests with an error; ``applied`` does first what they asked."""
        failure = {"remaining": count, "code": code, "operation": operation, "applied": applied}
        self.control(fail=[failure])

    def drop_next(self, count: int = 1, *, operation: str = "", applied: bool = False) -> None:
        """Close the connection instead of answering the next requests."""
        self.fail_next(count, NO_ANSWER, operation=operation, applied=applied)

    def clear_failures(self) -> None:
        """Forget the failures that were ordered and have not happened."""
        self.control(clear_failures=True)

    def requests(self) -> dict[str, int]:
        """How many requests there were of each operation, refused ones included."""
        return self._counts("requests")

    def errors(self) -> dict[str, int]:
        """How often each error was answered."""
        return self._counts("errors")

    def unconditional(self) -> dict[str, int]:
        """How many writes of each operation came without a condition."""
        return self._counts("unconditional")

    def inconsistent(self) -> dict[str, int]:
        """How many reads of each operation did not ask for consistency."""
        return self._counts("inconsistent")

    def forget_counts(self) -> None:
        self.control(forget_counts=True)

    def _counts(self, kind: str) -> dict[str, int]:
        counts: dict[str, int] = self.control()["counts"][kind]
        return counts
