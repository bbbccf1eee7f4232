"""The data of events about what happens here: rules, alerts, requests, endpoints."""

from typing import Annotated, Any, TypeAlias

from pydantic import Field

from bridge.alerts.rules import RuleKind, Severity
from bridge.alerts.verdicts import Reason
from bridge.events import EventType
from bridge.webhooks.schemas.forms import Data, word
from store.tables import AlertState, ApprovalKind

AlertWord: TypeAlias = Annotated[str, word(AlertState)]
RaisedWord: TypeAlias = Annotated[str, word(Reason, "snooze_over")]


class RuleSaid(Data):
    """What a rule found; the alert's own events say more."""

    alert: str
    """The alert's id; its events are about `alert/ID`."""
    rule: str
    """The rule's name in app.yaml."""
    severity: Severity
    """How bad the rule says that it is."""


class EndpointData(Data):
    """A webhook endpoint of yours in trouble, or out of it."""

    endpoint: str
    """The endpoint's id."""
    name: str | None
    """Its name."""
    reason: str | None
    """What its last answer was; `gone`: HTTP 410. null: it works."""
    since: str | None = Field(json_schema_extra={"format": "date-time"})
    """Since when it has taken nothing."""
    dead: int | None
    """How many events are given up with it; null where it goes on."""


class DeliveryData(Data):
    """An event that an endpoint did not take."""

    endpoint: str
    """The endpoint's id."""
    name: str | None
    """Its name."""
    reason: str
    """What the last try came to, such as `HTTP 500`."""
    event: str
    """The id of the event that was given up."""
    type: Annotated[str, word(EventType)]
    """Its type."""
    subject: str
    """Its subject."""
    attempts: int
    """How often it was tried."""
    status: int | None
    """The HTTP status of the last answer; null: there was none."""


class AlertData(Data):
    """One rule that holds for one subject."""

    rule: str
    """The rule's name in app.yaml."""
    kind: RuleKind
    """What the rule looks at."""
    severity: Severity
    """How bad it is."""
    about: str
    """The subject that the rule holds for, such as `task/19124`."""
    reason: RaisedWord
    """Why, by name; `snooze_over`: somebody wanted to hear of it later."""
    by: str | None
    """Who did it, a Slack user's id; null: it went so by itself."""
    from_: AlertWord
    """Its state before."""
    to: AlertWord
    """Its state now."""


class SnoozeData(AlertData):
    """An alert that somebody wants to hear of later."""

    until: str = Field(json_schema_extra={"format": "date-time"})
    """When it is told again."""


class AssignData(AlertData):
    """An alert that somebody was asked to look after."""

    who: str
    """Who was asked, a Slack user's id."""


class EscalationData(AlertData):
    """An alert that nobody acknowledged in time."""

    step: int
    """Which step of the escalation was taken, from 1."""


class ApprovalData(Data):
    """A request to send."""

    approval_id: str
    """The request's id."""
    kind: ApprovalKind
    """What is asked for."""
    account: str
    """The account's name in app.yaml."""
    subject: str
    """What is to be sent: `task/19124`, `draft/0198…`."""
    name: str | None
    """What it is called; null where it could not be read."""
    recipients: int | None
    """How many people it goes to; null where it could not be read."""
    by: str | None
    """Who did it, a Slack user's id; null: nobody, it went so by itself."""
    reason: str | None
    """The asker's words; at an end why it ended so, a person's words or a name of ours."""
    hash: str
    """SHA-256 of what is approved; empty until it was read."""
    votes: list[str]
    """Who has said yes to it as it is, Slack users' ids."""
    needed: int
    """How many must."""
    result: dict[str, Any] | None
    """What the vendor answered and what was read afterwards; null where nothing was asked of it."""
