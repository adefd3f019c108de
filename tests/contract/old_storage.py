"""A backend as django-kvstore 1.0 had them: ``contract.old_storage://a%2Ffolder``."""

from __future__ import annotations

import os
import pickle
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any


class StorageClass:
    """The three methods that an old backend had, over the files of a folder."""

    def __init__(self, host: str, params: dict[str, str]) -> None:
        self.folder = Path(host)

    def _file(self, key: str) -> Path:
        return self.folder / f"{sha256(key.encode()).hexdigest()}.pickle"

    def get(self, key: str) -> Any:
        try:
            return pickle.loads(self._file(key).read_bytes())
        except FileNotFoundError:
            return None

    def set(self, key: str, value: Any) -> None:
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
            file.write(pickle.dumps(value, protocol=2))
        os.replace(file.name, self._file(key))

    def delete(self, key: str) -> None:
        self._file(key).unlink(missing_ok=True)

    def close(self) -> None:
        """The old ones had it, and it did nothing."""
