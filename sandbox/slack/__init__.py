"""A Slack workspace in a box: strict where Slack is strict, on loopback only.

`SlackServer.start()` gives one; a Bolt app talks to it over real sockets, and a test types commands, presses buttons
and reads what a person would read.
"""

from sandbox.slack.api import Call
from sandbox.slack.changes import Change
from sandbox.slack.deeds import Reply
from sandbox.slack.messages import Button, Confirm, Message
from sandbox.slack.server import SlackServer
from sandbox.slack.views import View

__all__ = ["Button", "Call", "Change", "Confirm", "Message", "Reply", "SlackServer", "View"]
