"""The Slack app that fits the configuration, as the manifest from which Slack makes it.

Source: docs.slack.dev/reference/app-manifest; the limits are those of github.com/slackapi/manifest-schema.
"""

from bot.config import Config, Language, SlackConfig

SCOPES = {
    "commands": "the slash command",
    "chat:write": "answers and announcements, in channels that the bot was invited to",
    "im:write": "answers to one person, where no other way is left",
    "files:write": "exports and charts",
    "files:read": "files of contacts and templates that people hand over in a form",
    "users:read": "who asks, and from which workspace",
    "users:read.email": "your own address, for a test of what is to be sent",
    "usergroups:read": "roles that are given to user groups",
    "channels:read": "whether the bot is in the channels of app.yaml",
    "groups:read": "whether the bot is in the private channels of app.yaml",
    "channels:history": "whether a message whose answer was lost was posted after all",
    "groups:history": "whether a message in a private channel was posted after all",
    "im:history": "whether a direct message was posted after all",
}
"""Each permission that the bot asks for, and what for."""

EVENTS = ["app_home_opened", "member_joined_channel", "channel_unarchive", "group_unarchive"]
"""What Slack tells the bot: a person looks at App Home; a channel can be written to again."""

_DESCRIPTION = {
    Language.EN: "Balance, tasks and statistics of your e-mail campaigns",
    Language.ZH: "邮件营销账户的余额、发送任务与统计",
}


def manifest(config: Config, url: str) -> dict[str, object]:
    """The app manifest, ready for JSON.

    `url` is where Slack reaches the bot from outside, such as `https://edmbot.example.com`; unused in mode socket.
    """
    slack = config.slack
    if slack is None:
        raise ValueError("there is no Slack app without the section slack: load with Purpose.MANIFEST")
    description = _DESCRIPTION[config.language]
    # A key without a value is refused by Slack, so the address is there in mode http only.
    address = {} if slack.mode == "socket" else {"request_url": url.rstrip("/") + "/slack/events"}
    # There Slack asks what may be chosen, while somebody types.
    options = {} if slack.mode == "socket" else {"message_menu_options_url": address["request_url"]}
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {"name": "edmbot", "description": description, "background_color": "#1f4e5f"},
        "features": {
            # Direct messages arrive in the messages tab; what people write there is not read.
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "edmbot", "always_online": True},
            "slash_commands": [_command(slack, description, address.get("request_url"))],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**address, "bot_events": EVENTS},
            "interactivity": {"is_enabled": True, **address, **options},
            "org_deploy_enabled": False,
            "socket_mode_enabled": slack.mode == "socket",
            "token_rotation_enabled": False,
        },
    }


def _command(slack: SlackConfig, description: str, url: str | None) -> dict[str, object]:
    command = {
        "command": slack.command,
        "description": description,
        "usage_hint": "balance | task pause 19124 | stats today | help",
        # People and channels then arrive as ids, whatever their names are.
        "should_escape": True,
    }
    return command if url is None else {**command, "url": url}
