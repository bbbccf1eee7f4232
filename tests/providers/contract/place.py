"""The sandbox's world as the contract finds it: everything that `Names` names is there."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

from providers.messages import MessageId
from providers.model import BatchNumber, SendId, StatisticsId
from providers.tracking import TrackId
from sandbox import Sandbox
from sandbox.contacts import MailList
from sandbox.imports import Import
from sandbox.mailing import Account, Task
from sandbox.material import Domain
from tests.providers.contract.row import Names

SHANGHAI = ZoneInfo("Asia/Shanghai")
LIST_SIZE = 60
LEFT = 3
_CUSTOMERS = {"umail": "demo-umail", "umail-v3": "demo-umail-v3"}
_MANAGERS = {"umail": "demo-manager", "umail-v3": "demo-manager-v3"}
_TASKS = {"umail": ("19122", "19126"), "umail-v3": ("7001", "7003")}
"""One that has been sent, and one that waits."""
_DOMAINS = {"umail": "shop.example", "umail-v3": "old.example"}


@dataclass(frozen=True)
class Place:
    """Where a call of one kind of account arrives."""

    kind: str
    box: Sandbox
    names: Names

    @property
    def dialect(self) -> str:
        return "umail-v3" if self.kind.startswith("umail-v3") else "umail"

    @property
    def account(self) -> Account:
        """The U-Mail customer that it is about."""
        return self.box.world.umail[_CUSTOMERS[self.dialect]]

    @property
    def task(self) -> Task:
        return self.box.world.task(int(self.names.task))

    @property
    def list(self) -> MailList:
        return self.account.lists[int(self.names.list)]

    @property
    def now(self) -> datetime:
        return self.box.world.advance()

    def local_day(self, moment: datetime) -> date:
        return moment.astimezone(SHANGHAI).date()

    def section(self) -> dict[str, str]:
        """The account's section of app.yaml."""
        if self.kind.startswith("umail"):
            return self._umail_section()
        world = self.box.world
        if self.kind == "emailcar":
            car = world.emailcar
            return {"base_url": self.box.emailcar.url, "username": car.username, "password": car.password}
        itnio = world.itnio
        said = {"app_id": itnio.app_id, "api_key": itnio.api_key, "api_secret": itnio.api_secret}
        return {"base_url": self.box.itnio.url, **said, "method": "POST" if self.kind == "itnio-post" else "GET"}

    def _umail_section(self) -> dict[str, str]:
        manager = self.kind.endswith("manager")
        who = self.box.world.managers[_MANAGERS[self.dialect]] if manager else self.account
        section = {"base_url": self.box.umail.url, "username": who.username, "password": who.password}
        section["auth"] = "md5" if self.dialect == "umail-v3" else "basic"
        if manager or self.kind.endswith("sub"):
            section["customer_id"] = str(self.account.customer_id)
        if manager:
            return section | {"user_type": "manager"}
        smtp = {"smtp_host": self.box.smtp.host, "smtp_port": str(self.box.smtp.port), "smtp_tls": "optional"}
        mailbox = self.names.mailbox
        return section | smtp | {"smtp_username": mailbox, "smtp_password": self.account.mailboxes[mailbox]}


def furnished(box: Sandbox, kind: str) -> Place:
    """The demo's world with what it lacks: a spare list, domain, attachment and import; a task whose clicks count."""
    place = Place(kind, box, Names())
    if not kind.startswith("umail"):
        ids = box.world.itnio.messages if kind.startswith("itnio") else box.world.emailcar.messages
        return replace(place, names=Names(messages=tuple(MessageId(str(one.id)) for one in _first(ids))))
    account = place.account
    task = account.tasks[int(_TASKS[place.dialect][0])]
    task.settings.track_status = 2
    account.lists[99] = MailList(99, "备用 & <spare>", LIST_SIZE, left_before=LEFT)
    account.domains["spare.example"] = Domain(9, verified=False)
    account.templates[17].attachments[7] = ("价格.txt", 3)
    arrived = place.now - timedelta(hours=1)
    account.imports[10] = Import.received(
        10, account.lists[99], "客户.csv", arrived, BytesIO(b"new@mail.example\nbad\n")
    )
    names = Names(
        task=SendId(str(task.id)),
        waiting=SendId(_TASKS[place.dialect][1]),
        batch=BatchNumber(task.sn),
        statistics=StatisticsId(str(task.statistics_id)),
        track=TrackId(str(2_000_000 + task.id * 10)),
        domain=_DOMAINS[place.dialect],
        mailbox=next(iter(account.mailboxes)),
        sender=next(iter(account.mailboxes)),
    )
    return replace(place, names=names)


def _first(messages: object) -> list[object]:
    return list(messages.values() if isinstance(messages, dict) else messages)[:5]
