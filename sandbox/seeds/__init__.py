"""What the world holds when it begins.

`demo` is the shop of the samples; `empty` is the same accounts, lists and templates before anything was sent. All
numbers are relative to the moment of the start, so that a stepped clock gives the same ones whatever its start is
(from two minutes past Shanghai's midnight on: earlier, today's EmailCar messages are still under way):

- U-Mail `demo-umail`: 311,016 of 5,000,000 points left; task 19124 shows 41,200 sent of 90,000 at 12,000 an hour; the
  day counts 41,163 sent, 40,000 delivered, 1,163 failed (640 not existing, 107 full, 175 refused), 350 not sent.
- EmailCar: 1,024 e-mail points, 7 SMS, none for ads; today 436 requested, 352 delivered, 84 failed.
- ITNIO: a few messages in every stage.
"""

from collections.abc import Callable

from sandbox.clock import WorldClock
from sandbox.seeds.accounts import emailcar, itnio, managers, umail, umail_v3
from sandbox.seeds.history import past_days
from sandbox.seeds.messages import mail_of_the_week, some_ids
from sandbox.seeds.tasks import demo_tasks, demo_v3_tasks
from sandbox.world import World


def empty(clock: WorldClock) -> World:
    """Accounts with credit, lists and templates; nothing sent."""
    now = clock.now()
    return World(clock, [umail(now), umail_v3(now)], emailcar(), itnio(), managers())


def demo(clock: WorldClock) -> World:
    """A shop in the middle of its November campaign."""
    world, now = empty(clock), clock.now()
    basic, v3 = world.umail.values()
    demo_tasks(basic, now)
    demo_v3_tasks(v3, now)
    for account in (basic, v3):
        past_days(account, now)
        for task in account.tasks.values():
            task.charged_before = task.charged(now)
    mail_of_the_week(world.emailcar, now)
    some_ids(world.itnio, now)
    return world


SEEDS: dict[str, Callable[[WorldClock], World]] = {"demo": demo, "empty": empty}
