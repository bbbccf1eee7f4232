"""mloperate.php: the addresses of lists (000 4.7, 4.8, 4.10-4.13; 001 4.8-4.14).

No document shows what adding, editing, deleting, emptying, subscribing and unsubscribing answer; here it is the
generic result. An invalid address is `address_error`, one that the list has already `exists_error`; in a batch both
are passed over.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from aiohttp import web

from sandbox.clock import vendor_time
from sandbox.contacts import ADDRESS, NO_DAY, VARS, Contact, MailList, Person
from sandbox.imports import person
from sandbox.umail import parameters as read
from sandbox.umail.call import UMailCall
from sandbox.umail.lists import MOST, known
from sandbox.umail.markup import RefusedError, element, fields, result, rows

PAGE = 50
_VARS = tuple(f"var{number}" for number in range(1, VARS + 1))
_BIRTHDAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def ml_addr_list(call: UMailCall) -> web.Response:
    """000 4.7, 001 4.8. `list_id` stands in the query; left out means every list, 0 the addresses without one."""
    query = call.wire.query
    list_id = read.whole(query, "list_id", 0, 0, MOST) if query.get("list_id") else None
    only = None if call.v3 else read.whole(call.params, "address_id", 0, 0, MOST)
    page, limit = read.whole(call.params, "page", 0, 1, MOST), read.whole(call.params, "limit", PAGE, 1, 10**6)
    if list_id and list_id not in call.account.lists:
        raise RefusedError("not_exist", "联系人分类不存在！")
    first, last = ((page - 1) * limit, page * limit) if page else (0, None)
    found = islice(_found(call, list_id, only), first, last)
    total = "" if call.v3 else f"<total_num>{_total(call, list_id, only)}</total_num >"
    return rows("data", (_addr(call, contact) for contact in found), total)


def ml_addr_add(call: UMailCall) -> web.Response:
    """000 4.8.1 and 4.8.2, 001 4.9.1 and 4.9.2: a batch when there is `ml_addr`."""
    target = _target(call)
    if "ml_addr" in call.wire.form:
        return _batch(call, target)
    one = _person(call, Person(read.required(call.params, "address")))
    number = next(call.account.contacts.add(target, [one], call.now))
    if number is None:
        raise RefusedError("exists_error", "地址已存在！")
    wants_id = read.choice(call.params, "return_id", 0, frozenset({0, 1}))
    return result("success", "添加地址成功！", **({"id": number} if wants_id else {}))


def ml_addr_edit(call: UMailCall) -> web.Response:
    """001 4.10; what is left out stays."""
    before = _contact(call)
    if not call.account.contacts.change(before, _person(call, before.person)):
        raise RefusedError("exists_error", "地址已存在！")
    return result("success", "修改地址成功！")


def ml_addr_del(call: UMailCall) -> web.Response:
    """000 4.10, 001 4.11."""
    call.account.contacts.remove(_contact(call))
    return result("success", "删除地址成功！")


def ml_addr_empty(call: UMailCall) -> web.Response:
    """000 4.11, 001 4.12."""
    call.account.contacts.empty(known(call, "list_id"))
    return result("success", "清空联系人分类成功！")


def ml_sub(call: UMailCall) -> web.Response:
    """000 4.12, 001 4.13: one `address`, or `maillist` in one of its two forms; the name is the local part."""
    target = known(call, "list_id")
    read.one_of(call.params, "address", "maillist")
    if call.params.get("maillist"):
        pairs = [re.split(r"[,\t]", part, maxsplit=1) for part in re.split(r"[;\r\n]+", call.params["maillist"])]
    else:
        pairs = [[call.wire.query.get("address", ""), call.wire.query.get("name", "")]]
    people = [
        Person(address, fullname=name or address.partition("@")[0])
        for address, name in (((*pair, "")[0].strip(), (*pair, "")[1].strip()) for pair in pairs)
        if ADDRESS.fullmatch(address)
    ]
    if not people:
        raise RefusedError("address_error", "邮箱地址无效！")
    return _added(call, target, people)


def ml_unsub(call: UMailCall) -> web.Response:
    """000 4.13, 001 4.14: addresses by comma or line; those that the list does not have are passed over."""
    target = known(call, "list_id")
    for address in filter(None, re.split(r"[,\s]+", read.required(call.params, "address"))):
        contact = call.account.contacts.by_address(target, address)
        if contact is not None:
            call.account.contacts.remove(contact)
            target.left.append((call.now, address))
    return result("success", "退订成功！")


def _batch(call: UMailCall, target: MailList) -> web.Response:
    if call.wire.query.get("addr_type", "string") != "string":
        raise read.refuse("addr_type", "只能是string")
    separator = call.wire.query.get("separate") or "\n"
    people = (person(row) for row in call.wire.form["ml_addr"].split(separator) if row.strip())
    return _added(call, target, filter(None, people))


def _added(call: UMailCall, target: MailList, people: Iterable[Person]) -> web.Response:
    added = sum(number is not None for number in call.account.contacts.add(target, people, call.now))
    return result("success", f"成功添加{added}个地址！")


def _target(call: UMailCall) -> MailList:
    """The list that is added to; by GET or POST for one address, by GET for a batch."""
    if "ml_addr" in call.wire.form:
        return known(call, "list_id")
    read.required(call.params, "list_id")
    found = call.account.lists.get(read.whole(call.params, "list_id", 0, 1, MOST))
    if found is None:
        raise RefusedError("not_exist", "联系人分类不存在！")
    return found


def _contact(call: UMailCall) -> Contact:
    read.required(call.params, "id")
    found = call.account.contacts.find(read.whole(call.params, "id", 0, 1, MOST))
    if found is None:
        raise RefusedError("not_exist", "地址不存在！")
    return found


def _person(call: UMailCall, before: Person) -> Person:
    """The contact with what was given; `Var10`, as the document prints it, is read like `var10`."""
    params = {name.lower(): value for name, value in call.params.items()}
    given = {
        name: params[name] for name in ("address", "fullname", "sex", "birthday", "phone", "area") if name in params
    }
    variables = tuple(params.get(f"var{number}", before.vars[number - 1]) for number in range(1, VARS + 1))
    one = replace(before, **given, vars=variables)
    if not ADDRESS.fullmatch(one.address):
        raise RefusedError("address_error", "邮箱地址无效！")
    if one.sex not in {"", "M", "F"}:
        raise read.refuse("sex", "M男 F女")
    if one.birthday and not _BIRTHDAY.fullmatch(one.birthday):
        raise read.refuse("birthday", "格式是0000-00-00")
    return replace(one, birthday=one.birthday or NO_DAY)


def _found(call: UMailCall, list_id: int | None, only: int | None) -> Iterator[Contact]:
    if only:
        contact = call.account.contacts.find(only)
        return iter([contact] if contact and list_id in (None, contact.list_id) else [])
    return call.account.contacts.all(list_id, call.params.get("keyword", ""))


def _total(call: UMailCall, list_id: int | None, only: int | None) -> int:
    if only or call.params.get("keyword"):
        return sum(1 for _ in _found(call, list_id, only))
    lists = call.account.lists
    if list_id is None:
        return sum(one.count for one in lists.values())
    return lists[list_id].count if list_id else 0


def _addr(call: UMailCall, contact: Contact) -> str:
    """One record as the samples have it: `![CDATA[…]]` as plain text, `brithday`, and in 001 the address twice."""
    one = contact.person
    return element(
        "addr",
        fields(id=contact.id, list_id=contact.list_id, address=f"![CDATA[{one.address}]]"),
        fields(address=one.address) if call.v3 else "",
        fields(brithday=one.birthday, phone=one.phone, area=f"![CDATA[{one.area}]]"),
        fields(fullname=f"![CDATA[{one.fullname}]]").replace("</fullname>", "</fullname >"),
        fields(time=vendor_time(contact.time)),
        fields(**dict(zip(_VARS, one.vars, strict=True))),
    )
