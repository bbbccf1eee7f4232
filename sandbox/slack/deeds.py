"""What all deeds of people have in common: what they begin with, and what comes of them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.slack import payloads
from sandbox.slack.agenda import Agenda
from sandbox.slack.blocks import Block
from sandbox.slack.delivery import Ack, Carrier
from sandbox.slack.faults import Faults
from sandbox.slack.messages import Confirm, Post
from sandbox.slack.people import Channel, Json, Person
from sandbox.slack.responses import ResponseUrls
from sandbox.slack.seeds import SLACKBOT
from sandbox.slack.triggers import Triggers
from sandbox.slack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of something that a person did, as far as the ack."""

    status: int | None
    """HTTP status of the ack; None when there was none, or nothing was sent."""
    seconds: float
    error: str | None = None
    """None, `operation_timeout`, `dispatch_failed`, `unknown_command`, or what Slack finds wrong with the ack."""
    command_id: str = ""
    """The sandbox's own name for this deed."""
    trigger_id: str = ""
    response_url: str = ""
    dialog: Confirm | None = None
    """The confirm dialog that was shown first."""
    sent: bool = True
    """Whether the app was told: not when the dialog was declined."""
    options: Sequence[Block] = ()
    """What the app suggested for an external select."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a deed needs."""

    workspace: Workspace
    carrier: Carrier
    responses: ResponseUrls
    triggers: Triggers
    faults: Faults
    agenda: Agenda

    def begin(self, user: str, kind: str) -> Json:
        """The beginning of an interaction's payload, with a new trigger id."""
        return payloads.common(self.workspace, self.workspace.people[user], kind, self.trigger(user))

    def trigger(self, user: str) -> str:
        return self.triggers.issue(user, repeat=self.faults.strike("repeat_trigger_id") is not None)

    def present(self, user: str, channel: str) -> tuple[Person, Channel]:
        """Who and where; ValueError when they cannot do anything there."""
        person, room = self.workspace.people[user], self.workspace.channels[channel]
        if user not in room.members:
            raise ValueError(f"{user} is not in {channel}")
        if room.archived:
            raise ValueError(f"{channel} is archived: nobody can do anything in it")
        return person, room

    def slackbot(self, user: str, channel: str, text: str) -> None:
        """Let Slackbot tell the person something."""
        self.workspace.post(Post(channel=channel, ts="", user=SLACKBOT, text=text, ephemeral_for=user))


def came(ack: Ack, trigger_id: str, response_url: str = "", asked: Confirm | None = None) -> Reply:
    return Reply(ack.status, ack.seconds, ack.error, secrets.token_hex(8), trigger_id, response_url, asked)
