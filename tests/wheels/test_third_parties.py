"""Distributions of others, built and installed for real, beside the built core."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from third_parties.third_party import EXAMPLES, ThirdParty
from wheels.distribution import CORE, SCAFFOLD
from wheels.environment import Environment

pytestmark = [pytest.mark.wheels, pytest.mark.usefixtures("archives")]

VERSION = CORE.installed.version

#: A project with these settings, which has nothing of the third party but its wheel and its URL.
SETTINGS = """
INSTALLED_APPS = ["django_kvstore"]
SECRET_KEY = "of no use to anybody"
KEY_VALUE_STORES = {stores}
"""
STORED = """
import sys
sys.path.insert(0, sys.argv[1])
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from django_kvstore import kvstore
kvstore.set("greeting", ("hello", None), ttl=600)
print(kvstore.incr("hits"), kvstore.get("greeting"), sorted(kvstore.keys()), repr(kvstore.ping()))
"""


#: Which schema each of its files is held to.
SCHEMAS = {
    "vendor.github-workflows": "workflows/tests.yml",
    "custom.github-workflows-require-timeout": "workflows/tests.yml",
    "vendor.dependabot": "dependabot.yml",
}


def build(folder: Path) -> Path:
    """Build the distribution in a folder as its authors would; return the wheel."""
    command = [sys.executable, "-m", "build", "--no-isolation", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    command = ["twine", "check", "--strict", *map(str, folder.glob("dist/*"))]
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    (wheel,) = folder.glob("dist/*.whl")
    return wheel


def project(folder: Path, stores: dict[str, object]) -> Path:
    """Write a project of nothing but settings; return its folder."""
    folder.mkdir()
    (folder / "settings.py").write_text(SETTINGS.format(stores=stores))
    return folder


def use(environment: Environment, place: Path) -> None:
    """Use the project's store, from two processes one after the other."""
    manage = ["--settings", "settings", "--pythonpath", str(place)]
    for command, *rest in (["check"], ["kvstore", "provision"], ["kvstore", "check"]):
        environment.run_module("django", command, *manage, *rest, folder=place)
    for hits in (1, 2):
        said = environment.run(STORED, str(place))
        assert said.startswith(f"{hits} ('hello', None) ['greeting', 'hits'] "), said


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> ThirdParty:
    """A distribution made by the installed scaffold, and filled with the example's engine."""
    place = tmp_path_factory.mktemp("scaffold")
    workshop = Environment(place / "workshop")
    workshop.install(f"{CORE.name}=={VERSION}", f"{SCAFFOLD.name}=={VERSION}")
    workshop.run_script("django-kvstore-scaffold", "shelf", folder=place)
    made = ThirdParty(place / "django-kvstore-shelf")
    engine = EXAMPLES / "folder/src/django_kvstore_folder/backend.py"
    text = engine.read_text(encoding="utf-8")
    text = text.replace("FolderBackend", "ShelfBackend").replace('"folder"', '"shelf"')
    (made.folder / "src/django_kvstore_shelf/backend.py").write_text(text, encoding="utf-8")
    return made


def test_what_the_scaffold_makes_is_filled_built_installed_and_used(
    shelf: ThirdParty, tmp_path: Path
) -> None:
    environment = Environment(tmp_path / "environment")
    environment.install(f"{CORE.name}=={VERSION}", str(build(shelf.folder)))
    environment.check()
    assert {"copier", SCAFFOLD.name} & environment.installed() == set()
    use(environment, project(tmp_path / "shop", {"default": f"shelf://{tmp_path}/entries"}))


def test_what_it_makes_passes_what_its_workflow_runs(shelf: ThirdParty, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "environment")
    environment.install(f"{CORE.name}[testing]=={VERSION}", f"{build(shelf.folder)}[dev]")
    place = shutil.copytree(shelf.folder, tmp_path / "checkout")
    (place / "tests/test_contract.py").unlink()
    folder = EXAMPLES / "folder/tests/test_contract.py"
    text = folder.read_text(encoding="utf-8").replace("folder://", "shelf://")
    (place / "tests/test_contract.py").write_text(text, encoding="utf-8")
    # The whole contract runs on the example in every run of the tests; these find the plugin again
    # in other processes, and outlive its outage.
    some = "declared or ping or outage or cursor or fork"
    said = environment.run_module("pytest", "-q", "-k", some, folder=place)
    assert re.search(r"^\d\d passed, \d+ deselected", said, re.MULTILINE), said
    environment.run_module("mypy", folder=place)
    environment.run_module("ruff", "check", "src", folder=place)
    environment.run_module("ruff", "format", "--check", "src", folder=place)


def test_what_github_reads_of_it_is_right_and_safe(shelf: ThirdParty, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "environment")
    environment.install("check-jsonschema>=0.33", "zizmor>=1.12")
    for schema, name in SCHEMAS.items():
        path = str(shelf.folder / ".github" / name)
        command = ["--builtin-schema", schema, path]
        environment.run_script("check-jsonschema", *command, folder=shelf.folder)
    audit = ["--offline", "--no-progress", "--quiet", "--pedantic", ".github"]
    environment.run_script("zizmor", *audit, folder=shelf.folder)


def test_the_examples_are_built_installed_and_used(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "environment")
    wheels = [
        build(ThirdParty.copy_of(EXAMPLES / name, tmp_path).folder) for name in ("folder", "signed")
    ]
    environment.install(f"{CORE.name}=={VERSION}", *map(str, wheels))
    environment.check()
    store = {"URL": f"folder://{tmp_path}/entries", "SERIALIZER": "signed"}
    use(environment, project(tmp_path / "shop", {"default": store}))
    records = [path.read_bytes() for path in (tmp_path / "entries").glob("*/*")]
    # A record begins with this mark; its third byte is the code of the serializer.
    assert len(records) == 2
    assert {record.partition(b"\xd7")[2][1] for record in records} == {200}
