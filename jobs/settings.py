"""What app.yaml says about the clock: how often vendors are asked, when the digest goes, how long things are kept."""

import re
from collections.abc import Mapping
from datetime import time, timedelta
from types import MappingProxyType
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bridge.durations import Span, TimeOfDay

_CHANNEL = re.compile(r"[CGD][A-Z0-9]+")
_OFTEN = timedelta(seconds=10)
_RARELY = timedelta(days=7)


def _interval(span: timedelta) -> timedelta:
    if not _OFTEN <= span <= _RARELY:
        raise ValueError("must be between 10s and 7d")
    return span


def _channel(text: str) -> str:
    if not _CHANNEL.fullmatch(text):
        raise ValueError("is not a channel's id; copy it from the channel's details (C…)")
    return text


Interval: TypeAlias = Annotated[Span, AfterValidator(_interval)]
Channel: TypeAlias = Annotated[str, AfterValidator(_channel)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Polling(_Section):
    """How often each account is asked for what it has."""

    tasks: Interval = timedelta(seconds=60)
    """Tasks that are being sent; those that wait are asked for a fifth as often."""
    watched: Interval = timedelta(seconds=10)
    """Tasks that somebody follows live."""
    statistics: Interval = timedelta(minutes=5)
    """Counters of the day and of the tasks that are being sent."""
    balance: Interval = timedelta(minutes=10)
    templates: Interval = timedelta(minutes=30)
    domains: Interval = timedelta(hours=6)
    imports: Interval = timedelta(minutes=2)
    messages: Interval = timedelta(minutes=1)
    """Single messages that somebody watches."""


class Digest(_Section):
    """The scheduled summary."""

    at: TimeOfDay = time(9)
    channels: tuple[Channel, ...] = ()
    """Besides `channels.digest`."""
    times: Annotated[Mapping[Channel, TimeOfDay], AfterValidator(MappingProxyType)] = Field(
        default_factory=lambda: MappingProxyType({})
    )
    """By channel, where it differs from `at`."""


class Retention(_Section):
    """How long things are kept."""

    events: Span = timedelta(days=400)
    """Events, alerts that are over and the messages that showed them."""
    raw: Span = timedelta(days=30)
    """What vendors said, in their words."""
    samples: Span = timedelta(days=90)
    """Counters."""
    runs: Span = timedelta(days=400)
    """Commands and clicks: the audit log."""
