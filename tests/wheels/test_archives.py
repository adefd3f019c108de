"""What is inside the archives: the package, its licence and its typing marker; no test, no page."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from wheels.distribution import CORE, DISTRIBUTIONS, ROOT, SCAFFOLD, Distribution

pytestmark = [pytest.mark.wheels, pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)]

VERSION = CORE.installed.version


def wheel_of(distribution: Distribution, archives: list[Path]) -> zipfile.ZipFile:
    (path,) = (p for p in archives if p.name.startswith(f"{stem(distribution)}-py3-none-any"))
    return zipfile.ZipFile(path)


def stem(distribution: Distribution) -> str:
    return f"{distribution.stem}-{VERSION}"


def test_a_wheel_holds_the_package_and_its_metadata_alone(
    distribution: Distribution, archives: list[Path]
) -> None:
    with wheel_of(distribution, archives) as wheel:
        tops = {PurePosixPath(name).parts[0] for name in wheel.namelist()}
    assert tops == {distribution.module, f"{stem(distribution)}.dist-info"}


def test_a_wheel_holds_every_file_of_the_package(
    distribution: Distribution, archives: list[Path]
) -> None:
    source = distribution.path / "src"
    files = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {f"{distribution.module}/__init__.py", f"{distribution.module}/py.typed"} <= files
    with wheel_of(distribution, archives) as wheel:
        assert {name for name in wheel.namelist() if ".dist-info/" not in name} == files


def test_no_test_and_no_page_is_in_a_wheel(
    distribution: Distribution, archives: list[Path]
) -> None:
    with wheel_of(distribution, archives) as wheel:
        paths = [PurePosixPath(name) for name in wheel.namelist()]
    # What the scaffold makes has tests and a page: they are its data.
    template = PurePosixPath(SCAFFOLD.module, "template")
    paths = [path for path in paths if not path.is_relative_to(template)]
    strays = [
        path
        for path in paths
        if {"tests", "docs"} & set(path.parts)
        or path.name.startswith(("test_", "conftest"))
        or path.suffix in {".md", ".rst"}
    ]
    assert strays == []


def test_the_licence_is_in_both_archives(distribution: Distribution, archives: list[Path]) -> None:
    licence = (ROOT / "LICENSE").read_bytes()
    with wheel_of(distribution, archives) as wheel:
        assert wheel.read(f"{stem(distribution)}.dist-info/licenses/LICENSE") == licence
    (path,) = (p for p in archives if p.name == f"{stem(distribution)}.tar.gz")
    with tarfile.open(path) as sdist:
        member = sdist.extractfile(f"{stem(distribution)}/LICENSE")
        assert member is not None
        assert member.read() == licence


def test_an_index_would_take_both_archives(
    distribution: Distribution, archives: list[Path]
) -> None:
    paths = [str(path) for path in archives if path.name.startswith(stem(distribution))]
    assert len(paths) == 2
    command = [sys.executable, "-m", "twine", "check", "--strict", *paths]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
