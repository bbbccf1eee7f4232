"""The app that is installed in the workspace: its bot user, its secrets, and what its manifest lets it do."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from sandbox.slack.errors import SlackError

TokenKind = Literal["bot", "app", "none"]


@dataclass(slots=True)
class App:
    """An installed app. Without scopes and commands (None) it may do everything and knows every command."""

    name: str = "edmbot"
    scopes: tuple[str, ...] | None = None
    commands: tuple[str, ...] | None = None
    socket_mode: bool | None = None
    """Whether the manifest turned Socket Mode on; None: no manifest said so, both ways are open."""
    escapes: bool = True
    """Whether people, channels and links in a command's text arrive as ids: `should_escape`."""
    id: str = "A0EDMBOT"
    bot_user: str = "U0EDMBOT"
    bot_id: str = "B0EDMBOT"
    client_id: str = "10000000000.20000000000"
    client_secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    bot_token: str = field(default_factory=lambda: f"xoxb-{secrets.token_hex(16)}", repr=False)
    app_token: str = field(default_factory=lambda: f"xapp-{secrets.token_hex(16)}", repr=False)
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    verification_token: str = field(default_factory=lambda: secrets.token_hex(12), repr=False)
    revoked: bool = False

    @classmethod
    def installed(cls, manifest: Mapping[str, Any] | None) -> Self:
        """The app that Slack makes of an app manifest."""
        if manifest is None:
            return cls()
        features = manifest.get("features", {})
        slash = features.get("slash_commands", [])
        return cls(
            name=manifest["display_information"]["name"],
            scopes=tuple(manifest["oauth_config"]["scopes"]["bot"]),
            commands=tuple(command["command"] for command in slash),
            socket_mode=bool(manifest.get("settings", {}).get("socket_mode_enabled", False)),
            escapes=any(command.get("should_escape", False) for command in slash),
        )

    def may(self, scope: str) -> bool:
        """Whether the scope was granted."""
        return self.scopes is None or scope in self.scopes

    def require(self, *any_of: str) -> None:
        """SlackError missing_scope when none of the scopes was granted; nothing named: nothing needed."""
        if self.scopes is None or not any_of or set(any_of) & set(self.scopes):
            return
        raise SlackError("missing_scope", needed=",".join(any_of), provided=",".join(self.scopes))

    def authenticate(self, token: str | None, kind: TokenKind) -> None:
        """SlackError when the token is not the one of this kind; `none` asks for no token."""
        if kind == "none":
            return
        if not token:
            raise SlackError("not_authed")
        wanted, other = self.bot_token, self.app_token
        if kind == "app":
            wanted, other = other, wanted
        if token == other:
            raise SlackError("not_allowed_token_type")
        if not secrets.compare_digest(token.encode(), wanted.encode()):
            raise SlackError("invalid_auth")
        if self.revoked:
            raise SlackError("token_revoked")
