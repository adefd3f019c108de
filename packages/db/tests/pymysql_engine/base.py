"""What Django looks for in the module ``base`` of an engine.

``from pymysql_engine.base import DatabaseWrapper``
"""

from __future__ import annotations

import pymysql

# Before Django's engine is imported, which takes MySQLdb from wherever it is.
pymysql.install_as_MySQLdb()

from django.db.backends.mysql.base import DatabaseWrapper  # noqa: E402

__all__ = ["DatabaseWrapper"]
