"""Django's own engine for MariaDB on PyMySQL, for processes that the tests start, too.

``DATABASES = {"default": {"ENGINE": "pymysql_engine", ...}}``
"""

from __future__ import annotations
