"""The async forms of a model's methods: ``await MyData.aget("k")``, ``await data.asave()``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from functools import partial
from typing import Any, ParamSpec, Self, TypeVar

from asgiref.sync import sync_to_async

from .model import Root

T = TypeVar("T")
P = ParamSpec("P")
M = TypeVar("M", bound=Root)


class Model(Root):
    """An object kept in a store under its primary key.

    Subclass it with fields, one of them with ``pk=True``. The async calls do what the plain ones
    do, and differ in nothing but their ``a``.
    """

    _is_root = True

    @classmethod
    async def _run(cls, method: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        sensitive = cls._store().backend.thread_sensitive
        # Bound before asgiref sees them: a field may have the name of one of its arguments.
        bound: Callable[[], T] = partial(method, *args, **kwargs)
        return await sync_to_async(bound, thread_sensitive=sensitive)()

    @classmethod
    async def aget(cls, pk: Any) -> Self | None:
        """As `get`."""
        return await cls._run(cls.get, pk)

    @classmethod
    async def aget_many(cls, pks: Iterable[Any]) -> dict[Any, Self]:
        """As `get_many`."""
        return await cls._run(cls.get_many, pks)

    @classmethod
    async def aexists(cls, pk: Any) -> bool:
        """As `exists`."""
        return await cls._run(cls.exists, pk)

    @classmethod
    async def aiterate(cls, prefix: str = "") -> AsyncIterator[Self]:
        """As `iterate`."""
        async for key, data in cls._store().aitems(cls._meta.prefix + prefix):
            yield cls._load(key, data)

    @classmethod
    def aall(cls) -> AsyncIterator[Self]:
        """As `all`."""
        return cls.aiterate()

    @classmethod
    async def acount(cls, prefix: str = "") -> int:
        """As `count`."""
        return await cls._run(cls.count, prefix)

    async def arefresh(self) -> None:
        """As `refresh`."""
        await self._run(self.refresh)

    @classmethod
    async def acreate(cls: Callable[P, M], /, *unnamed: P.args, **values: P.kwargs) -> M:
        """As `create`."""
        model: Any = cls
        made: M = await model._run(model.create, *unnamed, **values)
        return made

    @classmethod
    async def aget_or_create(
        cls, pk: Any, defaults: Mapping[str, Any] | None = None
    ) -> tuple[Self, bool]:
        """As `get_or_create`."""
        return await cls._run(cls.get_or_create, pk, defaults)

    async def asave(self, *, if_unchanged: bool = False) -> None:
        """As `save`."""
        await self._run(self.save, if_unchanged=if_unchanged)

    @classmethod
    async def asave_many(cls, objects: Iterable[Self]) -> None:
        """As `save_many`."""
        await cls._run(cls.save_many, objects)

    async def adelete(self, *, if_unchanged: bool = False) -> bool:
        """As `delete`."""
        return await self._run(self.delete, if_unchanged=if_unchanged)

    @classmethod
    async def adelete_many(cls, pks: Iterable[Any]) -> int:
        """As `delete_many`."""
        return await cls._run(cls.delete_many, pks)
