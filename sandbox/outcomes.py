"""What becomes of the addresses of a U-Mail task: how many, of which kind, as a pure function of how far it got."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from zlib import crc32

BLOCK = 500
"""Addresses a block; each block draws its own shares, so that the curves are not straight lines."""
WOBBLE = 0.4
MOST = 0.7
"""Shares together may not exceed this, so that a block's failures never exceed its addresses."""


class Failure(IntEnum):
    """U-Mail's failure types (000 2.3.1), and the failures that no type explains."""

    OTHER = 0
    """Counted in `failed` and `send_failed`, but in no export: the types do not cover it."""
    NOT_EXIST = 1
    OVER_QUOTA = 2
    USER_REJECT = 3
    SPAM_CONTENT = 4
    REFUSED = 5
    BLACKLIST = 6
    COMPLAINT = 7
    INVALID_ADDR = 8
    FORMAT_ERROR = 9
    CONNECTION = 10


NOT_SENT = frozenset({Failure.BLACKLIST, Failure.COMPLAINT, Failure.INVALID_ADDR, Failure.FORMAT_ERROR})
"""Dropped before sending (000 2.4, `invalid`)."""
SEND_FAILED = frozenset({Failure.OTHER, Failure.CONNECTION})
"""The platform's own failures (`send_failed`)."""

Shares = Mapping[Failure, float]
"""Failures of each kind, as a share of the addresses processed."""

USUAL: dict[Failure, float] = {
    Failure.OTHER: 0.003,
    Failure.NOT_EXIST: 0.008,
    Failure.OVER_QUOTA: 0.002,
    Failure.USER_REJECT: 0.002,
    Failure.SPAM_CONTENT: 0.001,
    Failure.REFUSED: 0.002,
    Failure.BLACKLIST: 0.0005,
    Failure.COMPLAINT: 0.0002,
    Failure.INVALID_ADDR: 0.0075,
    Failure.FORMAT_ERROR: 0.0003,
    Failure.CONNECTION: 0.001,
}
"""A usual send: about 98.1 % delivered and 1.1 % bounced of what was sent."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many addresses were processed, and how many of them failed in which way."""

    processed: int = 0
    failures: Mapping[Failure, int] = field(default_factory=dict)

    def of(self, *kinds: Failure) -> int:
        return sum(self.failures.get(kind, 0) for kind in kinds)

    @property
    def not_sent(self) -> int:
        return self.of(*NOT_SENT)

    @property
    def sent(self) -> int:
        return self.processed - self.not_sent

    @property
    def failed(self) -> int:
        return sum(self.failures.values()) - self.not_sent

    @property
    def delivered(self) -> int:
        return self.sent - self.failed

    @property
    def send_failed(self) -> int:
        return self.of(*SEND_FAILED)

    @property
    def rebate(self) -> int:
        """Points given back once a task has ended: a choice of this sandbox, what the platform failed or refused."""
        return self.send_failed + self.of(Failure.REFUSED)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.processed + other.processed, {k: self.of(k) + other.of(k) for k in Failure})

    def __sub__(self, other: "Tally") -> "Tally":
        return Tally(self.processed - other.processed, {k: self.of(k) - other.of(k) for k in Failure})


class Stretch:
    """From one position on, addresses fail with these shares; the same key gives the same outcome, always."""

    def __init__(self, key: str, base: Tally, shares: Shares) -> None:
        if sum(shares.values()) > MOST:
            raise ValueError(f"failure shares together may not exceed {MOST}")
        self.begin = base.processed
        self._key = key
        self._shares = shares
        self._totals = [base]

    def tally(self, position: int) -> Tally:
        """Everything up to `position`, the base included. Never decreases as the position grows."""
        if position <= self.begin:
            return self._totals[0]
        block, rest = divmod(position - self.begin, BLOCK)
        self._draw(block + 1)
        before, quota = self._totals[block], self._totals[block + 1] - self._totals[block]
        return before + Tally(rest, {kind: quota.of(kind) * rest // BLOCK for kind in Failure})

    def _draw(self, blocks: int) -> None:
        for block in range(len(self._totals) - 1, blocks):
            dice = random.Random(f"{self._key}:{self.begin}:{block}")
            quota = {kind: _rounded(BLOCK * share, dice) for kind, share in self._shares.items()}
            self._totals.append(self._totals[-1] + Tally(BLOCK, quota))


def expected(sent: int, shares: Shares, key: str) -> Tally:
    """A whole day's or task's outcome for about `sent` addresses."""
    dice = random.Random(key)
    return Tally(sent, {kind: _rounded(sent * share, dice, wobble=0.05) for kind, share in shares.items()})


def _rounded(amount: float, dice: random.Random, wobble: float = WOBBLE) -> int:
    wobbled = amount * dice.uniform(1 - wobble, 1 + wobble)
    return int(wobbled) + (dice.random() < wobbled % 1)


_NAMES = ("wang.wei", "li.na", "zhang.min", "liu.yang", "chen.jie", "yang.fan", "zhao.lei", "zhou.tao", "anna", "tom")


def address(key: str, kind: Failure, index: int) -> str:
    """The address of the index-th failure of a kind; a format error lacks its @."""
    dice = crc32(f"{key}:{kind}:{index}".encode())
    sign = "#" if kind is Failure.FORMAT_ERROR else "@"
    return f"{_NAMES[dice % 10]}{index}{sign}{('mail', 'post', 'inbox')[dice // 10 % 3]}.example"
