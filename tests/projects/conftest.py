"""An empty project for each test: ``def test_it(project): project.write(...).manage("check")``."""

from __future__ import annotations

from pathlib import Path

import pytest

from .project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project without any files."""
    return Project(tmp_path)
