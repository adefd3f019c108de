"""The tests of forking, in a process that has made no other gRPC channel or server.

gRPC can abort a forked child where the parent still has some of another test.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path


def test_forking_in_a_process_of_its_own(server):
    alone = Path(__file__).with_name("forking_alone.py")
    options = ["-p", "no:xdist", "-p", "no:cacheprovider", "-q", "--no-header"]
    # As a worker of this run it would look for a server that another run has left on record.
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(alone)],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    tests = len(re.findall(r"^def test_", alone.read_text(encoding="utf-8"), re.M))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"^{tests} passed", done.stdout, re.M), done.stdout
