"""Single messages of the demo: EmailCar's week and a few of ITNIO's."""

from datetime import datetime, timedelta

from sandbox.clock import day_start, vendor_day
from sandbox.messages import EmailCarAccount, ItnioAccount, Message

REQUESTED = 436
FAILED = 84
SUBJECTS = (
    "订单 8841 已发货",
    "Your order has shipped",
    "验证码 482913",
    "yjy111用户提交了一个任务(【包邮】)待审核",
)
AGES = (5, 8, 30, 45, 90, 600, 3_600, 7_200, 86_400)
"""Seconds before the start at which ITNIO's messages were submitted."""


def mail_of_the_week(account: EmailCarAccount, now: datetime) -> None:
    """Today's 436 and the six days before, oldest first, all with an outcome."""
    for ago in range(6, -1, -1):
        begin = day_start(vendor_day(now) - timedelta(days=ago))
        end = max(begin, now - timedelta(minutes=2)) if ago == 0 else begin + timedelta(hours=23)
        _day(account, begin, end, REQUESTED - 20 * ago)


def _day(account: EmailCarAccount, begin: datetime, end: datetime, requested: int) -> None:
    failed = FAILED if requested == REQUESTED else requested // 60
    for index in range(requested):
        fails = index * failed // requested != (index + 1) * failed // requested
        at = begin + (end - begin) * index / requested
        message = Message(account.next_id, f"guest{index}@mail.example", at, fails, index % 3)
        message.subject, message.sender = SUBJECTS[index % len(SUBJECTS)], "support@shop.example"
        message.sender_name, message.replyto = "小店客服", message.sender
        account.messages.append(message)
        account.next_id += 1


def some_ids(account: ItnioAccount, now: datetime) -> None:
    """Messages in every stage; every third fails."""
    for index, age in enumerate(AGES):
        account.submit(f"kunde{index}@mail.example", now - timedelta(seconds=age), fails=index % 3 == 2)
