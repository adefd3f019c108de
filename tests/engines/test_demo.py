"""The demo on the engines that are not at hand for everybody."""

from __future__ import annotations

from pathlib import Path

import pytest
from demo.runner import Demo

from .conftest import URLOf


@pytest.mark.parametrize("kind", ["memcached", "tyrant", "sdb", "gae"])
def test_the_demo_runs_on_any_url(kind: str, url_of: URLOf, tmp_path: Path) -> None:
    done = Demo(tmp_path).run("demo", "--url", url_of(kind), "--limit", "300")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All is as it should be" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr
