"""A backend that is wrong in one way fails the check of just that clause, and is told why."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mutants.faults import BROKEN

ROOT = Path(__file__).parents[3]
Reports = dict[tuple[str, str], str]


def run_checks(report: Path) -> None:
    """Run each check of each backend, in a process of its own."""
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "packages/testing/tests/mutants/faults.py"]
    command += ["-q", "--tb=short", "-p", "no:cacheprovider"]
    # A wrong backend may leave a connection behind.
    command += ["-W", "ignore::ResourceWarning", f"--junitxml={report}"]
    run = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout + run.stderr


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """What each check of each backend said: nothing where it passed."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    report = place / "mutants.xml"
    # The checks take most of a minute, and all of xdist's workers read what one of them has run.
    with (place / "mutants.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not report.exists():
            run_checks(report)
    said: Reports = {}
    for case in ElementTree.parse(report).iter("testcase"):
        kind = case.attrib["classname"].rpartition(".")[2].removeprefix("Test")
        check = case.attrib["name"].partition("[")[0]
        texts = [part.text or "" for part in case if part.tag in ("failure", "error")]
        said[kind, check] = said.get((kind, check), "") + "".join(texts)
    return said


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_backend_fails_at_its_clause(reports: Reports, name: str) -> None:
    fault = BROKEN[name]
    said = reports[name, fault.check]
    assert f"clause:   {fault.clause}\n" in said
    assert "expected: " in said
    assert f"docs/contract.md#{fault.clause} " in said


@pytest.mark.parametrize(("name", "number"), [("Sound", 30), ("SoundShelf", 12)])
def test_a_sound_backend_passes_the_same_checks(reports: Reports, name: str, number: int) -> None:
    sound = {check: said for (kind, check), said in reports.items() if kind == name}
    assert len(sound) >= number
    assert {check: said for check, said in sound.items() if said} == {}
