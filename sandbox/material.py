"""What a U-Mail customer keeps for sending: templates, domains, mailboxes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

CHECK = timedelta(minutes=3)
"""How long the platform looks at a new or changed template."""
SUSPECT = ("中奖", "发票", "赌博", "viagra")
"""Words that a check rejects."""
DOUBTFUL = ("免费", "100%", "free")
"""Words that a check lets pass as yellow."""
_LONG_AGO = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


@dataclass(slots=True)
class Template:
    """A mail template; only one that passed its check can be sent. Several subjects are separated by `|`."""

    id: int
    name: str
    subject: str
    content: str = "<html><body><p>您好，{fullname}！</p><a href='https://shop.example/'>看看</a></body></html>"
    text: str = ""
    encoding: str = "base64"
    created: datetime = _LONG_AGO
    updated: datetime = _LONG_AGO
    checked: datetime = _LONG_AGO
    """When the running or last check ends."""
    attachments: dict[int, tuple[str, int]] = field(default_factory=dict)
    """File name and size in bytes, by attachment id."""

    def edited(self, now: datetime) -> None:
        """Begin a new check."""
        self.updated, self.checked = now, now + CHECK

    def status(self, now: datetime) -> int:
        """-1 checking, 0 rejected, 1 passed (000 5.3)."""
        return -1 if now < self.checked else int(self.colour(now) != "red")

    def colour(self, now: datetime) -> str:
        """Empty while checking, then green, yellow or red."""
        words = f"{self.name} {self.subject} {self.content}".lower()
        if now < self.checked:
            return ""
        if any(word in words for word in SUSPECT):
            return "red"
        return "yellow" if any(word in words for word in DOUBTFUL) else "green"

    def size_known(self, now: datetime) -> bool:
        """Whether the size has been counted, which takes the first third of a check."""
        return now >= self.checked - CHECK * 2 / 3

    @property
    def kilobytes(self) -> int:
        size = len(f"{self.content}{self.text}".encode()) + sum(size for _, size in self.attachments.values())
        return -(-size // 1024)


@dataclass(slots=True)
class Domain:
    """A sender domain of a customer; `verified` once its DNS was seen to be right."""

    id: int
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Manager:
    """Who may act for customers: their ids (000 and 001, chapter 7)."""

    username: str
    password: str
    dialect: str
    customers: frozenset[int]
