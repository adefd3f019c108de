"""The checks themselves: how many, each with its paragraph, and run by a stranger as documented."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from django_kvstore.plugins import load_backend
from django_kvstore_testing import Contract
from django_kvstore_testing.clauses import CLAUSE, checks_of

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "contract.md").read_text()
GUIDE = (ROOT / "docs" / "writing-a-backend.md").read_text()
ANCHORS = re.findall(r"^\(([a-z-]+)\)=$", PAGE, re.MULTILINE)


def test_there_are_enough_named_checks() -> None:
    assert len(checks_of(Contract)) >= 280


def test_no_group_hides_a_check_of_another() -> None:
    names: Counter[str] = Counter()
    for group in Contract.__mro__:
        names.update(name for name in vars(group) if name.startswith("test_"))
    assert [name for name, number in names.items() if number > 1] == []


def test_every_check_names_its_clause_and_says_what_is_expected() -> None:
    for name, check in checks_of(Contract).items():
        assert getattr(check, CLAUSE, None) in ANCHORS, name
        assert (check.__doc__ or "").strip().endswith("."), name


def test_every_clause_is_checked() -> None:
    checked = {getattr(check, CLAUSE) for check in checks_of(Contract).values()}
    assert set(ANCHORS) == checked


def test_a_first_party_engine_takes_what_the_contract_says() -> None:
    for scheme in ("db", "gae", "locmem", "memcached", "sdb", "tyrant"):
        backend = load_backend(scheme)
        assert backend.max_key_bytes >= 1025, scheme
        assert backend.max_value_bytes >= 2**20, scheme


def test_every_clause_is_stated_once_and_by_its_name() -> None:
    assert len(ANCHORS) == len(set(ANCHORS))
    for anchor in ANCHORS:
        assert f"\n({anchor})=\n**{anchor}** — " in PAGE


# As a third party runs it: in a folder without settings, in a process of its own.

DOCUMENTED = """
from django_kvstore_testing import Contract


class TestContract(Contract):
    url = "locmem://stranger"
"""


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTEST_") and name != "DJANGO_SETTINGS_MODULE"
    }
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_documented_file_is_all_there_is_to_write(tmp_path: Path) -> None:
    assert DOCUMENTED.strip().partition("\n")[0] in PAGE
    (tmp_path / "test_engine.py").write_text(DOCUMENTED)
    run = run_pytest(tmp_path, "-W", "error", "-q")
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"^[34]\d\d passed, 3 skipped in", run.stdout, re.MULTILINE)
    shown = run_pytest(tmp_path, "-q", "-rs", "-k", "left_out").stdout
    for missing in ("networked is False", "stop_server() and start", "refuse() and allow()"):
        assert missing in shown, "what did not run is said"


def test_a_fixture_may_give_the_url(tmp_path: Path) -> None:
    (tmp_path / "test_engine.py").write_text(
        """
import pytest
from django_kvstore_testing import Contract

@pytest.fixture(scope="session")
def server():
    return "locmem://a%20server"

class TestContract(Contract):
    @pytest.fixture
    def store_url(self, server):
        return server
"""
    )
    run = run_pytest(tmp_path, "-q", "-k", "ping or test_a_miss")
    assert run.returncode == 0, run.stdout + run.stderr


STOPPED = """
class TestServed(TestContract):
    def stop_server(self):
        stopped.append(self)

    def start_server(self):
        stopped.pop()
"""


def test_a_class_that_can_stop_the_server_has_the_checks_of_an_outage(tmp_path: Path) -> None:
    (tmp_path / "test_engine.py").write_text(f"stopped = []\n{DOCUMENTED}\n{STOPPED}")
    run = run_pytest(tmp_path, "-q", "--collect-only", "-k", "outage or durable")
    names = re.findall(r"::(Test\w+)::(test_\w+)", run.stdout)
    of_each = {kind: {name for each, name in names if each == kind} for kind, _ in names}
    left_out = {"test_reading_in_an_outage_is_no_miss", "test_durable_is_as_declared"}
    assert left_out <= of_each["TestServed"], run.stdout
    assert not left_out & of_each.get("TestContract", set())


def test_one_group_alone_leaves_out_what_it_has_no_server_for(tmp_path: Path) -> None:
    text = DOCUMENTED.replace("testing import Contract", "testing.failure import Failure")
    text = text.replace("(Contract)", "(Failure)")
    (tmp_path / "test_engine.py").write_text(text)
    run = run_pytest(tmp_path, "-q")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "passed" in run.stdout


def test_a_contract_without_a_url_says_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "test_engine.py").write_text(DOCUMENTED.partition("    url")[0] + "    pass\n")
    run = run_pytest(tmp_path, "-q", "-k", "test_ping_answers_in_seconds")
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert "TestContract needs the attribute url or a fixture store_url" in run.stdout


def test_a_store_that_others_cannot_open_says_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "test_engine.py").write_text(
        DOCUMENTED
        + """
    def make_store(self, url):
        store = super().make_store(url)
        type(store.backend).shared = True
        return store
"""
    )
    run = run_pytest(tmp_path, "-q", "-k", "test_shared_is_as_declared or test_no_increment")
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    # Once for each check, beside what the summary at the end repeats or cuts off.
    said = r"^E .*TestContract has its own make_store, and so needs child_store"
    assert len(re.findall(said, run.stdout, re.MULTILINE)) == 2


def test_a_failure_points_to_its_paragraph(tmp_path: Path) -> None:
    (tmp_path / "test_engine.py").write_text(
        DOCUMENTED
        + """
    def make_store(self, url):
        store = super().make_store(url)
        store.backend.delete = lambda key: False
        return store
"""
    )
    run = run_pytest(tmp_path, "-k", "test_delete_says_whether_there_was_an_entry")
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert "clause:   missing-delete\n" in run.stdout
    assert 'done:     assert store.delete("key") is True\n' in run.stdout
    assert "expected: delete() answers True once, then False.\n" in run.stdout
    assert "came:     assert False is True\n" in run.stdout
    assert "docs/contract.md#missing-delete (https://" in run.stdout
    (shown,) = re.findall(r"```text\n(clause: .*?)```", GUIDE, re.DOTALL)
    assert shown in run.stdout
    assert "assert False is True" in run.stdout, "pytest explains the assertion"


@pytest.mark.parametrize(
    "broken",
    [
        "lambda prefix, cursor, limit: Page([], None)",
        "lambda prefix, cursor, limit: Page([], 'again')",
        "lambda prefix, cursor, limit: None",
    ],
)
def test_the_first_failure_of_a_wrong_scan_is_that_of_scan(tmp_path: Path, broken: str) -> None:
    (tmp_path / "test_engine.py").write_text(
        DOCUMENTED.replace("from", "from django_kvstore import Page\nfrom", 1)
        + f"""
    def make_store(self, url):
        store = super().make_store(url)
        store.backend.scan = {broken}
        return store
"""
    )
    run = run_pytest(tmp_path, "-x", "-q", "-k", "test_1 or test_2 or test_5 or test_8")
    failed = re.findall(r"^(?:FAILED|ERROR) \S+::(\w+)", run.stdout, re.MULTILINE)
    assert failed == ["test_8_scan_lists_the_cells_of_a_prefix"], run.stdout


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_the_plugin_imports_next_to_nothing() -> None:
    modules = modules_after("import django_kvstore_testing.pytest_plugin")
    assert not modules & {"hypothesis", "django.db", "django.apps", "django_kvstore_locmem"}
    ours = {name for name in modules if name.startswith("django_kvstore_testing.")}
    assert ours == {"django_kvstore_testing.pytest_plugin"}


def test_the_mixin_needs_no_pytest() -> None:
    modules = modules_after("from django_kvstore.test import IsolatedStoresMixin")
    assert not modules & {"pytest", "_pytest", "hypothesis", "django_kvstore_testing"}


def test_an_exemption_of_no_check_is_refused() -> None:
    with pytest.raises(TypeError, match="there is no check 'test_of_old'"):
        type("Exempted", (Contract,), {"exemptions": {"test_of_old": "it was impossible"}})


def test_a_declared_exemption_is_skipped_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "test_engine.py").write_text(
        f"{DOCUMENTED}\n    exemptions = {{'test_ping_answers_in_seconds': 'it cannot tell'}}\n"
    )
    run = run_pytest(tmp_path, "-q", "-rs", "-k", "test_ping_answers or test_a_miss")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "declared exemption: it cannot tell" in run.stdout
