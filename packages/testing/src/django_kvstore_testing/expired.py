"""Checks of what has expired: it is not there."""

from __future__ import annotations

from django_kvstore.options import MISSING
from django_kvstore.store import Store

from .base import Base
from .clauses import clause, needs
from .probe import Probe
from .walks import entries


class Expired(Base):
    """Clauses ``expiry-gone`` and ``expiry-purge``."""

    def _expired(self, store: Store, *keys: str) -> None:
        """Write the entries, and wait until they have expired."""
        store.set_many(dict.fromkeys(keys, 5), ttl=0.05)
        self.outlive(0.05)

    @clause("expiry-gone")
    def test_deleting_what_has_expired(self, store: Store) -> None:
        """delete() answers False, and delete_many() does not count it."""
        self._expired(store, "one", "two")
        store.set("here", 1)
        assert store.delete("one") is False
        assert store.delete_many(["one", "two", "here"]) == 1

    @clause("expiry-gone")
    @needs("atomic")
    def test_adding_to_what_has_expired(self, store: Store) -> None:
        """add() writes, as if there had never been anything."""
        self._expired(store, "key")
        assert store.add("key", "new") is True
        assert store.get("key") == "new"
        assert store.ttl("key") is None

    @clause("expiry-gone")
    @needs("atomic")
    def test_counting_from_what_has_expired(self, store: Store) -> None:
        """incr() begins anew, with the ttl it is given."""
        self._expired(store, "key", "other")
        assert store.incr("key") == 1
        assert store.ttl("key") is None
        assert store.incr("other", default=10, ttl=1000) == 11
        self.has_left(store, "other", 1000)

    @clause("expiry-gone")
    @needs("atomic")
    def test_popping_what_has_expired(self, store: Store) -> None:
        """pop() returns the default."""
        self._expired(store, "key")
        assert store.pop("key", "default") == "default"

    @clause("expiry-gone")
    @needs("atomic")
    def test_comparing_with_what_has_expired(self, store: Store) -> None:
        """compare_and_set() finds no entry."""
        self._expired(store, "key", "other")
        assert store.compare_and_set("key", 5, "new") is False
        assert store.compare_and_set("key", MISSING, "new") is True
        assert store.get("key") == "new"
        assert store.compare_and_set("other", MISSING, MISSING) is True

    @clause("expiry-gone")
    @needs("atomic")
    def test_what_has_expired_does_not_come_back(self, store: Store) -> None:
        """touch() and persist() answer False."""
        self._expired(store, "key")
        assert store.touch("key", 1000) is False
        assert store.persist("key") is False
        assert not store.exists("key")

    @clause("expiry-gone")
    @needs("atomic")
    def test_computing_what_has_expired(self, store: Store) -> None:
        """get_or_set() computes anew."""
        self._expired(store, "key", "other")
        assert store.get_or_set("key", lambda: "new") == "new"
        assert store.get_or_set("other", "new") == "new"

    @clause("expiry-gone")
    @needs("iterable")
    def test_what_has_expired_is_not_listed(self, store: Store) -> None:
        """keys(), items(), scan() and count() leave it out."""
        self._expired(store, "one", "two")
        store.set("here", 1)
        assert list(store.keys()) == ["here"]
        assert list(store.items()) == [("here", 1)]
        assert entries(store.scan) == [("here", 1)]
        assert store.count() == 1
        assert store.count("o") == 0

    @clause("expiry-gone")
    @needs("clearable")
    def test_clearing_what_has_expired(self, store: Store) -> None:
        """clear() deletes it, and counts only the entries that had not expired."""
        self._expired(store, "one", "two")
        store.set("here", 1)
        assert store.clear() in (1, None)
        assert "here" not in store
        for key in ("one", "two", "here"):
            assert Probe(store).raw(self.cell(store, key)) is None

    @clause("expiry-purge")
    @needs("iterable", "atomic")
    def test_purge_deletes_what_has_expired(self, store: Store) -> None:
        """purge() takes the room back, and leaves every entry that is there."""
        self._expired(store, *(f"old {number}" for number in range(10)))
        store.set_many({"here": 1, "later": 2})
        store.touch("later", 1000)
        purged = store.purge()
        # An engine that expires by itself may have left something to purge, or nothing.
        probe = Probe(store)
        least = 0 if probe.expires_itself else 10
        assert least <= purged <= 10, (
            f"10 entries had expired, and purge() returned {purged}: expected "
            + ("10" if least else "0 to 10, since the engine expires entries itself")
        )
        assert dict(store.items()) == {"here": 1, "later": 2}
        assert probe.raw(self.cell(store, "old 1")) is None, (
            "the engine still has the record of a purged entry: expected none"
        )
        again = store.purge()
        assert again == 0, f"purge() after a purge returned {again}: expected 0"

    @clause("expiry-purge")
    @needs("iterable", "atomic")
    def test_purge_leaves_what_expires_soon(self, store: Store) -> None:
        """purge() leaves entries that have seconds or minutes left, also beside expired ones."""
        store.persist("nothing")
        seconds = {"5 s": 5, "30 s": 30, "10 min": 600}
        left: dict[str, str] = {}

        def purge(spare: float) -> None:
            for key, ttl in seconds.items():
                store.set(key, "here", ttl=ttl + spare)
            store.purge()
            left.clear()
            left.update(store.get_many(seconds))

        self._expired(store, "old")
        self.in_time(purge)
        assert sorted(left) == sorted(seconds), (
            f"purge() deleted the entries that had {sorted(seconds.keys() - left.keys())} left: "
            "expected that it deletes only what has expired"
        )

    @clause("expiry-purge")
    @needs("iterable")
    def test_purge_of_nothing_deletes_nothing(self, store: Store) -> None:
        """Where nothing has expired purge() answers 0."""
        store.set("key", 1, ttl=1000)
        assert store.purge() == 0
        assert store.get("key") == 1
