"""One page of a Select: what it holds, where it ends, and the NextToken that goes on from there.

``page(domain, query, token, knobs, consistent=True)``
"""

from __future__ import annotations

import base64
import binascii
import bisect
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .answer import Element, item_element
from .domain import Domain, Item
from .error import ServiceError
from .limits import MEGABYTE, Knobs
from .predicate import ITEM_NAME
from .select import Query


@dataclass
class Page:
    """The items of one answer, as XML, and the token of the next one or ""."""

    items: list[Element] = field(default_factory=list)
    token: str = ""


@dataclass(frozen=True)
class Place:
    """Where a walk stands: after ``key`` in the walk's order, before it has seen any with None."""

    key: Any = None
    empty_pages: int = 0


def write_token(query: Query, place: Place) -> str:
    text = json.dumps([_digest(query), place.key, place.empty_pages])
    return base64.b64encode(text.encode()).decode()


def read_token(query: Query, token: str) -> Place:
    try:
        digest, key, empty_pages = json.loads(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise ServiceError("InvalidNextToken") from None
    if digest != _digest(query):
        raise ServiceError("InvalidNextToken")
    return Place(tuple(key) if isinstance(key, list) else key, empty_pages)


def _digest(query: Query) -> str:
    return hashlib.sha256(query.identity.encode()).hexdigest()[:32]


def page(domain: Domain, query: Query, token: str, knobs: Knobs, *, consistent: bool) -> Page:
    """The next page. A token names the last item seen, so writes in between move nothing."""
    place = read_token(query, token) if token else Place(None, knobs.empty_pages)
    if place.empty_pages:
        # SDB_API_Select: what runs for longer than 5 seconds may answer an empty set of results
        # with a NextToken. Whether a count then has its one item is not said: do it both ways.
        left = place.empty_pages - 1
        items = [_count(0)] if query.count and left % 2 else []
        return Page(items, write_token(query, Place(place.key, left)))
    order = _order(domain, query, consistent=consistent)
    if query.descending:
        stop = len(order) if place.key is None else bisect.bisect_left(order, place.key)
        walk = range(stop - 1, -1, -1)
    else:
        start = 0 if place.key is None else bisect.bisect_right(order, place.key)
        walk = range(start, len(order))
    return _walk(domain, query, order, walk, knobs, consistent=consistent)


def _walk(
    domain: Domain,
    query: Query,
    order: Sequence[Any],
    walk: range,
    knobs: Knobs,
    *,
    consistent: bool,
) -> Page:
    result = Page()
    found = size = scanned = 0
    most = min(filter(None, (query.limit, knobs.page_items)), default=0)
    deadline = time.monotonic() + knobs.select_seconds
    last = None
    for index in walk:
        if (most and found == most) or scanned == (knobs.scan_items or -1):
            break
        if scanned and time.monotonic() > deadline:
            break
        key = order[index]
        name = key if isinstance(key, str) else key[-1]
        item = domain.get(name, consistent=consistent)
        if item and query.where.selects(name, item):
            if not query.count:
                text = item_element(name, _output(query, item))
                size += len(text.encode())
                if found and size > MEGABYTE:
                    break
                result.items.append(text)
            found += 1
        scanned += bool(item)
        last = key
    else:
        last = None
    if query.count:
        result.items = [_count(found)]
    if last is not None:
        result.token = write_token(query, Place(last, knobs.empty_pages))
    return result


def _order(domain: Domain, query: Query, *, consistent: bool) -> Sequence[Any]:
    if not query.sorted:
        return domain.by_scatter
    if query.sort is ITEM_NAME:
        return domain.by_name
    choose = max if query.descending else min
    keys = []
    for name in domain.by_name:
        values = domain.get(name, consistent=consistent).get(query.sort)
        if values:
            keys.append((choose(values), name))
    return sorted(keys)


def _output(query: Query, item: Item) -> Item:
    if query.attributes is None:
        return item
    return {name: item[name] for name in query.attributes if name in item}


def _count(number: int) -> Element:
    """Developer Guide, "Count": one item called Domain with an attribute Count."""
    return item_element("Domain", {"Count": frozenset((str(number),))})
