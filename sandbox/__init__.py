"""The outside world in a box: vendors and a Slack workspace, on loopback."""

from sandbox.box import Sandbox
from sandbox.clock import WorldClock

__all__ = ["Sandbox", "WorldClock"]
