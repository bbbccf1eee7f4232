"""U-Mail's door: who calls, in which dialect, and which call it is."""

import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from hashlib import md5

from aiohttp import web

from sandbox.mailing import Account
from sandbox.umail import account, addresses, daily, failures, lists, statistics, tasks, tracking, uploads
from sandbox.umail.call import UMailCall
from sandbox.umail.markup import RefusedError, result
from sandbox.wire import Call, VendorName
from sandbox.world import World

BASE = "/mm-ms/apinew/"

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
}
ONLY: dict[tuple[str, str], str] = {
    ("failexportall", ""): "basic",
    ("maillog", ""): "basic",
    ("mloperate", "ml-addr-add-file-query"): "basic",
    ("mloperate", "ml-addr-add-log"): "basic",
    ("mloperate", "subscription-export"): "md5",
    ("mloperate", "ml-addr-edit"): "md5",
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
        customer = self._basic(call) if call.vendor == "umail" else self._md5(call)
        if customer is None and call.vendor == "umail":
            return web.Response(status=401, text="Unauthorized", headers={"WWW-Authenticate": 'Basic realm="U-Mail"'})
        if customer is None:
            return result("auth_error", "用户名或密码错误")
        key = (call.path.removesuffix(".php"), call.query.get("do", ""))
        handler = CALLS.get(key)
        if not call.path.endswith(".php") or key[0] not in {script for script, _ in CALLS}:
            return web.Response(status=404, text="Not Found")
        elsewhere = ONLY.get(key, customer.dialect) != customer.dialect
        if elsewhere and not key[1]:
            return web.Response(status=404, text="Not Found")
        if handler is None or elsewhere:
            return result("do_error", "do参数错误")
        return self._carry_out(handler, UMailCall(self._world, customer, call, self._world.advance()))

    def _carry_out(self, handler: Handler, call: UMailCall) -> web.Response:
        try:
            return handler(call)
        except RefusedError as refusal:
            return result(refusal.word, refusal.text)

    def _basic(self, call: Call) -> Account | None:
        """HTTP Basic with the password in clear (000 chapter 9)."""
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        try:
            username, _, password = b64decode(token, validate=True).decode().partition(":")
        except ValueError:
            return None
        customer = self._world.umail.get(username)
        if scheme.lower() != "basic" or customer is None or customer.dialect != "basic":
            return None
        return customer if hmac.compare_digest(customer.password.encode(), password.encode()) else None

    def _md5(self, call: Call) -> Account | None:
        """`username` and the MD5 of the password as GET parameters (001 chapter 1)."""
        customer = self._world.umail.get(call.query.get("username", ""))
        if customer is None or customer.dialect != "md5":
            return None
        digest = md5(customer.password.encode(), usedforsecurity=False).hexdigest()
        given = call.query.get("password", "").encode()
        return customer if hmac.compare_digest(digest.encode(), given) else None
