"""The operations of SimpleDB: a request's parameters in, the elements of its answer out.

``ACTIONS["GetAttributes"](account, request)``
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Mapping, Sequence

from .account import Account
from .answer import Element, attribute_elements, element
from .domain import Domain, Expected, Put
from .error import ServiceError, invalid, missing
from .limits import (
    ITEMS_PER_BATCH,
    PAIRS_PER_CALL,
    Knobs,
    check_domain_name,
    check_text,
)
from .page import page
from .request import Request, flag, group
from .select import parse

Result = list[Element] | None
Deletes = Sequence[tuple[str, str | None]]


def create_domain(account: Account, request: Request) -> Result:
    name = request.need("DomainName")
    check_domain_name(name)
    account.create(name)
    return None


def delete_domain(account: Account, request: Request) -> Result:
    name = request.need("DomainName")
    check_domain_name(name)
    account.drop(name)
    return None


def list_domains(account: Account, request: Request) -> Result:
    asked = request.get("MaxNumberOfDomains") or "100"
    if not asked.isdecimal() or not 1 <= int(asked) <= 100:
        raise invalid("MaxNumberOfDomains", asked, "It is between 1 and 100.")
    after = ""
    if request.get("NextToken"):
        try:
            after = base64.b64decode(request.need("NextToken"), validate=True).decode()
        except (binascii.Error, ValueError):
            raise ServiceError("InvalidNextToken") from None
    names = sorted(name for name in account.domains if name > after)
    result = [element("DomainName", name) for name in names[: int(asked)]]
    if len(names) > len(result):
        token = base64.b64encode(names[int(asked) - 1].encode()).decode()
        result.append(element("NextToken", token))
    return result


def domain_metadata(account: Account, request: Request) -> Result:
    domain = _domain(account, request)
    numbers = domain.metadata(consistent=not account.knobs.lag)
    numbers["Timestamp"] = int(time.time())
    return [element(name, str(number)) for name, number in numbers.items()]


def put_attributes(account: Account, request: Request) -> Result:
    domain = _domain(account, request)
    name = _item_name(request.fields, account.knobs)
    puts = _puts(request.group("Attribute"), account.knobs)
    expected = _expected(account, request)
    account.record_items(domain, domain.put({name: puts}, expected, account.knobs))
    return None


def batch_put_attributes(account: Account, request: Request) -> Result:
    domain = _domain(account, request)
    puts = {
        name: _puts(group(item, "Attribute"), account.knobs)
        for name, item in _batch(account, request).items()
    }
    account.record_items(domain, domain.put(puts, None, account.knobs))
    return None


def delete_attributes(account: Account, request: Request) -> Result:
    domain = _domain(account, request)
    name = _item_name(request.fields, account.knobs)
    deletes = _deletes(request.group("Attribute"), account.knobs)
    expected = _expected(account, request)
    account.record_items(domain, domain.delete({name: deletes}, expected))
    return None


def batch_delete_attributes(account: Account, request: Request) -> Result:
    domain = _domain(account, request)
    deletes = {
        name: _deletes(group(item, "Attribute"), account.knobs)
        for name, item in _batch(account, request).items()
    }
    account.record_items(domain, domain.delete(deletes, None))
    return None


def get_attributes(account: Account, request: Request) -> Result:
    domain = _domain(account, request)
    name = _item_name(request.fields, account.knobs)
    names = [member[""] for member in request.group("AttributeName")]
    for attribute in names:
        check_text("AttributeName", attribute, account.knobs)
    item = domain.get(name, consistent=_consistent(account, request))
    if names:
        item = {attribute: item[attribute] for attribute in names if attribute in item}
    return [*attribute_elements(item)]


def select(account: Account, request: Request) -> Result:
    query = parse(request.need("SelectExpression"))
    domain = account.domain(query.domain)
    consistent = _consistent(account, request)
    token = request.get("NextToken") or ""
    answer = page(domain, query, token, account.knobs, consistent=consistent)
    return [*answer.items, *([element("NextToken", answer.token)] if answer.token else [])]


ACTIONS: dict[str, Callable[[Account, Request], Result]] = {
    "BatchDeleteAttributes": batch_delete_attributes,
    "BatchPutAttributes": batch_put_attributes,
    "CreateDomain": create_domain,
    "DeleteAttributes": delete_attributes,
    "DeleteDomain": delete_domain,
    "DomainMetadata": domain_metadata,
    "GetAttributes": get_attributes,
    "ListDomains": list_domains,
    "PutAttributes": put_attributes,
    "Select": select,
}

BATCHES = ("BatchDeleteAttributes", "BatchPutAttributes")


def _domain(account: Account, request: Request) -> Domain:
    name = request.need("DomainName")
    check_domain_name(name)
    return account.domain(name)


def _item_name(fields: Mapping[str, str], knobs: Knobs) -> str:
    if "ItemName" not in fields:
        raise missing("ItemName")
    check_text("ItemName", fields["ItemName"], knobs)
    return fields["ItemName"]


def _consistent(account: Account, request: Request) -> bool:
    if request.flag("ConsistentRead"):
        return True
    account.count("inconsistent", request.need("Action"))
    return not account.knobs.lag


def _puts(members: Sequence[Mapping[str, str]], knobs: Knobs) -> list[Put]:
    if not members:
        raise missing("Attribute.1.Name")
    if len(members) > PAIRS_PER_CALL:
        raise ServiceError("NumberSubmittedAttributesExceeded")
    puts = []
    for number, member in enumerate(members, 1):
        for part in ("Name", "Value"):
            if part not in member:
                raise missing(f"Attribute.{number}.{part}")
        check_text("Name", member["Name"], knobs)
        check_text("Value", member["Value"], knobs, empty=True)
        puts.append(Put(member["Name"], member["Value"], flag(member, "Replace")))
    return puts


def _deletes(members: Sequence[Mapping[str, str]], knobs: Knobs) -> Deletes:
    if len(members) > PAIRS_PER_CALL:
        raise ServiceError("NumberSubmittedAttributesExceeded")
    deletes = []
    for number, member in enumerate(members, 1):
        if "Name" not in member:
            raise missing(f"Attribute.{number}.Name")
        check_text("Name", member["Name"], knobs)
        check_text("Value", member.get("Value", ""), knobs, empty=True)
        deletes.append((member["Name"], member.get("Value")))
    return deletes


def _batch(account: Account, request: Request) -> dict[str, Mapping[str, str]]:
    members = request.group("Item")
    if not members:
        raise missing("Item.1.ItemName")
    if request.expected() or any(name.startswith("Expected.") for m in members for name in m):
        raise ServiceError("InvalidParameterCombination", "Batch operations take no conditions.")
    if len(members) > ITEMS_PER_BATCH:
        raise ServiceError("NumberSubmittedItemsExceeded")
    account.count("unconditional", request.need("Action"))
    items: dict[str, Mapping[str, str]] = {}
    for member in members:
        name = _item_name(member, account.knobs)
        if name in items:
            raise ServiceError("DuplicateItemName", f"Item {name} was specified more than once.")
        items[name] = member
    return items


def _expected(account: Account, request: Request) -> Expected | None:
    """Developer Guide, "API Error Codes", for the combinations that are refused."""
    given = request.expected()
    if given is None:
        account.count("unconditional", request.need("Action"))
        return None
    if "Name" not in given:
        raise missing("Expected.Name")
    check_text("Expected.Name", given["Name"], account.knobs)
    value = given.get("Value")
    if flag(given, "Exists", default=True):
        if value is None:
            raise ServiceError("IncompleteExpectedExpression", "Expected.Value has to be given.")
        check_text("Expected.Value", value, account.knobs, empty=True)
    elif value is not None:
        raise ServiceError("ExistsAndExpectedValue", "Expected.Value cannot go with Exists=false.")
    return Expected(given["Name"], value)
