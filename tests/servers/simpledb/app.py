"""The HTTP front of the SimpleDB stand-in: signed forms in, XML out, and a way in for tests.

``Front(("127.0.0.1", 8080), Account()).serve_forever()``
"""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .account import Account
from .action import ACTIONS, BATCHES
from .answer import answer, refusal
from .error import ServiceError
from .limits import MEGABYTE
from .request import Request

CONTROL = "/_control"

NO_ANSWER = "NoAnswer"
"""Among the codes of ordered failures: close the connection and answer nothing."""


class Front(ThreadingHTTPServer):
    """A thread a connection. The connections are kept open, as Amazon's own are."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], account: Account) -> None:
        self.account = account
        super().__init__(address, Handler)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Headers and body leave in one packet.
    wbufsize = -1
    server: Front

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path == CONTROL:
            try:
                told = self.server.account.control(json.loads(body))
            except TypeError as error:
                self._send(400, json.dumps(str(error)), "application/json")
            else:
                self._send(200, json.dumps(told), "application/json")
            return
        try:
            status, text = 200, str(self._act(body))
        except ServiceError as error:
            if error.code == NO_ANSWER:
                self.close_connection = True
                return
            with self.server.account.lock:
                self.server.account.count("errors", error.code)
            status, text = error.status, str(refusal(error))
        self._send(status, text, "text/xml")

    def do_GET(self) -> None:
        error = ServiceError("UnsupportedHttpVerb", "This server takes POST, which clients send.")
        self._send(error.status, str(refusal(error)), "text/xml")

    def _act(self, body: bytes) -> str:
        account = self.server.account
        if account.knobs.delay:
            time.sleep(account.knobs.delay)
        request = Request("POST", self.headers.get("Host", ""), self.path, body)
        operation = request.get("Action")
        if operation is None:
            raise ServiceError("MissingAction", "No action was given.")
        if operation not in ACTIONS:
            raise ServiceError("InvalidAction", f"The action {operation} is not valid here.")
        with account.lock:
            account.count("requests", operation)
            failure = account.failure(operation)
            if failure and not failure.applied:
                raise ServiceError(failure.code)
            request.check_signature(account.knobs.credentials)
            if operation in BATCHES and len(body) > MEGABYTE:
                raise ServiceError("RequestEntityTooLarge")
            result = answer(operation, ACTIONS[operation](account, request))
            if failure:
                raise ServiceError(failure.code)
        return result

    def _send(self, status: int, text: str, kind: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, template: str, *args: object) -> None:
        """Only errors are worth a line of the server's log."""

    def log_error(self, template: str, *args: object) -> None:
        super().log_message(template, *args)
