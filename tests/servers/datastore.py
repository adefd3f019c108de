"""Starts Google's own emulator of Cloud Datastore, or uses the one that the environment names.

``with Datastore() as server: os.environ["DATASTORE_EMULATOR_HOST"] = server.address``
"""

from __future__ import annotations

import http.client
import os
import shutil
from pathlib import Path

from servers.server import Server

JAR = Path("platform/cloud-datastore-emulator/CloudDatastore.jar")
MAIN = "com.google.cloud.datastore.emulator.CloudDatastore"

# Read once: a test that points a client at its own emulator sets the same variable.
NAMED = os.environ.get("DATASTORE_EMULATOR_HOST", "")


class Datastore(Server):
    """One emulator. Its data are in memory: a restart comes back on the same port, and empty.

    ``firestore_mode`` is what every new Google project has, Firestore in Datastore mode; the
    other is the old Datastore with every read consistent. ``named`` is the address of a running
    emulator to use; pass "" for one of one's own, to kill.
    """

    name = "Datastore emulator"

    def __init__(self, *, firestore_mode: bool = False, named: str = NAMED) -> None:
        super().__init__()
        self.firestore_mode = firestore_mode
        self.named = named

    def available(self) -> str | None:
        if self.named:
            return None
        if jar() is None:
            return (
                "no cloud-datastore-emulator beside gcloud: "
                "apt-get install google-cloud-cli-datastore-emulator, "
                "or gcloud components install cloud-datastore-emulator; "
                "or set DATASTORE_EMULATOR_HOST to one that runs"
            )
        if shutil.which("java") is None:
            return "no java on PATH: apt-get install default-jre-headless"
        return None

    def start(self) -> None:
        if self.named and not self._joined:
            host, port = self.named.rsplit(":", 1)
            self.host = host.strip("[]")
            self.join(int(port), Path(os.devnull))
        else:
            super().start()

    def command(self) -> list[str]:
        # Java itself and not gcloud, which takes seconds, wants a project configured and starts
        # a shell that starts java. The first compiler alone saves 50 ms of every start.
        command = ["java", "-XX:TieredStopAtLevel=1", "-cp", str(jar()), MAIN]
        mode = ["--firestore_in_datastore_mode"] if self.firestore_mode else []
        return [*command, "start", f"--host={self.host}", f"--port={self.port}", "--testing", *mode]

    def ready(self) -> bool:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=1)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def jar() -> Path | None:
    """The emulator among gcloud's components, wherever gcloud was unpacked."""
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        return None
    found = Path(gcloud).resolve().parent.parent / JAR
    return found if found.exists() else None
