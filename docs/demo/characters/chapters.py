"""What the demo shows of a store, each chapter a script whose answers are compared.

``for chapter in CHAPTERS: run_script(chapter.script, namespace, page)``
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Chapter:
    """A title, a script, the capability flags it needs, and the keys that it begins without."""

    title: str
    script: str
    needs: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


CHAPTERS: Final = (
    Chapter(
        "Look some up",
        """
        >>> Character.get("SNOWMAN")
        <Character ☃ U+2603>
        >>> Character.get("NO SUCH CHARACTER") is None
        True
        >>> found = Character.get_many(["HOT BEVERAGE", "SNAIL", "NO SUCH CHARACTER"])
        >>> sorted(found.values(), key=str)
        [<Character ☕ U+2615>, <Character 🐌 U+1F40C>]
        """,
    ),
    Chapter(
        "Walk those whose names begin alike",
        """
        >>> Character.count("DIE FACE-")
        6
        >>> "".join(sorted(die.character for die in Character.iterate("DIE FACE-")))
        '⚀⚁⚂⚃⚄⚅'
        """,
        needs=("iterable",),
    ),
    Chapter(
        "Count, also with many hands",
        """
        >>> kvstore.incr("hits")
        1
        >>> kvstore.incr("hits", 41)
        42
        >>> counts = crowd(8, lambda: [kvstore.incr("hits") for _ in range(50)])
        >>> len(set(counts)), kvstore.get("hits")
        (400, 442)
        """,
        needs=("atomic",),
        keys=("hits",),
    ),
    Chapter(
        "Let something expire",
        """
        >>> kvstore.set("tea", "hot", ttl=2)
        >>> kvstore.get("tea")
        'hot'
        >>> 0 < kvstore.ttl("tea") <= 2
        True
        >>> while kvstore.exists("tea"): sleep(0.02)
        >>> kvstore.get("tea", "cold")
        'cold'
        """,
        keys=("tea",),
    ),
    Chapter(
        "Compare and set",
        """
        >>> kvstore.add("door", "closed"), kvstore.add("door", "closed")
        (True, False)
        >>> kvstore.compare_and_set("door", "closed", "open")
        True
        >>> kvstore.compare_and_set("door", "closed", "open")
        False
        >>> kvstore.pop("door")
        'open'
        """,
        needs=("atomic",),
        keys=("door",),
    ),
    Chapter(
        "Two people edit one object",
        """
        >>> Note(title="shopping", text="milk").save()
        >>> mine, yours = Note.get("shopping"), Note.get("shopping")
        >>> yours.text = "milk, bread"
        >>> yours.save(if_unchanged=True)
        >>> mine.text = "milk, tea"
        >>> mine.save(if_unchanged=True)
        Traceback (most recent call last):
        Conflict:
        >>> Note.get("shopping").text
        'milk, bread'
        """,
        needs=("atomic",),
    ),
    Chapter(
        "The README's own example",
        """
        >>> kvstore.set("greeting", "hello", ttl=60)
        >>> kvstore.get("greeting")
        'hello'
        >>> kvstore.incr("hits")
        1
        >>> class MyData(models.Model):
        ...     my_key: models.Field[str] = models.Field(pk=True)
        ...     foo: models.Field[str] = models.Field(default="")
        ...
        >>> data = MyData.get("something_unique") or MyData(my_key="something_unique")
        >>> data.foo = "foo"
        >>> data.save()
        >>> MyData.get("something_unique").foo
        'foo'
        >>> data.delete()
        True
        """,
        needs=("atomic",),
        keys=("hits",),
    ),
)
