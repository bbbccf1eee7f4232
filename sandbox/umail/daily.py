"""deduction.php (000 and 001, 2.5) and maillog.php (000 2.6)."""

import json
from collections.abc import Iterator
from datetime import date

from aiohttp import web

from sandbox.clock import vendor_day, vendor_time
from sandbox.umail import parameters as read
from sandbox.umail.call import UMailCall
from sandbox.umail.markup import document, element, fields
from sandbox.umail.readers import email, position, reached_at
from sandbox.umail.statistics import prepaid_on


def deduction(call: UMailCall) -> web.Response:
    """A day's charges: points taken ahead for tasks, and those of SMTP. The words for the types are ours."""
    day = read.required_day(call.params, "date")
    tasks = list(call.account.tasks.values())
    sent = sum(task.tally_on(day, call.now, settled=False).sent for task in tasks)
    charges = [("Web群发", sent, sum(prepaid_on(task, day, call) for task in tasks))]
    if day in call.account.history:
        smtp = call.account.history[day].tally
        charges.append(("SMTP群发", smtp.sent, smtp.sent))
    return document(element("data", *(_charge(call, day, *charge) for charge in charges if charge[2])))


def maillog(call: UMailCall) -> web.Response:
    """JSON; the document shows only the empty one, the fields of a row are ours."""
    day = read.required_day(call.wire.query, "date")
    wanted = read.required(call.wire.query, "mail_to")
    return web.json_response(
        {"lists": [*_letters(call, day, wanted), *_mails(call, day, wanted)]},
        dumps=lambda data: json.dumps(data, ensure_ascii=False),
    )


def _charge(call: UMailCall, day: date, kind: str, sent: int, total: int) -> str:
    return element("list", fields(date=day, company=call.account.company, deduction=kind, send_num=sent, total=total))


def _letters(call: UMailCall, day: date, wanted: str) -> Iterator[dict[str, str]]:
    for letter in call.account.letters:
        if letter.recipient == wanted and vendor_day(letter.time) == day:
            yield {
                "mail_from": letter.sender,
                "mail_to": letter.recipient,
                "subject": letter.subject,
                "send_time": vendor_time(letter.time),
                "result": "success" if letter.failure is None else letter.failure.name.lower(),
            }


def _mails(call: UMailCall, day: date, wanted: str) -> Iterator[dict[str, str]]:
    for task in call.account.tasks.values():
        place = _place(wanted, task.settings.list_ids, task.settings.send_qty_start)
        if place is None or place >= position(task, call.now) or email(task, place) != wanted:
            continue
        at = reached_at(task, place)
        template = call.account.templates.get(task.settings.template_ids[0])
        if vendor_day(at) == day:
            yield {
                "mail_from": next(iter(call.account.mailboxes), ""),
                "mail_to": wanted,
                "subject": template.subject if template else "",
                "send_time": vendor_time(at),
                "result": "success",
            }


def _place(address: str, lists: list[int], start: int) -> int | None:
    """Where a task sends to a computed address: the inverse of `readers.email`."""
    number, _, index = address.partition("@")[0].rpartition(".")[2].partition("-")
    if not (number.isdecimal() and index.isdecimal() and int(number) in lists):
        return None
    place = (int(index) - start + 1) * len(lists) + lists.index(int(number))
    return place if place >= 0 else None
