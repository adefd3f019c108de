"""Every group, played once on a small scale: each contestant proves that it does the work.

``hatch run bench:test``; elsewhere the peers are not installed, and this is skipped.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.groups import NAMES
from benchmarks.operations import TITLES
from benchmarks.play import CANNOT
from benchmarks.result import GroupResult
from benchmarks.targets import targets_of

pytest.importorskip("aiocache", reason="the peers are in the environment 'bench' alone")

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", NAMES)
def test_a_group_can_be_played(name: str, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.play", name, "--scale", "smoke", "--into", str(path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == CANNOT:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stderr
    result = GroupResult.read(path)
    assert set(result.samples) <= set(TITLES)
    assert len(result.of_role("ours")) == 1
    names = [each.name for each in result.entrants]
    assert len(set(names)) == len(names)
    for target in targets_of(name):
        assert set(target.against) <= set(names), target
    unmeasured = [target for target in targets_of(name) if target.found(result) is None]
    # Those of single calls are measured however slow they are.
    assert all(target.operation.startswith("first_") for target in unmeasured)
