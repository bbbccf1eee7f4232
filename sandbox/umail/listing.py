"""One task as list-task and as task-list print it: two layouts, and two dialects of each."""

from collections.abc import Callable

from sandbox.clock import vendor_time
from sandbox.mailing import Account, Task
from sandbox.umail.call import UMailCall
from sandbox.umail.markup import element, fields


def list_row(call: UMailCall, task: Task) -> str:
    """000 2.1, which spells `send_satus` and puts it after `send_time`; 001 2.1. One template and one list only."""
    settings = task.settings
    tpl_id, list_id = settings.template_ids[0], settings.list_ids[0]
    return element(
        "task",
        fields(
            id=task.id,
            sn=task.sn,
            sender=_sender(call.account, task),
            sender_name=settings.fullname,
            replyto=settings.replyto,
            tpl_id=tpl_id,
            tpl_name=_template_name(call.account, tpl_id),
            addr_type=_addr_type(call.account, task),
            list_id=list_id,
            list_name=_list_name(call.account, list_id),
        ),
        _progress(call, task, middle={} if call.v3 else {"send_satus": task.status.value}),
        fields(send_status=task.status.value) if call.v3 else "",
        fields(track_status=settings.track_status),
    )


def task_row(call: UMailCall, task: Task) -> str:
    """000 6.1 with `<listes>`; 001 6.1 with a flat `list_id`."""
    settings = task.settings
    account = call.account
    return element(
        "task",
        fields(id=task.id, sn=task.sn, **_account_type(task), sender=_sender(account, task)),
        fields(replyto=settings.replyto, sender_name=settings.fullname),
        element("templates", *_items(settings.template_ids, "template", "tpl", lambda i: _template_name(account, i))),
        fields(addr_type=_addr_type(account, task)),
        _lists(call, task),
        _progress(call, task, middle={}),
        fields(send_status=task.status.value, track_status=settings.track_status),
    )


def _progress(call: UMailCall, task: Task, middle: dict[str, object]) -> str:
    tally = task.tally(call.now, settled=False)
    return fields(
        send_qty=task.settings.send_qty,
        send_qty_remak=task.planned,
        send_time=vendor_time(task.settings.send_time),
        **middle,
        time_start=vendor_time(task.time_start),
        time_end=vendor_time(task.time_end),
        send_count=tally.sent,
        error_count=tally.not_sent,
    )


def _lists(call: UMailCall, task: Task) -> str:
    if call.v3:
        first = task.settings.list_ids[0]
        return fields(list_id=first, list_name=_list_name(call.account, first))
    items = _items(task.settings.list_ids, "item", "list", lambda i: _list_name(call.account, i))
    return element("listes", *items)


def _items(ids: list[int], name: str, prefix: str, called: Callable[[int], str]) -> list[str]:
    return [element(name, fields(**{f"{prefix}_id": one, f"{prefix}_name": called(one)})) for one in ids]


def _account_type(task: Task) -> dict[str, str]:
    """`acct_domain` and `acct_address` are there only with their type (000 6.1)."""
    domain, address = task.settings.send_domain, task.settings.send_account
    if address != "all":
        return {"acct_type": "address", "acct_address": address}
    return {"acct_type": "all"} if domain == "all" else {"acct_type": "domain", "acct_domain": domain}


def _sender(account: Account, task: Task) -> str:
    """The address that is shown: of a whole domain or of all domains, the first mailbox."""
    if task.settings.send_account != "all":
        return task.settings.send_account
    domain = task.settings.send_domain
    return next((box for box in account.mailboxes if domain in ("all", box.partition("@")[2])), "")


def _template_name(account: Account, number: int) -> str:
    template = account.templates.get(number)
    return template.name if template else ""


def _list_name(account: Account, number: int) -> str:
    mail_list = account.lists.get(number)
    return mail_list.subject if mail_list else ""


def _addr_type(account: Account, task: Task) -> int:
    mail_list = account.lists.get(task.settings.list_ids[0])
    return int(mail_list.subscription) if mail_list else 0
