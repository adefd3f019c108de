"""The contract run over every option and kind of backend, and the contract's checks tested."""

from __future__ import annotations
