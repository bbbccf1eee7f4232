"""Hypothesis's state machines on a database of either kind."""

import asyncio
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from sqlmodel import SQLModel, delete

from store.engine import Store

EXAMPLES = {"sqlite": (40, 2_000), "postgresql": (6, 200)}
"""How many each time, and how many in a soak: what is decided by states shows on either, and on SQLite sooner."""


class OnDatabase(RuleBasedStateMachine):
    """A machine that begins each example with no rows, in an event loop of its own."""

    url: ClassVar[str]

    def opened(self) -> Store:
        self.runner = asyncio.Runner()
        # Its schema is there; looking whether it is takes longer than most steps.
        self.store = Store(self.url)
        self.run(self.store.transact(_emptied))
        return self.store

    def restarted(self) -> Store:
        """What another process finds."""
        offset = self.store.clock_offset
        self.run(self.store.close())
        self.store = Store(self.url)
        self.store.clock_offset = offset
        return self.store

    def run(self, work):
        return self.runner.run(work)

    def teardown(self):
        if hasattr(self, "store"):
            self.run(self.store.close())
            self.runner.close()


def _emptied(session, now):
    # A database for each example would take most of the time.
    for table in reversed(SQLModel.metadata.sorted_tables):
        session.connection().execute(delete(table))


def explore(machine: type[OnDatabase], url: str, *, steps: int) -> None:
    """Run examples of so many steps: the same ones each time, or, in a soak, many new ones."""
    few, many = EXAMPLES[url.partition(":")[0]]
    how = settings(
        max_examples=few if settings().derandomize else many,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(type(machine.__name__, (machine,), {"url": url}), settings=how)
