"""People, channels and user groups, and how the Web API shows them."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Team:
    """A workspace."""

    id: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class Person:
    """A user, human or bot."""

    id: str
    name: str
    """The handle, without @."""
    real_name: str
    team_id: str
    locale: str = "en-US"
    zone: str = "Asia/Shanghai"
    admin: bool = False
    restricted: bool = False
    deleted: bool = False
    bot_id: str | None = None

    @property
    def email(self) -> str | None:
        """People have one; bots have none."""
        return None if self.bot_id or self.id == "USLACKBOT" else f"{self.name}@{self.team_id.lower()}.example"

    def json(self, now: datetime, *, locale: bool, stranger: bool, email: bool) -> Json:
        """The user object of users.info; `locale` and `email` say whether it has them: see include_locale, scopes."""
        offset = now.astimezone(ZoneInfo(self.zone)).utcoffset()
        profile: Json = {
            "real_name": self.real_name,
            "display_name": self.name,
            "real_name_normalized": self.real_name,
            "display_name_normalized": self.name,
            "team": self.team_id,
        }
        if email and self.email:
            profile["email"] = self.email
        if self.bot_id:
            profile["bot_id"] = self.bot_id
        user: Json = {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "deleted": self.deleted,
            "real_name": self.real_name,
            "tz": self.zone,
            "tz_label": self.zone.rpartition("/")[2].replace("_", " "),
            "tz_offset": int(offset.total_seconds()) if offset else 0,
            "profile": profile,
            "is_admin": self.admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.restricted,
            "is_ultra_restricted": False,
            "is_bot": self.bot_id is not None,
            "is_app_user": False,
            "updated": 1_700_000_000,
        }
        # Slack leaves the key out for people of the caller's own workspace.
        return user | ({"is_stranger": True} if stranger else {}) | ({"locale": self.locale} if locale else {})


@dataclass(slots=True)
class Channel:
    """A channel or, where `im_with` says whom with, the bot's direct messages with a person."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    private: bool = False
    archived: bool = False
    shared: bool = False
    """With another workspace, by Slack Connect."""
    im_with: str | None = None
    topic: str = ""
    created: int = 1_700_000_000

    @property
    def family(self) -> str:
        """The first half of the scopes that concern it: channels, groups or im."""
        return "im" if self.im_with else "groups" if self.private else "channels"

    def json(self, viewer: str) -> Json:
        """The channel object of conversations.info, as `viewer` gets it."""
        if self.im_with:
            return {
                "id": self.id,
                "created": self.created,
                "is_archived": False,
                "is_im": True,
                "user": self.im_with,
                "is_user_deleted": False,
                "is_org_shared": False,
            }
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": not self.private,
            "is_group": False,
            "is_im": False,
            "is_mpim": False,
            "is_private": self.private,
            "created": self.created,
            "is_archived": self.archived,
            "is_general": self.name == "general",
            "is_shared": self.shared,
            "is_ext_shared": self.shared,
            "is_org_shared": False,
            "is_member": viewer in self.members,
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }


@dataclass(frozen=True, slots=True)
class Group:
    """A user group."""

    id: str
    handle: str
    name: str
    members: tuple[str, ...]

    def json(self, team: str, *, users: bool, count: bool) -> Json:
        """The object of usergroups.list; `users` and `count` are its arguments include_users and include_count."""
        group: Json = {
            "id": self.id,
            "team_id": team,
            "is_usergroup": True,
            "is_subteam": True,
            "name": self.name,
            "description": "",
            "handle": self.handle,
            "is_external": False,
            "date_create": 1_700_000_000,
            "date_delete": 0,
            "prefs": {"channels": [], "groups": []},
        }
        more: Json = {"users": list(self.members)} if users else {}
        return group | more | ({"user_count": str(len(self.members))} if count else {})
