"""Copies a store of a million keys and kills the copy again and again.

``hatch run python benchmarks/copying.py --keys 1000000 --kills 10``

It fills a table of SQLite, copies it to another by ``manage.py kvstore copy`` and tells keys a
second and the memory above idle; then it copies once more, is killed by SIGKILL at random points
with ``--resume`` after each, and compares the two stores entry by entry. Exit code 1 unless the
memory stays below 64 MiB and the stores are the same.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice, zip_longest
from pathlib import Path

MEBIBYTE = 1024 * 1024


def configure(folder: Path) -> None:
    """Configure Django with two stores in two files of the folder."""
    import django
    from django.conf import settings

    engine = "django.db.backends.sqlite3"
    options = {"init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"}
    names = ("default", "one", "two")
    settings.configure(
        SECRET_KEY="a benchmark's",
        INSTALLED_APPS=["django_kvstore"],
        DATABASES={
            name: {"ENGINE": engine, "NAME": str(folder / f"{name}.db"), "OPTIONS": options}
            for name in names
        },
        KEY_VALUE_STORES={name: f"db://kvstore?using={name}" for name in ("one", "two")},
    )
    django.setup()


def fill(keys: int) -> None:
    """Write the keys; every hundredth expires some day."""
    from django_kvstore import kvstores

    store = kvstores["one"]
    for each in ("one", "two"):
        kvstores[each].backend.provision()
    numbers = iter(range(keys))
    while page := list(islice(numbers, 1000)):
        values = {f"user:{n}": {"id": n, "name": f"name {n}", "tags": ("a", n % 7)} for n in page}
        mortal = {key: values.pop(key) for key in list(values) if key.endswith("00")}
        store.set_many(values)
        store.set_many(mortal, ttl=864000)


def entries(alias: str) -> Iterator[tuple[object, ...]]:
    """Walk a store's entries in order."""
    from django_kvstore import kvstores

    cursor = None
    while True:
        page, cursor = kvstores[alias].export("", cursor, 1000)
        for entry in page:
            yield entry.key, entry.value, entry.expires
        if cursor is None:
            return


def same() -> bool:
    """Say whether the two stores hold the same entries."""
    pairs = zip_longest(entries("one"), entries("two"))
    return all(one == two for one, two in pairs)


def walk() -> None:
    """Read every key and value of the store."""
    from django_kvstore import kvstores

    for _ in kvstores["one"].items():
        pass


def peak() -> float:
    """Return the most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEBIBYTE


def child(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start this file again to do one thing."""
    command = [sys.executable, __file__, "--folder", str(folder), "--do", *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)


def run(folder: Path, *arguments: str) -> list[str]:
    """Do one thing in a process of its own, and return the words of its last line."""
    process = child(folder, *arguments)
    told, _ = process.communicate()
    if process.returncode != 0:
        sys.exit(f"{' '.join(arguments)} ended with {process.returncode}")
    return told.strip().splitlines()[-1].split()


def do(what: str, arguments: list[str]) -> None:
    """Be the child: do it, and print what was measured."""
    from django.core.management import call_command

    if what == "fill":
        fill(int(arguments[0]))
    elif what == "same":
        print(same())
        return
    elif what == "copy":
        call_command("kvstore", "copy", "one", "two", *arguments)
    elif what == "walk":
        walk()
    elif what == "dump":
        call_command("kvstore", "dump", "dump.jsonl", "--store=one")
    else:  # idle: all that a copy imports and opens
        from django_kvstore import kvstores

        for alias in ("one", "two"):
            kvstores[alias].get("x")
        import django_kvstore.commands  # noqa: F401
    print(peak())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--workers", default="1")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--do", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if options.do:
        configure(options.folder)
        do(options.do[0], options.do[1:])
        return
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), options.keys, options.kills, options.workers)


def measure(folder: Path, keys: int, kills: int, workers: str) -> None:
    """Fill, copy, kill and compare, and tell each."""
    run(folder, "fill", str(keys))
    idle = float(run(folder, "idle")[0])
    begun = time.monotonic()
    used = float(run(folder, "copy", f"--workers={workers}")[0])
    took = time.monotonic() - begun
    print(f"copied {keys} keys in {took:.1f} s: {keys / took:.0f} keys a second")
    print(f"memory: {used:.1f} MiB at the peak, {used - idle:.1f} MiB above idle")
    alike = run(folder, "same") == ["True"]
    print(f"the copy is {'the same' if alike else 'NOT THE SAME'}")

    for file in folder.glob("two.db*"):
        file.unlink()
    run(folder, "fill", "0")
    killed = 0
    for _ in range(kills):
        process = child(folder, "copy", "--resume", f"--workers={workers}")
        time.sleep(random.uniform(0.05, 1.5 * took / max(kills, 1)))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        if process.returncode == 0:
            break  # it was over
    run(folder, "copy", "--resume", f"--workers={workers}")
    resumed = run(folder, "same") == ["True"]
    print(f"killed {killed} times and resumed: {'the same' if resumed else 'NOT THE SAME'}")
    if not (alike and resumed and used - idle < 64):
        sys.exit(1)


if __name__ == "__main__":
    main()
