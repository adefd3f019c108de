"""Tokyo Tyrant: a stand-in with its tests, which runs everywhere, and the real ttserver.

``with TyrantStandIn("btree") as server: ...`` or ``with TokyoTyrant("btree") as server: ...``
"""

from __future__ import annotations

from .server import Database, TokyoTyrant, Tyrant, TyrantStandIn

__all__ = ["Database", "TokyoTyrant", "Tyrant", "TyrantStandIn"]
