"""What runs on GitHub are the scripts that everybody types, on the pairs that the matrix has."""

from __future__ import annotations

import itertools
import re
import tomllib

import pytest

from .page import ROOT
from .test_commands import scripts

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
CI = (GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8")
HATCH = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]


def test_every_script_of_a_workflow_exists() -> None:
    told = [
        re.sub(r"\$\{\{.*?\}\}", "…", command).split()
        for path in [*WORKFLOWS, ROOT / ".readthedocs.yaml"]
        for command in re.findall(r"\bhatch run (.+)$", path.read_text(encoding="utf-8"), re.M)
    ]
    assert {"lint", "types", "github:check", "docs:build", "wheels:test"} <= {
        words[0] for words in told
    }
    for words in told:
        assert next(word for word in words if word[0] != "+") in scripts(), words


@pytest.mark.parametrize("step", ["lint", "types", "github:check", "docs:build", "wheels:test"])
def test_what_ci_runs_is_what_is_run_before_a_change_lands(step: str) -> None:
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert f"hatch run {step}\n" in run
    assert f"hatch run {step}\n" in CI


def test_ci_has_every_pair_of_the_matrix() -> None:
    pairs = {
        (python, django)
        for part in HATCH["matrix"]["matrix"]
        for python, django in itertools.product(part["cpython"], part["django"])
    }
    assert listed("python", "django") == pairs


def listed(*axes: str) -> set[tuple[str, ...]]:
    """Return the combinations of ci.yml: those of its lists, without those it excludes."""
    values = []
    for axis in axes:
        (found,) = re.findall(rf"^ +{axis}: \[(.+)\]$", CI, re.M)
        values.append([value.strip('" ') for value in found.split(",")])
    excluded = {
        tuple(re.findall(rf'{axis}: "([\d.]+)"', line)[0] for axis in axes)
        for line in re.findall(r"^ +- (\{ python: .+\})$", CI, re.M)
    }
    return set(itertools.product(*values)) - excluded


def test_every_form_is_checked() -> None:
    check = " ".join(HATCH["github"]["scripts"]["check"])
    for path in (GITHUB / "ISSUE_TEMPLATE").iterdir():
        assert f".github/ISSUE_TEMPLATE/{path.name}" in check
    assert len(WORKFLOWS) >= 2
    assert ".github/workflows/*.yml" in check


def test_actions_of_others_are_pinned_to_a_commit() -> None:
    used = [
        line
        for path in [*WORKFLOWS, *GITHUB.glob("actions/*/action.yml")]
        for line in re.findall(r"uses: (.+)$", path.read_text(encoding="utf-8"), re.M)
    ]
    assert len(used) > 10
    for line in used:
        assert re.fullmatch(r"\./\.github/[\w/]+|[\w.-]+/[\w./-]+@[0-9a-f]{40} # v[\d.]+", line), (
            line
        )
