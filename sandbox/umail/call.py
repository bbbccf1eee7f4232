"""A U-Mail call whose caller is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sandbox.mailing import Account
from sandbox.wire import Call
from sandbox.world import World


@dataclass
class UMailCall:
    """What a handler answers from: the world brought up to `now`, whose account it is, and what was asked."""

    world: World
    account: Account
    wire: Call
    now: datetime

    @cached_property
    def params(self) -> Mapping[str, str]:
        """All parameters but `do` may come by GET or POST (000 5.1, remark 1)."""
        return self.wire.params

    @property
    def v3(self) -> bool:
        """Whether the account speaks V3.0 (001)."""
        return self.account.dialect == "md5"
