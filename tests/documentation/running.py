"""Running a page's blocks in this process, one after the other, as a reader would.

``Reader().read(read_page(DOCS / "store.md"))``

Blocks that belong to ``settings.py`` change the settings for what follows. Engines that want a
server are opened as the page says, which connects to nothing, and then stand in memory, so that
examples run everywhere; the engines' own tests run on their servers.
"""

from __future__ import annotations

import doctest
import io
import os
import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from typing import Any, Final
from unittest.mock import patch

from django.core.checks.registry import registry
from django.core.management import CommandError, call_command
from django.test import override_settings

from django_kvstore import Unavailable, kvstores
from django_kvstore.config import SETTINGS, read_settings

from .page import Block

#: What runs without a server.
EMBEDDED: Final = ("db", "locmem")
#: The subcommands whose answers are about the engine, and not about entries.
ABOUT_ENGINES: Final = ("check", "provision", "purge", "stores")
_FLAGS: Final = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@contextmanager
def only_our_checks() -> Iterator[None]:
    """Leave out the checks of applications that other pages had installed."""
    ours = {check for check in registry.registered_checks if _is_ours(check)}
    deploy = {check for check in registry.deployment_checks if _is_ours(check)}
    with (
        patch.object(registry, "registered_checks", ours),
        patch.object(registry, "deployment_checks", deploy),
    ):
        yield


def _is_ours(check: Any) -> bool:
    return str(check.__module__).startswith(("django_kvstore", "django_keyval"))


class Reader:
    """Somebody who types in what a page says."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"__name__": "shop.page"}
        self._settings = ExitStack()
        #: Whether the memory stands for an engine that wants a server.
        self._stands_in = False

    def read(self, blocks: Iterable[Block]) -> int:
        """Run the blocks; return how many there were to run."""
        ran = 0
        with self._settings:
            self._settings.enter_context(
                override_settings(KEY_VALUE_STORES={"default": "locmem://"})
            )
            self._begin_empty()
            for block in blocks:
                if block.language == "python":
                    self._python(block)
                elif block.language == "console":
                    self._console(block)
                else:
                    continue
                ran += 1
        return ran

    def _python(self, block: Block) -> None:
        if block.file:
            assert block.file.endswith("settings.py"), f"{block}: of which file is this?"
            self._change_settings(block)
        elif block.is_session:
            test = doctest.DocTestParser().get_doctest(
                block.text, self.namespace, str(block), str(block.page), block.line
            )
            # Definitions stay for what follows, which the runner's own copy would not.
            runner = doctest.DocTestRunner(optionflags=_FLAGS)
            report = io.StringIO()
            test.globs = self.namespace
            failed = runner.run(test, out=report.write, clear_globs=False).failed
            assert not failed, report.getvalue()
        else:
            exec(compile(block.source, str(block.page), "exec"), self.namespace)

    def _change_settings(self, block: Block) -> None:
        written: dict[str, Any] = dict.fromkeys(SETTINGS)
        for name in re.findall(r'environ\["(\w+)"\]', block.text):
            self._settings.enter_context(patch.dict(os.environ, {name: "from-the-environment"}))
        exec(compile(block.source, str(block.page), "exec"), written)
        for app in written.get("INSTALLED_APPS", ()):
            assert app is ... or __import__(app), f"{block}: {app}"
        apps = [app for app in written.get("INSTALLED_APPS", ()) if app is not ...]
        if apps:
            self._settings.enter_context(override_settings(INSTALLED_APPS=apps))
        stores = {name: written[name] or None for name in SETTINGS}
        self._settings.enter_context(override_settings(**stores))
        embedded: dict[str, Any] = {}
        self._stands_in = False
        for alias, config in read_settings().items():
            backend = config.open_backend()
            options = config.read_options()
            embedded[alias] = {
                "URL": "locmem://",
                "TTL": options.ttl,
                "NAMESPACE": options.namespace,
            }
            self._stands_in |= backend.scheme not in EMBEDDED
            if backend.scheme in EMBEDDED:
                embedded[alias] = (stores["KEY_VALUE_STORES"] or {}).get(alias) or config.url.text
        self._settings.enter_context(
            override_settings(KEY_VALUE_STORES=embedded, KEY_VALUE_STORE_BACKEND=None)
        )
        self._begin_empty()

    def _begin_empty(self) -> None:
        for store in kvstores.all():
            store.backend.provision()
            with suppress(Unavailable):  # a page may show what is said of a table that is none
                store.clear()

    def _console(self, block: Block) -> None:
        for command, expected in block.commands():
            words = shlex.split(command)
            if words[:2] == ["python", "manage.py"]:
                output = io.StringIO()
                with redirect_stdout(output), only_our_checks():
                    try:
                        call_command(*words[2:], stdout=output)
                    except CommandError as error:
                        print(f"CommandError: {error}", file=output)
                if self._stands_in and words[3:4] and words[3] in ABOUT_ENGINES:
                    continue  # the memory's answer is not the engine's
                agrees = doctest.OutputChecker().check_output(expected, output.getvalue(), _FLAGS)
                assert agrees, f"{block}: {command}\n{output.getvalue()}"
            else:
                assert not expected, f"{block}: nobody compares what this prints: {command}"
