"""The page: the workspace and the vendors' world in a browser, on loopback only."""

from sandbox.page.server import Page
from sandbox.page.webhooks import Webhooks
from sandbox.page.words import Word

__all__ = ["Page", "Webhooks", "Word"]
