"""bs.php: domains and mailboxes (000 chapter 7; 001 chapter 7), for a customer or for a manager on its behalf.

Who calls and for whom is settled before (`sandbox.umail.server`). The error words are ours, and so are the answers that
the documents do not show: the generic result.
"""

import re
from itertools import count, islice

from aiohttp import web

from sandbox.contacts import ADDRESS
from sandbox.mailing import Account
from sandbox.material import Domain
from sandbox.umail import parameters as read
from sandbox.umail.call import UMailCall
from sandbox.umail.markup import RefusedError, document, element, fields, result

SYSTEM = "mail.bestedm.example"
"""The platform's own domain: customer 0's."""
PAGE = 30
FIRST_ID = 4_000
INFO = {3: "添加成功并验证通过", 2: "添加成功但验证不通过", 1: "系统不存在但验证通过", 0: "系统不存在并验证不通过"}
_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def domain_list(call: UMailCall) -> web.Response:
    """7.1: the system's domain first."""
    domains = [(0, SYSTEM), *((call.account.customer_id, name) for name in call.account.domains)]
    rows = (element("data", fields(customer_id=owner, domain=name)) for owner, name in domains)
    return document(element("domain_list", *rows))


def customer_domain_add(call: UMailCall) -> web.Response:
    """000 7.2, without a prolog: `success_and_check_ok` when the DNS is right already, else `success`."""
    domain = _add(call)
    status = "success_and_check_ok" if domain.verified else "success"
    return web.Response(text=element("result", fields(status=status, data=domain.id)), content_type="text/xml")


def domain_check(call: UMailCall) -> web.Response:
    """000 7.3: several domains, posted; a domain that is seen to be right is verified from then on."""
    names = read.required(call.wire.form, "domains").split(",")
    return document(element("domain_list", *(element("domain", _checked(call, name.strip())) for name in names)))


def domain_add(call: UMailCall) -> web.Response:
    """000 7.4, 001 7.2: by a manager."""
    _add(call)
    return result("success", "添加域名成功！")


def domain_del(call: UMailCall) -> web.Response:
    """000 7.5, 001 7.3: by a manager, verified domains too."""
    _drop(call, _own(call))
    return result("success", "删除域名成功！")


def customer_domain_del(call: UMailCall) -> web.Response:
    """000 7.6: a verified domain stays."""
    name = _own(call)
    if call.account.domains[name].verified:
        raise RefusedError("domain_error", "已经验证通过的域名不能删除！")
    _drop(call, name)
    return result("success", "删除域名成功！")


def mailbox_list(call: UMailCall) -> web.Response:
    """000 7.7, 001 7.4."""
    name = _own(call)
    page, limit = read.whole(call.params, "page", 0, 1, 10**9), read.whole(call.params, "limit", PAGE, 1, 10**6)
    boxes = (box for box in call.account.mailboxes if box.endswith(f"@{name}"))
    shown = islice(boxes, (page - 1) * limit, page * limit) if page else boxes
    rows = (element("data", _mailbox(call.account, box)) for box in shown)
    return document(element("mailbox_list", *rows))


def mailbox_add(call: UMailCall) -> web.Response:
    """000 7.8, 001 7.5."""
    box, password = read.required(call.params, "mailbox"), read.required(call.params, "pwd")
    if not ADDRESS.fullmatch(box):
        raise RefusedError("mailbox_error", "账号格式不对！")
    if box.partition("@")[2] not in call.account.domains:
        raise RefusedError("domain_error", "域名不存在！")
    if box in call.account.mailboxes:
        raise RefusedError("mailbox_error", "账号已存在！")
    call.account.mailboxes[box] = password
    return result("success", "添加账号成功！")


def mailbox_del(call: UMailCall) -> web.Response:
    """000 7.9, 001 7.6."""
    del call.account.mailboxes[_own_mailbox(call)]
    return result("success", "删除账号成功！")


def mailbox_edit(call: UMailCall) -> web.Response:
    """000 7.10, 001 7.7: a new password."""
    box = _own_mailbox(call)
    call.account.mailboxes[box] = read.required(call.params, "pwd")
    return result("success", "修改账号成功！")


def _add(call: UMailCall) -> Domain:
    name = read.required(call.params, "domain").lower()
    if not _NAME.fullmatch(name):
        raise RefusedError("domain_error", "域名格式不对！")
    everyone = call.world.umail.values()
    if name == SYSTEM or any(name in customer.domains for customer in everyone):
        raise RefusedError("domain_error", "域名已存在！")
    taken = {domain.id for customer in everyone for domain in customer.domains.values()}
    number = next(number for number in count(FIRST_ID) if number not in taken)
    call.account.domains[name] = Domain(number, verified=name in call.world.dns)
    return call.account.domains[name]


def _own(call: UMailCall) -> str:
    name = read.required(call.params, "domain").lower()
    if name not in call.account.domains:
        raise RefusedError("domain_error", "域名不存在！")
    return name


def _drop(call: UMailCall, name: str) -> None:
    """A domain goes with its mailboxes."""
    del call.account.domains[name]
    for box in [box for box in call.account.mailboxes if box.endswith(f"@{name}")]:
        del call.account.mailboxes[box]


def _own_mailbox(call: UMailCall) -> str:
    box = read.required(call.params, "mailbox")
    if box not in call.account.mailboxes:
        raise RefusedError("mailbox_error", "账号不存在！")
    return box


def _mailbox(account: Account, box: str) -> str:
    name, _, domain = box.partition("@")
    return fields(customer_id=account.customer_id, domain=domain, name=name, mailbox=box)


def _checked(call: UMailCall, name: str) -> str:
    domain, right = call.account.domains.get(name.lower()), name.lower() in call.world.dns
    if domain is not None:
        domain.verified = right
    status = (2 if domain else 0) + right
    number = domain.id if domain else 0
    shown = fields(customer_id=call.account.customer_id, domain_id=number, val=name, status=status, info=INFO[status])
    return shown + fields(dkim=f"v=DKIM1; k=rsa; p=MIGf{number}")
