"""mloperate.php: contact lists and their exports (000 4.1-4.6; 001 4.1-4.7).

000 calls the description `descrīption`; as a parameter `description` is taken too. Deleting a list takes its addresses
along; a list that a file is being imported into, or that an unfinished task sends to, is not deleted.
"""

from collections.abc import Iterator
from datetime import timedelta

from aiohttp import web

from sandbox.clock import vendor_time
from sandbox.contacts import MailList, generated_address
from sandbox.mailing import ENDED
from sandbox.umail import parameters as read
from sandbox.umail.call import UMailCall
from sandbox.umail.markup import RefusedError, document, element, fields, lines, result
from sandbox.umail.readers import email, position, reached_at

MOST = 10**18
LONGEST_NAME = 100
LONGEST_DESCRIPTION = 255
LEAVES_EVERY = 700
"""One mail of so many makes its recipient unsubscribe, half an hour later; the address stays in its list."""
LEAVES_AFTER = timedelta(minutes=30)


def maillist_list(call: UMailCall) -> web.Response:
    """4.1, without pages."""
    return document(
        element("maillist", *(element("item", _described(call, one)) for one in call.account.lists.values()))
    )


def maillist_detail(call: UMailCall) -> web.Response:
    """4.2."""
    return document(element("maillist", _described(call, known(call, "id"))))


def maillist_add(call: UMailCall) -> web.Response:
    """4.3: the new id as `data` in 000, words only in 001."""
    subject, enabled = _subject(call, "add"), _status(call, "add")
    if not subject or enabled is None:
        raise RefusedError("add_maillist_error", "必须传入subject和status！")
    number = max(call.account.lists, default=0) + 1
    call.account.lists[number] = MailList(number, subject, description=_description(call, "add") or "", enabled=enabled)
    if call.v3:
        return result("success", "添加联系人分类成功！")
    return document(element("result", fields(status="success", data=number)))


def maillist_edit(call: UMailCall) -> web.Response:
    """4.4; what is left out stays."""
    one = known(call, "id", word="update_maillist_error")
    subject, enabled, description = _subject(call, "update"), _status(call, "update"), _description(call, "update")
    if subject is None and enabled is None and description is None:
        raise RefusedError("update_maillist_error", "没有要修改的内容！")
    one.subject = subject or one.subject
    one.enabled = one.enabled if enabled is None else enabled
    one.description = one.description if description is None else description
    return result("success", "修改联系人分类成功！")


def maillist_del(call: UMailCall) -> web.Response:
    """4.5."""
    one = known(call, "id", word="delete_maillist_error")
    if importing(call, one):
        raise RefusedError("delete_address_error", "正在导入，不能删除！")
    if any(one.id in task.settings.list_ids and task.status not in ENDED for task in call.account.visible()):
        raise RefusedError("delete_maillist_error", "有未完成的任务，不能删除！")
    call.account.contacts.empty(one)
    del call.account.lists[one.id]
    return result("success", "删除联系人分类成功！")


def subscription_export(call: UMailCall) -> web.Response:
    """001 4.6: `address<TAB>name`."""
    found = call.account.contacts.all(known(call, "id").id)
    return lines(f"{one.person.address}\t{one.person.fullname}" for one in found)


def unsubscribe_export(call: UMailCall) -> web.Response:
    """000 4.6, 001 4.7: `time<TAB>address`."""
    return lines(_left(call, known(call, "id")))


def known(call: UMailCall, name: str, *, word: str = "not_exist") -> MailList:
    """The list that a query parameter names; refused with `word` when there is none."""
    read.required(call.wire.query, name)
    one = call.account.lists.get(read.whole(call.wire.query, name, 0, 1, MOST))
    if one is None:
        raise RefusedError(word, "联系人分类不存在！")
    return one


def importing(call: UMailCall, one: MailList) -> bool:
    """Whether a file is on its way into a list."""
    return any(job.target is one and not job.done for job in call.account.imports.values())


def _described(call: UMailCall, one: MailList) -> str:
    """`descrīption` and `input_status` are 000's."""
    described = {"description" if call.v3 else "descrīption": one.description}
    newer = {} if call.v3 else {"input_status": int(importing(call, one))}
    status = "enabled" if one.enabled else "disabled"
    return fields(id=one.id, subject=one.subject, **described, count=one.count, **newer, status=status)


def _subject(call: UMailCall, verb: str) -> str | None:
    subject = call.wire.form.get("subject")
    if subject is not None and not 0 < len(subject) <= LONGEST_NAME:
        raise RefusedError(f"{verb}_maillist_error", "联系人分类名称长度不对！")
    return subject


def _status(call: UMailCall, verb: str) -> bool | None:
    status = call.wire.form.get("status")
    if status not in (None, "enabled", "disabled"):
        raise RefusedError(f"{verb}_maillist_error", "status只能是enabled或disabled！")
    return None if status is None else status == "enabled"


def _description(call: UMailCall, verb: str) -> str | None:
    form = call.wire.form
    text = form.get("description") if call.v3 else form.get("descrīption", form.get("description"))
    if text is not None and len(text) > LONGEST_DESCRIPTION:
        raise RefusedError(f"{verb}_describe_error", "分类说明太长！")
    return text


def _left(call: UMailCall, one: MailList) -> Iterator[str]:
    """Those before the world began, those that mails made leave, those that were asked to be taken out."""
    for index in range(one.left_before):
        time = f"2026-01-{1 + index % 28:02} 08:{index // 60 % 60:02}:{index % 60:02}"
        yield f"{time}\t{generated_address(one.id, index)}"
    for task in list(call.account.tasks.values()):
        for place in range(LEAVES_EVERY, position(task, call.now - LEAVES_AFTER), LEAVES_EVERY):
            address = email(task, place)
            if f".{one.id}-" in address:
                yield f"{vendor_time(reached_at(task, place) + LEAVES_AFTER)}\t{address}"
    for at, address in list(one.left):
        yield f"{vendor_time(at)}\t{address}"
