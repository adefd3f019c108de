"""The XML that the SimpleDB stand-in answers with.

``answer("GetAttributes", attribute_elements(item))``
"""

from __future__ import annotations

import base64
import uuid
from xml.sax.saxutils import escape

from .domain import Item, pairs, scatter
from .error import ServiceError
from .limits import RESTRICTED

NAMESPACE = "http://sdb.amazonaws.com/doc/2009-04-15/"
DECLARATION = '<?xml version="1.0"?>\n'
BOX_USAGE = "0.0000219907"


class Element(str):
    """Text that is XML already."""

    __slots__ = ()


def element(tag: str, *content: str) -> Element:
    """One element; plain text in it is escaped, elements are taken as they are.

    Developer Guide, "Working with XML-Restricted Characters": text that XML cannot carry is
    Base64, and marked. A carriage return is not among those: it goes out as it is, and XML
    parsers read a line feed, so a client that stores one gets another character back.
    """
    mark = ""
    parts: list[str] = []
    for part in content:
        if isinstance(part, Element):
            parts.append(part)
        elif RESTRICTED.search(part):
            mark = ' encoding="base64"'
            parts.append(base64.b64encode(part.encode()).decode())
        else:
            parts.append(escape(part))
    return Element(f"<{tag}{mark}>{''.join(parts)}</{tag}>")


def attribute_elements(item: Item) -> list[Element]:
    """An item's pairs, in an order that means nothing: the service promises none."""
    ordered = sorted(pairs(item), key=lambda pair: scatter("=".join(pair)))
    return [
        element("Attribute", element("Name", name), element("Value", value))
        for name, value in ordered
    ]


def item_element(name: str, item: Item) -> Element:
    return element("Item", element("Name", name), *attribute_elements(item))


def answer(operation: str, result: list[Element] | None) -> Element:
    """The answer to an operation; ``result`` is None for those that answer nothing."""
    wrapped = [] if result is None else [element(f"{operation}Result", *result)]
    metadata = element(
        "ResponseMetadata",
        element("RequestId", str(uuid.uuid4())),
        element("BoxUsage", BOX_USAGE),
    )
    body = "".join([*wrapped, metadata])
    tag = f"{operation}Response"
    return Element(f'{DECLARATION}<{tag} xmlns="{NAMESPACE}">{body}</{tag}>')


def refusal(error: ServiceError) -> Element:
    """The answer that says no."""
    told = element(
        "Error",
        element("Code", error.code),
        element("Message", error.message),
        element("BoxUsage", BOX_USAGE),
    )
    request = element("RequestID", str(uuid.uuid4()))
    return Element(DECLARATION + element("Response", element("Errors", told), request))
