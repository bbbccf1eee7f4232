"""The customers, with their lists and templates. Their passwords open nothing but the sandbox."""

from dataclasses import replace
from datetime import date, datetime

from sandbox.clock import vendor_day
from sandbox.contacts import MailList
from sandbox.mailing import Account
from sandbox.material import Domain, Manager, Template
from sandbox.messages import EmailCarAccount, ItnioAccount

NASTY_LIST = "<!channel> *VIP* & _friends_"
NASTY_TEMPLATE = "<@U0EDM> *50 %* off & _more_ `now` <https://evil.example|here>"

TEMPLATES = {
    16: Template(16, "十一月大促 A/B", "双十一返场，最后三天"),
    17: Template(17, "十一月大促", "十一月大促开始了"),
    18: Template(18, "新品上架通知", "本周新品"),
    19: Template(19, "Spring catalogue", "Our spring catalogue is here"),
    20: Template(20, "November newsletter", "What's new in November"),
    21: Template(21, "未付款提醒", "您有一笔订单未付款"),
    22: Template(22, NASTY_TEMPLATE, NASTY_TEMPLATE),
    23: Template(23, "抽奖活动", "中奖通知！！！"),
}
LISTS = {
    5: MailList(5, "VIP", 90_000),
    7: MailList(7, "新品订阅", 18_400),
    8: MailList(8, "Newsletter EN", 12_000),
    9: MailList(9, "双十一未付款", 32_000),
    11: MailList(11, "官网订阅", 6_500, subscription=True),
    12: MailList(12, NASTY_LIST, 6_000),
}


def umail(now: datetime) -> Account:
    """The 2019 customer, whose service ends with the year."""
    this_year = vendor_day(now).year
    return Account(
        vendor="umail",
        username="demo-umail",
        password=_password("demo-umail"),
        dialect="basic",
        customer_id=7020,
        company="小店 & Co. <网店>",
        bought=5_000_000,
        credit=311_016,
        service_from=date(this_year, 1, 1),
        service_until=date(this_year, 12, 31),
        next_task_id=19_118,
        domains={"shop.example": Domain(3213), "news.example": Domain(3214)},
        mailboxes=dict.fromkeys(("news@shop.example", "service@shop.example", "hello@news.example"), "mailbox-开门"),
        templates={number: replace(one, attachments={}) for number, one in TEMPLATES.items()},
        lists={number: _fresh(one) for number, one in LISTS.items()},
    )


def umail_v3(now: datetime) -> Account:
    """The V3.0 customer."""
    this_year = vendor_day(now).year
    return Account(
        vendor="umail_v3",
        username="demo-umail-v3",
        password=_password("demo-umail-v3"),
        dialect="md5",
        customer_id=362,
        company="老店",
        bought=200_000,
        credit=48_200,
        service_from=date(this_year - 1, 7, 1),
        service_until=date(this_year + 1, 6, 30),
        next_task_id=7_001,
        domains={"old.example": Domain(1105)},
        mailboxes={"post@old.example": "mailbox-开门"},
        templates={number: replace(TEMPLATES[number], attachments={}) for number in (17, 18, 20)},
        lists={number: _fresh(LISTS[number]) for number in (7, 8, 11)},
    )


def managers() -> list[Manager]:
    """One for each dialect, over the one customer."""
    return [
        Manager("demo-manager", _password("demo-manager"), "basic", frozenset({7020})),
        Manager("demo-manager-v3", _password("demo-manager-v3"), "md5", frozenset({362})),
    ]


def emailcar() -> EmailCarAccount:
    return EmailCarAccount(
        username="demo-emailcar",
        email="demo@shop.example",
        password=_password("demo-emailcar"),
        senders={"support@shop.example", "news@shop.example"},
        points_email=1_024,
        points_sms=7,
        points_ad=0,
    )


def itnio() -> ItnioAccount:
    return ItnioAccount(app_id="demoapp1", api_key="demokey1", api_secret="demosecret1")  # noqa: S106


def _fresh(one: MailList) -> MailList:
    return replace(one, gone=set(), left=[])


def _password(of: str) -> str:
    return f"{of}-开门+1&2"
