"""app.yaml and the environment, as one configuration or as all that is wrong with it."""

import itertools
import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

import bot.appyaml
from bot.appyaml import ConfigError, Purpose, find, load, shipped
from bot.config import Channels, Config, Role, Roles, Server, SlackConfig
from bot.document import read
from bridge.alerts.routes import Labels, OncallStep, QuietHours, Route
from bridge.alerts.rules import DEFAULTS, MODELS, Where
from bridge.approvals import policy
from bridge.webhooks.adapters import ADAPTERS
from providers import PROVIDERS

SHIPPED = shipped()
SECRET = 'hunter2: #"'
DEMO = {
    "UMAIL_URL": "http://127.0.0.1:8001/mm-ms/apinew/",
    "UMAIL_USERNAME": "demo",
    "UMAIL_PASSWORD": SECRET,
    "EMAILCAR_URL": "http://127.0.0.1:8002/v1/",
    "EMAILCAR_USERNAME": "demo",
    "EMAILCAR_PASSWORD": SECRET,
    "ITNIO_URL": "http://127.0.0.1:8003/email/",
    "ITNIO_APP_ID": "demo",
    "ITNIO_API_KEY": SECRET,
    "ITNIO_API_SECRET": SECRET,
    "SLACK_API_URL": "http://127.0.0.1:8004/api/",
    "SLACK_BOT_TOKEN": SECRET,
    "SLACK_SIGNING_SECRET": SECRET,
    "EDM_DATABASE_URL": "sqlite:////tmp/demo.db",
    "EDM_PORT": "0",
}
TO_SET = [
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "UMAIL_USERNAME",
    "UMAIL_PASSWORD",
    "EMAILCAR_USERNAME",
    "EMAILCAR_PASSWORD",
    "ITNIO_APP_ID",
    "ITNIO_API_KEY",
    "ITNIO_API_SECRET",
]
WHOLE = """\
slack: {bot_token: "${TOKEN}", signing_secret: "${TOKEN}"}
accounts:
  umail: {provider: umail, username: demo, password: "${TOKEN}"}
"""


def loaded(tmp_path: Path, text: str, environ: dict[str, str] | None = None, purpose: Purpose = Purpose.RUN) -> Config:
    file = tmp_path / "app.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, {"TOKEN": SECRET} if environ is None else environ, purpose=purpose)


def mistakes(
    tmp_path: Path, text: str, environ: dict[str, str] | None = None, purpose: Purpose = Purpose.RUN
) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, environ, purpose)
    told = str(caught.value)
    assert "hunter2" not in told + repr(caught.value)
    assert caught.value.__context__ is None, "a traceback would show what pydantic was given"
    return told.replace(f"{tmp_path}/", "").splitlines()


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


# ---- what is refused

MISTAKES = [
    ("datbase: x", "datbase: is not a key here; did you mean database?"),
    ("acounts: x", "acounts: is not a key here; did you mean accounts?"),
    ("set_aside: []", "set_aside: is not a key here; known here: "),
    ("pollings: {tasks: 60s}", "pollings: is not a key here; did you mean polling?"),
    ("pollings:", "pollings: is not a key here; did you mean polling?"),
    ("<<: {language: zh}", "<<: is not a key here; known here: "),
    ("language: ${}", "language: `${` is not followed by a name and `}`; write "),
    ("database: ${NONE}", "database: NONE is not set; export it"),
    (
        "database: hunter2",
        "database: is no database URL; write sqlite:/// and a path, as in sqlite:///var/edmbot.db, or postgresql://…",
    ),
    ("database: sqlite:///", "database: is no database URL; write sqlite:/// and a path, as in "),
    ("database: sqlite://hunter2", "database: is no database URL; write "),
    (
        "database: postgresql://u:hunter2@db:port/edm",
        "database: is no PostgreSQL URL; write postgresql://user:password@host/database",
    ),
    ("durability: fulll", "durability: must be normal or full; did you mean full?"),
    ("timezone: Asia/Shangai", "timezone: is no time zone; did you mean Asia/Shanghai?"),
    ("timezone: hunter2", "timezone: is no time zone; write it as in Asia/Shanghai"),
    ("timezone: [x]", "timezone: is no time zone; "),
    ("timezone: ../../etc/passwd", "timezone: is no time zone; "),
    ("language: fr", "language: must be en or zh"),
    ("languages: {C0X: cn}", "languages.C0X: must be en or zh"),
    ('languages: {"#alerts": zh}', "languages.#alerts: is not the id of a channel or a person; write it as in "),
    ("languages: zh", "languages: must be keys with values"),
    ("server: {port: hunter2}", "server.port: must be a whole number"),
    ("server: {port: 65536}", "server.port: must be less than or equal to 65535"),
    ("server: {port: -1}", "server.port: must be greater than or equal to 0"),
    ("server: {prot: 1}", "server.prot: is not a key here; did you mean port?"),
    ("server: {prot: }", "server.prot: is not a key here; did you mean port?"),
    ('server: {url: "http://edmbot.example"}', "server.url: must begin with https://; http:// is for 127.0.0.1 and"),
    ('server: {url: "https://edmbot.example/?a=b"}', "server.url: has more than an address; write it as in"),
    ("server: 127.0.0.1", "server: must be keys with values"),
    ("roles: {viewer: everyone}", "roles.viewer: must be a list; put it between [ and ]"),
    ("roles: {viewr: [U0MEI]}", "roles.viewr: is not a key here; did you mean viewer?"),
    ("roles: {operator: [U0LIN, '@hunter2']}", "roles.operator[1]: is not a user's id (U…, W…), a user group's id (S"),
    (
        "roles: {operator: [u0lin]}",
        "roles.operator[0]: is not a user's id (U…, W…), a user group's id (S…) or everyone",
    ),
    ("roles: {admin: [everyone]}", "roles.admin[0]: is not for everyone; name the people or a user group who may "),
    ("channels: {alerts: '#alerts'}", "channels.alerts: is not a channel's id; copy it from the channel's details"),
    ("channels: {alert: C0X}", "channels.alert: is not a key here; did you mean alerts?"),
    ("polling: {tasks: often}", "polling.tasks: is no span of time; write it as in 90s, 5m, 1h30m or 400d"),
    ("polling: {tasks: 1s}", "polling.tasks: must be between 10s and 7d"),
    ("polling: {task: 60s}", "polling.task: is not a key here; did you mean tasks?"),
    ("digest: {at: noon}", "digest.at: is no time of day; write it as in 09:00"),
    ("digest: {at: '24:00'}", "digest.at: is no time of day; write it as in 09:00"),
    ("digest: {channels: [general]}", "digest.channels[0]: is not a channel's id; copy it from the channel's details"),
    ("digest: {times: {C0X: 9}}", "digest.times.C0X: is no time of day; write it as in 09:00"),
    ("retention: {raw: 0d}", "retention.raw: is no span of time; write it as in 90s, 5m, 1h30m or 400d"),
    ("heartbeat_url: http://watch.example/x", "heartbeat_url: must begin with https://; http:// is for 127.0.0.1"),
]


@pytest.mark.parametrize(("line", "expected"), MISTAKES)
def test_a_mistake_is_named_with_its_line_and_what_would_be_right(tmp_path, line, expected):
    (told,) = mistakes(tmp_path, f"# one\n\n{line}\n{WHOLE}")
    assert told.startswith(f"app.yaml:3: {expected}")


SLACK_MISTAKES = [
    ("mode: htp", ["slack.mode: must be http or socket; did you mean http?"]),
    (
        "command: edm",
        ["slack.command: is not a slash command; write / and at most 31 of a-z, 0-9, - and _, as in /edm"],
    ),
    ("command: /EDM", ["slack.command: is not a slash command; "]),
    (f"command: /{'e' * 32}", ["slack.command: is not a slash command; "]),
    ("api_url: http://slack.com/api/", ["slack.api_url: must begin with https://; http:// is for 127.0.0.1 and "]),
    ("api_url: http://127.0.0.1.example.com/", ["slack.api_url: must begin with https://; "]),
    ("api_url: 'https://'", ["slack.api_url: names no host; write it as in https://slack.com/api/"]),
    ("api_url: 'https://[hunter2'", ["slack.api_url: is no URL; write it as in https://slack.com/api/"]),
    ("api_url: 'https://slack.com:hunter2/'", ["slack.api_url: is no URL; write it as in https://slack.com/api/"]),
    ("api_url: 'https://[hunter2]/'", ["slack.api_url: is no URL; write it as in https://slack.com/api/"]),
    ("tokn: hunter2", ["slack.tokn: is not a key here; did you mean bot_token?"]),
    ("mode: socket", ["slack.app_token: is missing, and mode socket needs it; add it"]),
    ('mode: socket, app_token: "${NONE:-}"', ["slack.app_token: is missing, and mode socket needs it; export NONE"]),
]


@pytest.mark.parametrize(("keys", "expected"), SLACK_MISTAKES)
def test_a_mistake_about_slack_is_named(tmp_path, keys, expected):
    told = mistakes(tmp_path, WHOLE.replace("slack: {", f"slack: {{{keys}, "))
    assert len(told) == len(expected)
    assert all(line.startswith(f"app.yaml:1: {start}") for line, start in zip(told, expected, strict=True))


def test_mode_http_needs_a_signing_secret_and_every_mode_a_bot_token(tmp_path):
    assert mistakes(tmp_path, "slack: {mode: http}\n" + WHOLE.split("\n", 1)[1]) == [
        "app.yaml:1: slack.bot_token: is missing, and mode http needs it; add it",
        "app.yaml:1: slack.signing_secret: is missing, and mode http needs it; add it",
    ]


ACCOUNT_MISTAKES = [
    ("U-Mail: {provider: umail, username: u, password: p}", "U-Mail: is no name for an account; use lower-case "),
    ("-x: {provider: umail, username: u, password: p}", "-x: is no name for an account; use lower-case letters, "),
    ("x: hunter2", "x: must be keys with values; begin with provider:"),
    ("x:", "x: must be keys with values; begin with provider:"),
    ("x: {username: u}", "x.provider: is missing; add it"),
    ("x: {provider: umial}", "x.provider: is no provider; did you mean umail?"),
    ("x: {provider: hunter2}", f"x.provider: is no provider; known here: {', '.join(PROVIDERS)}"),
    ("x: {provider: [umail]}", "x.provider: must be a text"),
    ("x: {provider: umail, username: u}", "x.password: is missing; add it"),
    ('x: {provider: umail, username: u, password: "${NONE:-}"}', "x.password: is missing; export NONE"),
    ('x: {provider: umail, username: u, password: "${NONE}"}', "x.password: NONE is not set; export it or remove the "),
    ("x: {provider: umail, username: u, password: p, auth: md4}", "x.auth: must be basic or md5; did you mean md5?"),
    ("x: {provider: umail, username: u, password: p, usrname: hunter2}", "x.usrname: is not a key here; did you mean "),
    ("x: {provider: umail, username: u, password: p, role: {}}", "x.role: is not a key here; did you mean roles?"),
    ("x: {provider: umail, username: u, password: p, timezone: Mars}", "x.timezone: is no time zone; "),
    ("x: {provider: umail, username: u, password: p, roles: {admin: [everyone]}}", "x.roles.admin[0]: is not for "),
    ("umail: {provider: umail, username: u, password: p}", "umail: is written twice; keep one; the first is on line 3"),
]


@pytest.mark.parametrize(("line", "expected"), ACCOUNT_MISTAKES)
def test_a_mistake_about_an_account_is_named(tmp_path, line, expected):
    (told,) = mistakes(tmp_path, f"{WHOLE}\n  {line}\n")
    assert told.startswith(f"app.yaml:5: accounts.{expected}")


@pytest.mark.parametrize("accounts", ["", "accounts:", "accounts: ''", "accounts: {}"])
def test_there_must_be_an_account(tmp_path, accounts):
    (told,) = mistakes(tmp_path, WHOLE.split("accounts", 1)[0] + accounts)
    assert told.endswith("accounts: no account is configured; copy one from the app.yaml that edmbot ships")


def test_all_mistakes_are_told_at_once(tmp_path):
    text = "langage: en\nserver: {port: x}\nslack: {mode: socket}\naccounts:\n  A: {}\n  b: {provider: umail, x: 1}\n"
    assert [line.split(": ")[:2] for line in mistakes(tmp_path, text, {}, Purpose.CHECK)] == [
        ["app.yaml:1", "langage"],
        ["app.yaml:2", "server.port"],
        ["app.yaml:3", "slack.app_token"],
        ["app.yaml:3", "slack.bot_token"],
        ["app.yaml:5", "accounts.A"],
        ["app.yaml:5", "accounts.A.provider"],
        ["app.yaml:6", "accounts.b.password"],
        ["app.yaml:6", "accounts.b.username"],
        ["app.yaml:6", "accounts.b.x"],
    ]


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_no_provider_repeats_what_was_written(tmp_path, provider):
    """Each key of each provider gets a value of the wrong kind, and one of the right kind that makes no sense."""
    for key in PROVIDERS[provider].Settings.model_fields:
        for value in ("[hunter2]", "{hunter2: x}", '"${TOKEN}"', '"http://[hunter2]/"', '"http://x:hunter2/"'):
            text = f"slack: {{}}\naccounts: {{x: {{provider: {provider}, {key}: {value}}}}}\n"
            assert mistakes(tmp_path, text, {"TOKEN": SECRET})


def test_a_variable_that_is_not_utf_8_is_named(tmp_path):
    told = mistakes(tmp_path, WHOLE, {"TOKEN": "hunter2\udcff"})
    assert told == [
        "app.yaml:1: slack.bot_token: TOKEN is not UTF-8; export it as UTF-8",
        "app.yaml:1: slack.signing_secret: TOKEN is not UTF-8; export it as UTF-8",
        "app.yaml:3: accounts.umail.password: TOKEN is not UTF-8; export it as UTF-8",
    ]


# ---- who hears of an alert


def test_without_routes_everything_goes_to_the_channel_for_alerts(tmp_path):
    config = loaded(tmp_path, "routes:\noncall:\nquiet_hours:\nchannels: {alerts: C0ALERTS}\n" + WHOLE)
    assert (config.routes, dict(config.oncall), config.quiet_hours) == ((), {}, ())
    labels = Labels(account="umail", rule="bounces", kind="bounce_rate", severity="info", subject="task/1")
    assert [target.receiver for target in config.routing.targets(labels, datetime.now(UTC))] == ["C0ALERTS"]


def test_routes_on_call_steps_and_quiet_hours_are_read(tmp_path):
    text = """\
routes:
- {accounts: [umail], severities: [critical], rules: [bounces], receivers: [C0ONCALL], oncall: edm, continue: true}
- {lists: ["VIP*"], kinds: , group_by: [account], group_wait: 30s, repeat_interval: 1d, group_interval: }
oncall:
  edm: [{who: [S0ONCALL]}, {after: 15m, who: [S0ONCALL, U0MEI]}]
quiet_hours: [{from: 22:00, to: 8:00, receivers: [U0MEI]}]
"""
    config = loaded(tmp_path, text + WHOLE)
    first, second = config.routes
    assert (first.goes_on, first.oncall, first.receivers) == (True, "edm", ("C0ONCALL",))
    assert (second.group_by, second.group_wait, second.repeat_interval) == (
        ("account",),
        timedelta(seconds=30),
        timedelta(days=1),
    )
    assert second.group_interval == timedelta(minutes=5)
    assert [(one.delay, one.who) for one in config.oncall["edm"]] == [
        (timedelta(0), ("S0ONCALL",)),
        (timedelta(minutes=15), ("S0ONCALL", "U0MEI")),
    ]
    assert [(one.begin, one.end) for one in config.quiet_hours] == [(time(22), time(8))]


ROUTING_MISTAKES = [
    ("routes: x", "routes: must be a list; begin each item with - accounts:"),
    ("routes: [x]", "routes[0]: must be keys with values; begin with accounts:"),
    ("routes: [{receiver: [C0A]}]", "routes[0].receiver: is not a key here; did you mean receivers?"),
    ("routes: [{contine: true}]", "routes[0].contine: is not a key here; did you mean continue?"),
    ("routes: [{receivers: [alerts]}]", "routes[0].receivers[0]: is not the id of a channel or a person; write it as"),
    ("routes: [{group_wait: soon}]", "routes[0].group_wait: is no span of time; write it as in 90s"),
    ("routes: [{group_by: [color]}]", "routes[0].group_by[0]: must be "),
    ("routes: [{severities: [bad]}]", "routes[0].severities[0]: must be critical or warning or info"),
    ("routes: [{rules: [bounce]}]", "routes[0].rules[0]: is no rule; did you mean bounces?"),
    ("routes: [{oncall: edm}]", "routes[0].oncall: is no key of oncall:; add it there"),
    ("oncall: [x]", "oncall: must be keys with values; write each list of steps under a name"),
    ("oncall: {edm: {who: [U0A]}}", "oncall.edm: must be a list; begin each item with - after:"),
    ("oncall: {edm: [{after: 15m}]}", "oncall.edm[0].who: is missing; add it"),
    ("oncall: {edm: [{who: [C0A]}]}", "oncall.edm[0].who[0]: is not the id of a person or a user group; write it as"),
    (
        "oncall: {edm: [{after: 2m, who: [U0A]}, {after: 1m, who: [U0A]}]}",
        "oncall.edm: its steps are not in order; put the one with the shortest after: first",
    ),
    ("quiet_hours: [{from: late, to: 8:00}]", "quiet_hours[0].from: is no time of day; write it as in 09:00"),
    ("quiet_hours: [{from: '22:00+08:00', to: 8:00}]", "quiet_hours[0].from: is no time of day; write it as in 09:00"),
    ("quiet_hours: [{from: 22:00}]", "quiet_hours[0].to: is missing; add it"),
]


@pytest.mark.parametrize(("text", "expected"), ROUTING_MISTAKES)
def test_a_mistake_about_who_hears_of_an_alert_is_named(tmp_path, text, expected):
    (told,) = mistakes(tmp_path, f"{text}\n{WHOLE}")
    assert told.startswith(f"app.yaml:1: {expected}")


# ---- approvals


def test_without_anything_said_the_shipped_policies_are_there(tmp_path):
    config = loaded(tmp_path, "approvals:\n" + WHOLE)
    assert config.approvals == policy.Settings()
    shipped = read(SHIPPED, {}).data["approvals"]
    assert policy.Settings.model_validate(shipped) == policy.Settings()


def test_policies_and_steps_are_read(tmp_path):
    text = """\
approvals:
  approvers: 0
  self_approval: true
  policies:
  - {name: vip, where: {accounts: [umail], new_sender: true, outside: {from: 8:00, to: , days: [sat]}}, approvers: 2}
  - {name: dear, where: {credit_share_over: 25 %, kinds: [draft]}, approvers: 3, who: [S0LEADS], }
  escalate: [{after: 15m, who: [S0LEADS]}]
  expire_before: 5m
  unapproved_sends: hold
"""
    config = loaded(tmp_path, text + WHOLE)
    vip, dear = config.approvals.policies
    assert (vip.where.outside.begin, vip.where.outside.end, vip.where.outside.days) == (time(8), time(21), ("sat",))
    assert (dear.where.credit_share_over, dear.where.kinds, dear.who) == (0.25, ("draft",), ("S0LEADS",))
    assert [(one.after, one.who) for one in config.approvals.escalate] == [(timedelta(minutes=15), ("S0LEADS",))]
    assert (config.approvals.approvers, config.approvals.unapproved_sends) == (0, "hold")


APPROVAL_MISTAKES = [
    ("{policy: []}", "policy: is not a key here; did you mean policies?"),
    ("{policies: x}", "policies: must be a list; put it between [ and ]"),
    ("{policies: [{name: a}]}", "policies[0].approvers: is missing; add it"),
    (
        "{policies: [{name: a, aprovers: 1, approvers: 1}]}",
        "policies[0].aprovers: is not a key here; did you mean appr",
    ),
    ("{policies: [{name: a, approvers: 6}]}", "policies[0].approvers: must be less than or equal to 5"),
    ("{policies: [{name: a, approvers: 1}, {name: a, approvers: 2}]}", "policies: has two policies of one name; call"),
    ("{policies: [{name: a, approvers: 1, who: [C0A]}]}", "policies[0].who[0]: is not the id of a person or a user"),
    (
        "{policies: [{name: a, approvers: 1, where: {recipients: 5}}]}",
        "policies[0].where.recipients: is not a key here; did you mean recipients_over?",
    ),
    (
        "{policies: [{name: a, approvers: 1, where: {outside: {frm: 8:00}}}]}",
        "policies[0].where.outside.frm: is not a key here; did you mean from?",
    ),
    (
        "{policies: [{name: a, approvers: 1, where: {accounts: [umial]}}]}",
        "policies[0].where.accounts[0]: is no account; did you mean umail?",
    ),
    ("{escalate: [{who: [S0A]}]}", "escalate[0].after: is missing; add it"),
    ("{escalate: [{after: 2m, who: [U0A]}, {after: 1m, who: [U0A]}]}", "escalate: its steps are not in order; put"),
    ("{unapproved_sends: block}", "unapproved_sends: must be announce or ignore or hold"),
]


@pytest.mark.parametrize(("text", "expected"), APPROVAL_MISTAKES)
def test_a_mistake_about_approvals_is_named(tmp_path, text, expected):
    (told,) = mistakes(tmp_path, f"approvals: {text}\n{WHOLE}")
    assert told.startswith(f"app.yaml:1: approvals.{expected}")


def test_who_is_named_as_an_approver_is_asked_where_there_is_no_channel(tmp_path):
    text = "roles: {approver: [U0LIN, S0LEADS], admin: [U0MEI]}\n" + WHOLE
    desk = loaded(tmp_path, text).approval_desk
    assert desk.receivers("umail", policy.Needs(count=1)) == ["U0LIN"]
    assert desk.receivers("umail", policy.Needs(count=1, who=("U0KAI", "S0LEADS"))) == ["U0KAI"]
    assert loaded(tmp_path, "roles: {admin: [U0MEI]}\n" + WHOLE).approval_desk.receivers(
        "umail", policy.Needs(count=1)
    ) == ["U0MEI"]
    with_channel = loaded(tmp_path, "channels: {approvals: C0APPROVE}\n" + text).approval_desk
    assert with_channel.receivers("umail", policy.Needs(count=1)) == ("C0APPROVE",)


# ---- rules


def test_without_rules_the_shipped_ones_are_there(tmp_path):
    assert loaded(tmp_path, "rules:\n" + WHOLE).rules == loaded(tmp_path, WHOLE).rules == DEFAULTS


def test_a_rule_changes_what_it_names_of_the_shipped_one_or_is_a_new_one(tmp_path):
    text = """\
rules:
- {name: bounces, above: 5 %, action: pause, where: {tasks: ["*VIP*"]}}
- {name: delivered, for: 1h, below: }
- {name: complaints, enabled: false}
- {name: vip-late, kind: task_late, severity: critical, after: 5m, where: {lists: ["VIP*"]}}
- {name: balance-low, kind: balance_short}
"""
    rules = {rule.name: rule for rule in loaded(tmp_path, text + WHOLE).rules}
    before = {rule.name: rule for rule in DEFAULTS}
    changed = {"above": 0.05, "action": "pause", "where": Where(tasks=("*VIP*",))}
    assert rules["bounces"] == before["bounces"].model_copy(update=changed)
    assert rules["delivered"] == before["delivered"].model_copy(update={"wait": timedelta(hours=1)})
    assert "complaints" not in rules
    assert rules["vip-late"].after == timedelta(minutes=5)
    assert rules["balance-low"].kind == "balance_short"
    assert len(rules) == len(before)


RULE_MISTAKES = [
    ("x", "rules: must be a list; begin each rule with - name:"),
    ("[x]", "rules[0]: must be keys with values; begin with name:"),
    ("[{kind: task_late}]", "rules[0].name: is missing; add it"),
    ("[{name: bounce, above: 5%}]", "rules[0].kind: is missing, and no shipped rule has this name; add it; did you "),
    ("[{name: x, kind: bounce}]", "rules[0].kind: is no kind of rule; did you mean bounce_rate?"),
    ("[{name: x, kind: bounce_rate}]", "rules[0]: says neither above nor times; add one of them"),
    ("[{name: x, kind: failure_category, above: 1%}]", "rules[0].categories: is missing; add it"),
    ("[{name: bounces, above: 0.1}]", "rules[0].above: is no share; write it as in 10% or 0.5%"),
    ("[{name: bounces, above: 110%}]", "rules[0].above: is no share; write it as in 10% or 0.5%"),
    ("[{name: bounces, abov: 10%}]", "rules[0].abov: is not a key here; did you mean above?"),
    ("[{name: bounces, for: soon}]", "rules[0].for: is no span of time; write it as in 90s, 5m, 1h30m or 400d"),
    ("[{name: bounces, fro: 5m}]", "rules[0].fro: is not a key here; did you mean for?"),
    ("[{name: bounces, where: {task: [x]}}]", "rules[0].where.task: is not a key here; did you mean tasks?"),
    ("[{name: bounces, severity: bad}]", "rules[0].severity: must be critical or warning or info"),
    ("[{name: balance-low, action: pause}]", "rules[0].action: is not a key here; "),
    ("[{name: bounces}, {name: bounces}]", "rules[1].name: is the name of two rules; keep one, or call one otherwise"),
]


@pytest.mark.parametrize(("rules", "expected"), RULE_MISTAKES)
def test_a_mistake_about_a_rule_is_named(tmp_path, rules, expected):
    (told,) = mistakes(tmp_path, f"rules: {rules}\n{WHOLE}")
    assert told.startswith(f"app.yaml:1: {expected}")


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
