"""The vendors' world on the page: how things stand, and the levers that make something happen."""

from collections.abc import Callable
from typing import Literal, cast, get_args

from sandbox.box import Sandbox
from sandbox.clock import vendor_time
from sandbox.mailing import Account, Status, Task
from sandbox.outcomes import USUAL, Failure
from sandbox.page.bodies import BadFieldError, Fields
from sandbox.slack.people import Json

VendorKey = Literal["umail", "emailcar", "itnio"]
NAMES: dict[VendorKey, str] = {"umail": "U-Mail", "emailcar": "EmailCar", "itnio": "ITNIO"}
SPEEDS = (1, 60, 600)
SKIPS = (600, 3_600, 86_400)
"""World seconds that one press moves on."""
SPIKE = USUAL | {Failure.NOT_EXIST: 0.22, Failure.OVER_QUOTA: 0.06}
"""From now on more than a quarter of the addresses bounce."""
ELSEWHERE = "other@shop.example"
"""Where answers go after somebody at the vendor's console has changed a task."""
DREGS = 500
"""Credit that is left when it is drained."""
LIVE = frozenset({Status.INGESTING, Status.PAUSED, Status.HELD, Status.QUEUED, Status.WAITING, Status.SENDING})


class Outside:
    """The vendors that the shipped configuration knows: one U-Mail customer, EmailCar, ITNIO."""

    def __init__(self, box: Sandbox) -> None:
        self._box = box
        self._down: set[str] = set()

    @property
    def _account(self) -> Account:
        return next(account for account in self._box.world.umail.values() if account.dialect == "basic")

    def state(self) -> Json:
        """How things stand now; looking lets everything happen that is due."""
        now = self._box.world.advance()
        account, car = self._account, self._box.world.emailcar
        credit = {
            "umail": {"left": account.balance(now), "of": account.bought},
            "emailcar": {"left": car.points_email, "of": None},
            "itnio": None,
        }
        vendors = [
            {"id": key, "name": name, "down": key in self._down, "credit": credit[key]} for key, name in NAMES.items()
        ]
        # What is under way comes first, then what is to come; a pause moves nothing.
        shown = sorted(account.visible(), key=lambda task: (task.status not in LIVE, task.time_start is None))
        tasks = [self._task(task) for task in shown]
        clock: Json = {"now": vendor_time(now), "speed": self._box.clock.speed, "speeds": SPEEDS, "skips": SKIPS}
        return {"clock": clock, "vendors": vendors, "tasks": tasks}

    def pull(self, body: Fields) -> None:
        """Pull the lever that `do` names; BadFieldError for what cannot be done."""
        _LEVERS[body.word("do", _LEVERS)](self, body)

    def _task(self, task: Task) -> Json:
        now = self._box.clock.now()
        names = [self._account.templates[one].name for one in task.settings.template_ids]
        tally = task.tally(now)
        return {
            "id": task.id,
            "name": ", ".join(names),
            "status": task.status.name.lower(),
            "done": task.position(now),
            "planned": task.planned,
            "bounced": round(100 * tally.failed / tally.sent, 1) if tally.sent else None,
            "live": task.status in LIVE,
        }

    def _speed(self, body: Fields) -> None:
        speed = body.whole("speed", SPEEDS)
        body.finish()
        self._box.world.advance()
        self._box.clock.accelerate(float(speed))

    def _skip(self, body: Fields) -> None:
        seconds = body.whole("seconds", SKIPS)
        body.finish()
        self._box.clock.step(float(seconds))
        self._box.world.advance()

    def _fail(self, body: Fields) -> None:
        task = self._named(body)
        if task.status not in LIVE:
            raise BadFieldError("task", "has ended already")
        task.enter(Status.FAILED, self._box.clock.now())

    def _spike(self, body: Fields) -> None:
        task = self._named(body)
        if task.status is not Status.SENDING:
            raise BadFieldError("task", "is not sending")
        self._box.world.worsen(task.id, SPIKE)

    def _edit(self, body: Fields) -> None:
        task = self._named(body)
        if task.status not in LIVE - {Status.SENDING}:
            raise BadFieldError("task", "has begun or ended")
        task.settings.replyto = ELSEWHERE

    def _drain(self, body: Fields) -> None:
        vendor = self._vendor(body)
        now = self._box.world.advance()
        if vendor == "itnio":
            raise BadFieldError("vendor", "has no credit that could be drained")
        if vendor == "umail":
            self._account.credit -= max(self._account.balance(now) - DREGS, 0)
        else:
            self._box.world.emailcar.points_email = min(self._box.world.emailcar.points_email, DREGS // 10)

    def _take_down(self, body: Fields) -> None:
        vendor = self._vendor(body)
        if vendor not in self._down:
            self._box.faults.inject(vendor, "down")
            self._down.add(vendor)

    def _bring_back(self, body: Fields) -> None:
        vendor = self._vendor(body)
        self._box.faults.clear(vendor)
        self._down.discard(vendor)

    def _named(self, body: Fields) -> Task:
        number = body.number("task")
        body.finish()
        self._box.world.advance()
        task = self._account.tasks.get(number)
        if task is None or task.deleted:
            raise BadFieldError("task", f"{number} is none of U-Mail's")
        return task

    def _vendor(self, body: Fields) -> VendorKey:
        vendor = body.word("vendor", get_args(VendorKey))
        body.finish()
        return cast("VendorKey", vendor)


_LEVERS: dict[str, Callable[[Outside, Fields], None]] = {
    "speed": Outside._speed,  # noqa: SLF001
    "skip": Outside._skip,  # noqa: SLF001
    "fail": Outside._fail,  # noqa: SLF001
    "spike": Outside._spike,  # noqa: SLF001
    "edit": Outside._edit,  # noqa: SLF001
    "drain": Outside._drain,  # noqa: SLF001
    "down": Outside._take_down,  # noqa: SLF001
    "up": Outside._bring_back,  # noqa: SLF001
}
