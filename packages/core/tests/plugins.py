"""Distributions made for one test: a folder with metadata and a module, put on ``sys.path``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django_kvstore import plugins, serializers


@contextmanager
def installed(folder: Path, name: str, group: str, point: str, source: str) -> Iterator[None]:
    """Install the distribution `name`, whose module `source` is the entry point `point`."""
    module = name.replace("-", "_")
    place = folder / name
    metadata = place / f"{module}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    target = module if group == plugins.GROUP else f"{module}:Plugin"
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{point} = {target}\n")
    (place / f"{module}.py").write_text(source)
    sys.path.insert(0, str(place))
    forget()
    try:
        yield
    finally:
        sys.path.remove(str(place))
        sys.modules.pop(module, None)
        forget()


def forget() -> None:
    """Let the next look find what is installed now."""
    plugins.claims.cache_clear()
    plugins.load_backend.cache_clear()
    serializers.load_serializer.cache_clear()
