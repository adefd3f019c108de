"""The pytest plugin: empty stores for each test, and the clause that a failed check is about.

``def test_it(isolated_kvstores): …``, or ``kvstore_isolation = true`` in pytest's settings for all.

pytest loads this module in every run, so it imports neither Django nor another module of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from django_kvstore.stores import Stores

    from .workers import Crews

_CONTRACT: Final = "https://django-kvstore.readthedocs.io/en/latest/contract.html"

#: What pytest-django's fixtures for databases rest on, and its mark.
_DATABASES: Final = "_django_db_helper"

# pytest explains the assertions of these modules as it does those of a project's own tests. They
# are named one by one because the package itself is imported already, which pytest warns about.
pytest.register_assert_rewrite(
    *(
        f"{__package__}.{module.stem}"
        for module in Path(__file__).parent.glob("[a-z]*.py")
        if module.stem != "pytest_plugin"
    )
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the setting."""
    parser.addini(
        "kvstore_isolation",
        "Give every test empty key-value stores, as the fixture isolated_kvstores does.",
        type="bool",
        default=False,
    )


@pytest.fixture
def isolated_kvstores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Empty key-value stores, of the configured engines, for one test; cleared afterwards."""
    from django_kvstore.stores import kvstores

    # pytest-django's databases first: what is set up first is there until the stores are cleared.
    if _DATABASES in request.fixturenames:
        request.getfixturevalue(_DATABASES)
    with kvstores.isolated():
        yield kvstores


@pytest.fixture(autouse=True)
def _isolate_kvstores(request: pytest.FixtureRequest) -> None:
    if request.config.getini("kvstore_isolation"):
        request.getfixturevalue("isolated_kvstores")


@pytest.fixture(scope="session")
def kvstore_crews() -> Iterator[Crews]:
    """The worker processes of the contract's checks, started when first asked for."""
    from .workers import Crews

    crews = Crews()
    yield crews
    crews.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
    """Say which clause a failed check is about, what was done, what was expected and what came."""
    report = yield
    check = getattr(item, "function", None)
    anchor = getattr(check, "kvstore_clause", None)
    if anchor is not None and report.failed and call.excinfo is not None:
        expected = " ".join((check.__doc__ or "").split())
        text = (
            f"clause:   {anchor}\n"
            f"done:     {_done(call.excinfo)}\n"
            f"expected: {expected}\n"
            f"came:     {_came(call.excinfo)}\n"
            f"read:     docs/contract.md#{anchor} ({_CONTRACT}#{anchor})"
        )
        if hasattr(report.longrepr, "addsection"):
            report.longrepr.addsection("django-kvstore contract", text)
        else:
            report.sections.append(("django-kvstore contract", text))
    return report


def _done(problem: pytest.ExceptionInfo[BaseException]) -> str:
    """Return the statement of the check that failed."""
    entries = list(problem.traceback)
    checks = [entry for entry in entries if entry.name.startswith("test_")]
    return _short(str((checks or entries)[0].statement))


def _came(problem: pytest.ExceptionInfo[BaseException]) -> str:
    """Return what the statement raised, or how the assertion failed."""
    # What pytest adds below, as in " +  where False = …", is shown above with the assertion.
    return _short(problem.exconly().partition("\n +")[0].removeprefix("AssertionError: "))


def _short(text: str) -> str:
    """Return the text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:299]}…"
