"""U-Mail's door: who calls, in which dialect, and which call it is."""

import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from hashlib import md5

from aiohttp import web

from sandbox.mailing import Account
from sandbox.material import Manager
from sandbox.umail import (
    account,
    addresses,
    daily,
    domains,
    failures,
    lists,
    statistics,
    tasks,
    templates,
    tracking,
    uploads,
)
from sandbox.umail.call import UMailCall
from sandbox.umail.markup import RefusedError, result
from sandbox.umail.parameters import refuse, whole
from sandbox.wire import Call, VendorName
from sandbox.world import World

BASE = "/mm-ms/apinew/"

MANAGERS_ONLY = frozenset({("bs", "domain-add"), ("bs", "domain-del")})
MANAGERS_TOO = frozenset(
    ("bs", do) for do in ("domain-list", "mailbox-list", "mailbox-add", "mailbox-del", "mailbox-edit")
)
"""Calls that a manager makes for a customer, with `user_type=manager` and `customer_id`."""

Handler = Callable[[UMailCall], web.Response]

CALLS: dict[tuple[str, str], Handler] = {
    ("account", "customer-info"): account.customer_info,
    ("account", "service-info"): account.service_info,
    ("task", "list-task"): tasks.list_task,
    ("task", "task-list"): tasks.task_list,
    ("task", "add-task"): tasks.add_task,
    ("task", "edit-task"): tasks.edit_task,
    ("task", "del-task"): tasks.del_task,
    ("statistic", ""): statistics.statistic,
    ("stask", ""): statistics.stask,
    ("failexport", ""): failures.failexport,
    ("failexportall", ""): failures.failexportall,
    ("deduction", ""): daily.deduction,
    ("maillog", ""): daily.maillog,
    ("track", "overview"): tracking.overview,
    ("track", "open-detail"): tracking.open_detail,
    ("track", "click-detail"): tracking.click_detail,
    ("track", "link-stat"): tracking.link_stat,
    ("trackexport", ""): tracking.trackexport,
    ("mloperate", "maillist-list"): lists.maillist_list,
    ("mloperate", "maillist-detail"): lists.maillist_detail,
    ("mloperate", "maillist-add"): lists.maillist_add,
    ("mloperate", "maillist-edit"): lists.maillist_edit,
    ("mloperate", "maillist-del"): lists.maillist_del,
    ("mloperate", "subscription-export"): lists.subscription_export,
    ("mloperate", "unsubscribe-export"): lists.unsubscribe_export,
    ("mloperate", "ml-addr-list"): addresses.ml_addr_list,
    ("mloperate", "ml-addr-add"): addresses.ml_addr_add,
    ("mloperate", "ml-addr-edit"): addresses.ml_addr_edit,
    ("mloperate", "ml-addr-del"): addresses.ml_addr_del,
    ("mloperate", "ml-addr-empty"): addresses.ml_addr_empty,
    ("mloperate", "ml-sub"): addresses.ml_sub,
    ("mloperate", "ml-unsub"): addresses.ml_unsub,
    ("mloperate", "ml-addr-add-file"): uploads.ml_addr_add_file,
    ("mloperate", "ml-addr-add-file-query"): uploads.ml_addr_add_file_query,
    ("mloperate", "ml-addr-add-log"): uploads.ml_addr_add_log,
    ("template", "add-tpl"): templates.add_tpl,
    ("template", "get-tpl-status"): templates.get_tpl_status,
    ("template", "list-tpl"): templates.list_tpl,
    ("template", "del-tpl"): templates.del_tpl,
    ("template", "edit-tpl"): templates.edit_tpl,
    ("template", "tpl-attachment-add"): templates.tpl_attachment_add,
    ("template", "tpl-attachment-del"): templates.tpl_attachment_del,
    ("bs", "domain-list"): domains.domain_list,
    ("bs", "customer-domain-add"): domains.customer_domain_add,
    ("bs", "domain-check"): domains.domain_check,
    ("bs", "domain-add"): domains.domain_add,
    ("bs", "domain-del"): domains.domain_del,
    ("bs", "customer-domain-del"): domains.customer_domain_del,
    ("bs", "mailbox-list"): domains.mailbox_list,
    ("bs", "mailbox-add"): domains.mailbox_add,
    ("bs", "mailbox-del"): domains.mailbox_del,
    ("bs", "mailbox-edit"): domains.mailbox_edit,
}
ONLY: dict[tuple[str, str], str] = {
    ("failexportall", ""): "basic",
    ("maillog", ""): "basic",
    ("mloperate", "ml-addr-add-file-query"): "basic",
    ("mloperate", "ml-addr-add-log"): "basic",
    ("mloperate", "subscription-export"): "md5",
    ("mloperate", "ml-addr-edit"): "md5",
    ("template", "get-tpl-status"): "basic",
    ("bs", "customer-domain-add"): "basic",
    ("bs", "domain-check"): "basic",
    ("bs", "customer-domain-del"): "basic",
}
"""Calls that one document does not have: a script is missing, a `do` is unknown."""


def name(request: web.Request, query: Mapping[str, str]) -> tuple[VendorName, str]:
    """Credentials in the query mean V3.0; the call is its `do`, which must stand in the query, or its script."""
    basic = "Authorization" in request.headers or "username" not in query
    return ("umail" if basic else "umail_v3"), query.get("do") or request.match_info["path"].removesuffix(".php")


class UMail:
    """Answers U-Mail's calls from the world. Each account speaks the one dialect it was set up for."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, call: Call) -> web.Response:
        """Authentication first: 401 in the 2019 dialect, a `<result>` under HTTP 200 in V3.0; both undocumented."""
        caller = self._basic(call) if call.vendor == "umail" else self._md5(call)
        if caller is None and call.vendor == "umail":
            return web.Response(status=401, text="Unauthorized", headers={"WWW-Authenticate": 'Basic realm="U-Mail"'})
        if caller is None:
            return result("auth_error", "用户名或密码错误")
        return self._dispatch(caller, call)

    def _dispatch(self, caller: Account | Manager, call: Call) -> web.Response:
        """404 for a script that the caller's document does not have, `do_error` for such a `do`."""
        key = (call.path.removesuffix(".php"), call.query.get("do", ""))
        if not call.path.endswith(".php") or key[0] not in {script for script, _ in CALLS}:
            return web.Response(status=404, text="Not Found")
        handler = CALLS.get(key)
        elsewhere = ONLY.get(key, caller.dialect) != caller.dialect
        if elsewhere and not key[1]:
            return web.Response(status=404, text="Not Found")
        if handler is None or elsewhere:
            return result("do_error", "do参数错误")
        try:
            customer = self._customer(caller, call, key)
            return handler(UMailCall(self._world, customer, call, self._world.advance()))
        except RefusedError as refusal:
            return result(refusal.word, refusal.text)

    def _customer(self, caller: Account | Manager, call: Call, key: tuple[str, str]) -> Account:
        """Whose account it is about: the caller's own, or for a manager that of `customer_id` (000 7.1, 7.4)."""
        as_manager = key in MANAGERS_ONLY or call.params.get("user_type") == "manager"
        if call.params.get("user_type", "") not in {"", "customer", "manager"}:
            raise refuse("user_type", "manager或customer")
        if isinstance(caller, Account):
            if as_manager:
                raise RefusedError("auth_error", "管理员账号才可调用")
            return caller
        if not as_manager or key not in MANAGERS_ONLY | MANAGERS_TOO:
            raise RefusedError("auth_error", "管理员账号不可调用")
        number = whole(call.params, "customer_id", 0, 1, 10**18)
        customers = self._world.umail.values()
        found = next((one for one in customers if one.customer_id == number and number in caller.customers), None)
        if found is None:
            raise RefusedError("customer_error", "客户不存在！")
        return found

    def _basic(self, call: Call) -> Account | Manager | None:
        """HTTP Basic with the password in clear (000 chapter 9)."""
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        try:
            username, _, password = b64decode(token, validate=True).decode().partition(":")
        except ValueError:
            return None
        caller = self._caller(username, "basic")
        if scheme.lower() != "basic" or caller is None:
            return None
        return caller if hmac.compare_digest(caller.password.encode(), password.encode()) else None

    def _md5(self, call: Call) -> Account | Manager | None:
        """`username` and the MD5 of the password as GET parameters (001 chapter 1)."""
        caller = self._caller(call.query.get("username", ""), "md5")
        if caller is None:
            return None
        digest = md5(caller.password.encode(), usedforsecurity=False).hexdigest()
        given = call.query.get("password", "").encode()
        return caller if hmac.compare_digest(digest.encode(), given) else None

    def _caller(self, username: str, dialect: str) -> Account | Manager | None:
        caller = self._world.umail.get(username) or self._world.managers.get(username)
        return caller if caller is not None and caller.dialect == dialect else None
