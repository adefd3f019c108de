"""Starts each real server, or its stand-in, on a free port of this machine.

``with Memcached() as server: connect(server.host, server.port)``
"""

from __future__ import annotations
