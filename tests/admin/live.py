"""The project on a port of 127.0.0.1, as ``runserver`` would serve it, static files too.

``with serving() as address: browser.get(f"{address}/admin/")``
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test.testcases import LiveServerThread


@contextmanager
def serving() -> Iterator[str]:
    """Serve in a thread of this process, so that both see the same stores."""
    thread = LiveServerThread("127.0.0.1", StaticFilesHandler, connections_override={})
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    try:
        yield f"http://127.0.0.1:{thread.port}"
    finally:
        thread.terminate()
