"""The contract on a folder; an outage is a folder that is gone for a while."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from django_kvstore_testing import Contract


class TestContract(Contract):
    rounds = 100
    folder: ClassVar[Path]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def own_folder(cls, tmp_path_factory: pytest.TempPathFactory) -> None:
        cls.folder = tmp_path_factory.mktemp("store") / "entries"

    @pytest.fixture
    def store_url(self) -> str:
        url = f"folder://{self.folder}"
        self.make_store(url).backend.provision()
        return url

    def stop_server(self) -> None:
        self.folder.rename(self.folder.with_name("elsewhere"))

    def start_server(self) -> None:
        self.folder.with_name("elsewhere").rename(self.folder)
