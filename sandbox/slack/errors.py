"""What Slack answers when it says no."""

from collections.abc import Sequence


class SlackError(Exception):
    """An answer with `ok: false`; `extra` are its further fields."""

    def __init__(self, error: str, **extra: object) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra


def refused(error: str, problems: Sequence[str]) -> SlackError:
    """An error with Slack's list of reasons, once bare and once as messages."""
    messages = [f"[ERROR] {problem}" for problem in problems]
    return SlackError(error, errors=list(problems), response_metadata={"messages": messages})


class RateLimitedError(Exception):
    """HTTP 429, with Retry-After in whole seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds
