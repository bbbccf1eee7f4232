"""All that is wrong with app.yaml and the environment, each with its line and what would be right."""

import pytest

from bot.appyaml import Purpose
from providers import PROVIDERS
from tests.bot.configs import SECRET, WHOLE, mistakes

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
