"""app.yaml and the environment, as one configuration."""

import itertools
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

import bot.appyaml
from bot.appyaml import ConfigError, Purpose, find, load
from bot.config import Channels, Config, Role, Roles, Server, SlackConfig
from bridge.alerts.routes import OncallStep, QuietHours, Route
from bridge.alerts.rules import MODELS, Where
from bridge.approvals import policy
from bridge.webhooks.adapters import ADAPTERS
from providers import PROVIDERS
from tests.bot.configs import DEMO, SECRET, SHIPPED, TO_SET, WHOLE, loaded, mistakes

# ---- what comes out


def test_the_shipped_file_runs_with_the_environment_of_the_demo():
    config = load(SHIPPED, DEMO, purpose=Purpose.RUN)
    assert config.database == "sqlite:////tmp/demo.db"
    assert (config.server.host, config.server.port) == ("127.0.0.1", 0)
    assert config.slack.api_url == "http://127.0.0.1:8004/api/"
    assert config.slack.bot_token.get_secret_value() == SECRET
    assert {name: account.provider for name, account in config.accounts.items()} == {name: name for name in PROVIDERS}
    assert config.accounts["umail"].settings.password.get_secret_value() == SECRET
    assert config.set_aside == ()


def test_the_shipped_file_says_the_defaults_where_the_environment_says_nothing():
    only_secrets = {name: DEMO[name] for name in TO_SET}
    config = load(SHIPPED, only_secrets, purpose=Purpose.RUN)
    assert config.database == "sqlite:///var/edmbot.db"
    assert config.server.port == 3000
    assert config.slack.api_url == "https://slack.com/api/"
    assert str(config.accounts["umail"].settings.base_url) == "http://www.bestedm.org/mm-ms/apinew/"


@pytest.mark.parametrize("purpose", [Purpose.RUN, Purpose.CHECK])
def test_in_an_empty_environment_the_shipped_file_lists_exactly_what_to_set(purpose):
    with pytest.raises(ConfigError) as caught:
        load(SHIPPED, {}, purpose=purpose)
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    named = [re.search("|".join(TO_SET), f"{mistake.problem} {mistake.remedy}")[0] for mistake in caught.value.mistakes]
    assert named == TO_SET
    assert all(name in lines[mistake.line - 1] for name, mistake in zip(named, caught.value.mistakes, strict=True))
    assert str(caught.value.mistakes[2]).endswith(
        "accounts.umail.username: UMAIL_USERNAME is not set; export it or remove the account"
    )


def _keys_of(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields)


def test_the_shipped_file_knows_every_key():
    keys = _keys_of(Config) - {"sources", "endpoints", "set_aside"} | {"provider", "roles", "timezone"}
    keys |= set().union(*map(_keys_of, (SlackConfig, Server, Roles, Channels)))
    keys |= set().union(*(_keys_of(provider.Settings) for provider in PROVIDERS.values()))
    keys |= set().union(*map(_keys_of, (Where, *MODELS.values()))) - {"wait"} | {"for"}
    keys |= set().union(*map(_keys_of, (Route, OncallStep, QuietHours))) - {"goes_on", "begin", "end"}
    keys |= set().union(*map(_keys_of, (policy.Settings, policy.Policy, policy.Where, policy.Step)))
    keys |= set().union(*(_keys_of(adapter.Settings) for adapter in ADAPTERS.values())) | {"adapter", "in"}
    keys |= {"continue", "from", "to"}
    written = set(re.findall(r"^[ #]*([a-z_]+):", SHIPPED.read_text(encoding="utf-8"), re.MULTILINE))
    assert keys - written == set()


def test_every_key_of_the_shipped_file_has_a_comment_above_it():
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    # A section explains itself by its keys, an account by its section.
    sections = {"slack:", "server:", "polling:", "digest:", "retention:", "  umail:", "  emailcar:", "  itnio:"}
    bare = [
        line
        for above, line in itertools.pairwise(lines)
        if line.strip() and not line.lstrip().startswith(("#", "-")) and line not in sections
        if not above.lstrip().startswith("#")
    ]
    assert bare == []


def test_little_needs_to_be_written(tmp_path):
    config = loaded(tmp_path, WHOLE)
    assert config.database == "sqlite:///var/edmbot.db"
    assert (config.durability, config.language, dict(config.languages)) == ("normal", "en", {})
    assert config.timezone == ZoneInfo("Asia/Shanghai")
    assert (config.slack.mode, config.slack.command) == ("http", "/edm")
    assert (config.server.host, config.server.port) == ("127.0.0.1", 3000)
    assert config.channels.alerts is None
    assert config.roles.of({"U0LIN", "everyone"}) is Role.NONE


def test_an_empty_value_is_the_same_as_no_value(tmp_path):
    empty = "timezone:\nlanguage: ''\nserver: {host: , port: '${NONE:-}'}\nlanguages:\nroles:\n  viewer:\n"
    assert loaded(tmp_path, empty + WHOLE) == loaded(tmp_path, WHOLE)


def test_a_password_may_look_like_a_number(tmp_path):
    config = loaded(tmp_path, WHOLE.replace('password: "${TOKEN}"', "password: 0012"))
    assert config.accounts["umail"].settings.password == SecretStr("0012")


def test_an_account_may_have_its_own_roles_and_its_own_day(tmp_path):
    account = "umail: {timezone: Europe/Berlin, roles: {operator: [U0LIN]}, "
    config = loaded(tmp_path, "timezone: UTC\n" + WHOLE.replace("umail: {", account))
    assert config.accounts["umail"].timezone == ZoneInfo("Europe/Berlin")
    assert config.accounts["umail"].roles.of({"U0LIN"}) is Role.OPERATOR
    assert config.accounts["umail"].vendor_zone == ZoneInfo("Europe/Berlin")


def test_the_global_zone_says_what_today_is_and_not_how_a_vendor_writes_its_times(tmp_path):
    account = loaded(tmp_path, "timezone: UTC\n" + WHOLE).accounts["umail"]
    assert account.timezone == ZoneInfo("UTC")
    assert account.vendor_zone == ZoneInfo("Asia/Shanghai")


def test_the_highest_role_counts(tmp_path):
    roles = "roles: {viewer: [everyone], operator: [S0EDMOPS], approver: [U0LIN, W0LIN], admin: [U0MEI]}\n"
    roles_of = loaded(tmp_path, roles + WHOLE).roles.of
    assert roles_of(set()) is Role.NONE
    assert roles_of({"U0ANY", "everyone"}) is Role.VIEWER
    assert roles_of({"U0ANY", "S0EDMOPS", "everyone"}) is Role.OPERATOR
    assert roles_of(["everyone", "S0EDMOPS", "W0LIN"]) is Role.APPROVER
    assert roles_of({"U0MEI"}) is Role.ADMIN
    assert Role.NONE < Role.VIEWER < Role.OPERATOR < Role.APPROVER < Role.ADMIN


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("https://slack.com/api", "https://slack.com/api/"),
        ("https://slack.com/api/", "https://slack.com/api/"),
        ("http://localhost:1/api", "http://localhost:1/api/"),
        ("'http://[::1]:1/'", "http://[::1]:1/"),
    ],
)
def test_the_api_url_ends_with_a_slash(tmp_path, written, expected):
    assert loaded(tmp_path, WHOLE.replace("slack: {", f"slack: {{api_url: {written}, ")).slack.api_url == expected


def test_socket_mode_needs_no_signing_secret(tmp_path):
    slack = 'slack: {mode: socket, bot_token: "${TOKEN}", app_token: "${TOKEN}"}'
    config = loaded(tmp_path, slack + "\n" + WHOLE.split("\n", 1)[1])
    assert config.slack.app_token.get_secret_value() == SECRET


def test_the_server_may_listen_beyond_this_machine(tmp_path):
    assert loaded(tmp_path, "server: {host: 0.0.0.0}\n" + WHOLE).server.host == "0.0.0.0"  # noqa: S104


def test_nothing_can_be_changed_afterwards(tmp_path):
    config = loaded(tmp_path, "languages: {U0MEI: zh}\n" + WHOLE)
    for changed, name in [(config, "language"), (config.slack, "mode"), (config.roles, "admin")]:
        with pytest.raises(ValidationError):
            setattr(changed, name, "x")
    for mapping in (config.languages, config.accounts):
        with pytest.raises(TypeError):
            mapping["x"] = "y"


def test_printing_shows_no_secret(tmp_path):
    shown = repr(load(SHIPPED, DEMO, purpose=Purpose.RUN)) + str(load(SHIPPED, DEMO, purpose=Purpose.RUN))
    assert "hunter2" not in shown
    assert "**********" in shown


def test_not_even_an_error_of_pydantic_shows_a_secret():
    with pytest.raises(ValidationError) as caught:
        SlackConfig(mode="hunter2")
    assert "hunter2" not in str(caught.value)


# ---- what it is read for


@pytest.mark.parametrize(
    "slack", ["", "slack:", "slack: {}", 'slack: {bot_token: "${NONE:-}"}', 'slack: {bot_token: x, api_url: "${NONE}"}']
)
def test_exec_needs_no_slack(tmp_path, slack):
    accounts = WHOLE.split("\n", 1)[1]
    assert loaded(tmp_path, f"{slack}\n{accounts}", purpose=Purpose.EXEC).slack is None


@pytest.mark.parametrize("purpose", [Purpose.RUN, Purpose.CHECK, Purpose.MANIFEST])
def test_whatever_serves_slack_needs_its_section(tmp_path, purpose):
    (told,) = mistakes(tmp_path, WHOLE.split("\n", 1)[1], purpose=purpose)
    assert told == "app.yaml:1: slack: is missing; copy the section from the app.yaml that edmbot ships"


def test_exec_needs_no_variables_of_slack_and_sets_unset_accounts_aside():
    environ = {name: DEMO[name] for name in DEMO if name.startswith("UMAIL_")}
    config = load(SHIPPED, environ, purpose=Purpose.EXEC)
    assert config.slack is None
    assert list(config.accounts) == ["umail"]
    assert [mistake.key for mistake in config.set_aside] == [
        "accounts.emailcar.username",
        "accounts.emailcar.password",
        "accounts.itnio.app_id",
        "accounts.itnio.api_key",
        "accounts.itnio.api_secret",
    ]
    assert str(config.set_aside[0]).endswith("EMAILCAR_USERNAME is not set; export it to use this account")


def test_exec_does_not_take_a_default_in_place_of_what_is_unset(tmp_path):
    other = '  x: {provider: umail, base_url: "${NONE}", username: u, password: p}\n'
    config = loaded(tmp_path, WHOLE + other, purpose=Purpose.EXEC)
    assert list(config.accounts) == ["umail"]
    assert [mistake.key for mistake in config.set_aside] == ["accounts.x.base_url"]


def test_exec_uses_slack_where_it_can():
    assert load(SHIPPED, DEMO, purpose=Purpose.EXEC).slack.api_url == DEMO["SLACK_API_URL"]


def test_exec_refuses_when_every_account_would_be_set_aside():
    with pytest.raises(ConfigError) as caught:
        load(SHIPPED, {}, purpose=Purpose.EXEC)
    assert {mistake.key.split(".")[1] for mistake in caught.value.mistakes} == set(PROVIDERS)


def test_exec_forgives_what_is_unset_and_nothing_else(tmp_path):
    text = 'slack: {mode: x}\naccounts: {x: {provider: umail, username: "${NONE}", password: p, usr: 1}}\n'
    told = mistakes(tmp_path, text, {}, Purpose.EXEC)
    assert [line.split(": ")[1] for line in told] == ["slack.mode", "accounts.x.usr"]


def test_a_manifest_can_be_made_before_there_is_anything_to_export():
    config = load(SHIPPED, {}, purpose=Purpose.MANIFEST)
    assert (config.slack.mode, config.slack.command) == ("http", "/edm")
    assert dict(config.accounts) == {}


# ---- where it is read from


def test_the_file_that_is_named_is_read_and_no_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.yaml").write_text("")
    assert find(Path("other.yaml")) == Path("other.yaml")


def test_the_file_of_the_working_directory_comes_before_the_shipped_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find(None) == SHIPPED
    (tmp_path / "app.yaml").symlink_to("nowhere")
    assert find(None) == Path("app.yaml")


def test_the_shipped_file_lies_in_the_package_once_installed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    package = tmp_path / "site-packages" / "bot"
    package.mkdir(parents=True)
    (package / "app.yaml").write_text("")
    monkeypatch.setattr(bot.appyaml, "__file__", str(package / "appyaml.py"))
    assert find(None) == package / "app.yaml"
