"""The parameters that add-task and edit-task share (000 5.1, 6.2, 6.3; 001 the same)."""

from collections.abc import Mapping

from sandbox.mailing import DEFAULT_SPEED, Account, Settings
from sandbox.umail import parameters as read
from sandbox.umail.call import UMailCall
from sandbox.umail.markup import RefusedError

START: Mapping[str, frozenset[int]] = {"basic": frozenset({1, 2, -1, -2}), "md5": frozenset({1, 2, -1})}
"""What add-task takes as `status`. 000 lists all ten values; those that only the platform sets are refused here."""
SWITCH = frozenset({0, 1})
MOST = 10**9


def given(call: UMailCall, *, time: str, before: Settings | None = None) -> Settings:
    """The settings as given; what is left out takes the documented default, never the value `before`.

    On an edit (`before`), template, list and time have no documented default and stay; the sender becomes `all`, the
    quantity all addresses, tracking and receipt off, the speed and the unsubscribe link what add-task starts with,
    and name, reply-to and tracking domain become empty. 001 knows neither speed, range start nor receipt.
    """
    params = call.params
    send_time = read.moment(params, time) or (before.send_time if before else None)
    if send_time is None:
        raise read.refuse(time, "必须传入")
    newer = {} if call.v3 else params
    settings = Settings(
        template_ids=_known(call, "tpl_id", before.template_ids if before else None),
        list_ids=_known(call, "maillist_id", before.list_ids if before else None),
        send_time=send_time,
        fullname=params.get("send_fullname", ""),
        replyto=params.get("send_replyto", ""),
        send_qty=read.whole(params, "send_qty", 0, 0, MOST),
        send_qty_start=read.whole(newer, "send_qty_start", 1, 1, MOST),
        hour_speed=read.whole(newer, "hour_speed", DEFAULT_SPEED, 100, 75_000),
        subs_link=read.choice(params, "subs_link", 1, SWITCH),
        track_status=read.choice(params, "track_status", 0, frozenset({0, 1, 2})),
        track_domain=params.get("track_domain", ""),
        is_need_receipt=read.choice(newer, "is_need_receipt", 0, SWITCH),
    )
    settings.send_domain, settings.send_account = _sender(call, required=before is None)
    if settings.send_qty and settings.send_qty_start > settings.send_qty:
        raise read.refuse("send_qty", "小于send_qty_start")
    return settings


def planned(account: Account, settings: Settings) -> int:
    """How many addresses a task has: `send_qty` is the upper end of a range (000), 0 is all."""
    size = sum(account.lists[number].count for number in settings.list_ids)
    return max(min(settings.send_qty or size, size) - settings.send_qty_start + 1, 0)


def _known(call: UMailCall, name: str, before: list[int] | None) -> list[int]:
    """Ids of templates that may be sent, or of lists."""
    if before is not None and not call.params.get(name):
        return before
    several = not (call.v3 and name == "maillist_id")
    numbers = read.ids(call.params, name, several=several)
    templates = call.account.templates
    for number in numbers:
        if name == "maillist_id" and number not in call.account.lists:
            raise RefusedError("maillist_error", "联系人分类不存在！")
        if name == "tpl_id" and (number not in templates or templates[number].status(call.now) != 1):
            raise RefusedError("tpl_error", "模板不存在或未通过审核！")
    return numbers


def _sender(call: UMailCall, *, required: bool) -> tuple[str, str]:
    """Domain and address: `all` and `all`, a domain and `all`, or an address, which needs no domain (5.1, 2-4)."""
    address = read.required(call.params, "send_account") if required else call.params.get("send_account") or "all"
    domain = call.params.get("send_domain") or "all"
    if address != "all" and address not in call.account.mailboxes:
        raise RefusedError("send_account_error", "发件人不存在！")
    if domain != "all" and domain not in call.account.domains:
        raise RefusedError("send_domain_error", "发件人域名不存在！")
    return domain, address
