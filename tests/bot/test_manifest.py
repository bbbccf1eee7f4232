"""Limits: github.com/slackapi/manifest-schema, schemas/manifest.schema.1.0.0.json."""

import json
import re
from pathlib import Path

import pytest

from bot.appyaml import Purpose, load
from bot.config import Config
from bot.manifest import manifest

URL = "https://edmbot.example.com"
PUBLIC = "https://edmbot.example.com/slack/events"


def config(tmp_path: Path, slack: str = "{}", language: str = "en") -> Config:
    file = tmp_path / "app.yaml"
    account = "{provider: umail, username: u, password: p}"
    file.write_text(f"language: {language}\nslack: {slack}\naccounts: {{umail: {account}}}\n")
    return load(file, {}, purpose=Purpose.MANIFEST)


def test_it_can_be_had_before_there_is_any_token(tmp_path):
    assert manifest(config(tmp_path), URL)["display_information"]["name"] == "edmbot"


def test_in_mode_http_slack_calls_one_address_for_everything(tmp_path):
    made = manifest(config(tmp_path), URL + "/")
    assert made["features"]["slash_commands"][0]["url"] == PUBLIC
    assert made["settings"]["interactivity"] == {
        "is_enabled": True,
        "request_url": PUBLIC,
        "message_menu_options_url": PUBLIC,
    }
    assert made["settings"]["event_subscriptions"] == {
        "request_url": PUBLIC,
        "bot_events": ["app_home_opened", "member_joined_channel", "channel_unarchive", "group_unarchive"],
    }
    assert made["settings"]["socket_mode_enabled"] is False


def test_in_mode_socket_there_is_no_address(tmp_path):
    made = manifest(config(tmp_path, "{mode: socket}"), URL)
    assert "edmbot.example.com" not in json.dumps(made)
    assert made["settings"]["socket_mode_enabled"] is True
    assert made["settings"]["interactivity"] == {"is_enabled": True}


def test_the_command_is_the_one_of_the_configuration_and_escapes_names(tmp_path):
    (command,) = manifest(config(tmp_path, "{command: /mail}"), URL)["features"]["slash_commands"]
    assert command["command"] == "/mail"
    assert command["should_escape"] is True


def test_it_does_not_ask_to_write_where_it_was_not_invited(tmp_path):
    scopes = manifest(config(tmp_path), URL)["oauth_config"]["scopes"]
    assert list(scopes) == ["bot"]
    assert {"commands", "chat:write", "channels:history", "groups:history", "im:history"} <= set(scopes["bot"])
    assert "chat:write.public" not in scopes["bot"]


def test_nothing_wider_than_one_workspace_is_asked_for(tmp_path):
    settings = manifest(config(tmp_path), URL)["settings"]
    assert settings["org_deploy_enabled"] is False
    assert settings["token_rotation_enabled"] is False


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("mode", ["http", "socket"])
def test_it_keeps_the_limits_of_slack(tmp_path, mode, language):
    longest = "/" + "e" * 31
    made = manifest(config(tmp_path, f"{{mode: {mode}, command: {longest}}}", language), URL)
    assert set(made) == {"_metadata", "display_information", "features", "oauth_config", "settings"}
    display, features, settings = made["display_information"], made["features"], made["settings"]
    assert set(display) == {"name", "description", "background_color"}
    assert 1 <= len(display["name"]) <= 35
    assert 1 <= len(display["description"]) <= 140
    assert re.fullmatch(r"#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?", display["background_color"])
    assert set(features) == {"app_home", "bot_user", "slash_commands"}
    assert re.fullmatch(r"[a-z0-9._-]{1,80}", features["bot_user"]["display_name"])
    (command,) = features["slash_commands"]
    assert set(command) - {"url"} == {"command", "description", "usage_hint", "should_escape"}
    assert re.fullmatch(r"/\S{1,31}", command["command"])
    assert 1 <= len(command["description"]) <= 2000
    assert 1 <= len(command["usage_hint"]) <= 1000
    scopes = made["oauth_config"]["scopes"]["bot"]
    assert len(scopes) == len(set(scopes)) <= 255
    assert all(len(scope) <= 50 for scope in scopes)
    events = settings["event_subscriptions"]["bot_events"]
    assert len(events) == len(set(events)) <= 100


def test_an_app_cannot_be_described_without_the_section_slack(tmp_path):
    without = config(tmp_path).model_copy(update={"slack": None})
    with pytest.raises(ValueError, match="slack"):
        manifest(without, URL)
