"""`webhooks.in` of app.yaml, and the way of a webhook through the whole bot."""

import pytest
from sqlmodel import select

from bot.app import Part
from bot.appyaml import ConfigError, Purpose, load, shipped
from store.tables import Event
from tests.bridge import senders

WHOLE = """\
slack: {bot_token: "${TOKEN}", signing_secret: "${TOKEN}"}
accounts:
  umail: {provider: umail, username: demo, password: "${TOKEN}"}
"""
SECRET = "hunter2-and-nine-more"
KEY = senders.SENDGRID_KEY


def loaded(tmp_path, text, environ=None, purpose=Purpose.RUN):
    file = tmp_path / "app.yaml"
    file.write_text(f"{text}\n{WHOLE}", encoding="utf-8")
    return load(file, {"TOKEN": SECRET} if environ is None else environ, purpose=purpose)


def test_without_anything_said_nobody_may_send(tmp_path):
    for text in ("", "webhooks:", "webhooks: {in: {}}", "webhooks:\n  in:"):
        assert dict(loaded(tmp_path, text).sources) == {}


def test_each_sender_is_read_with_its_own_keys(tmp_path):
    text = f"""
webhooks:
  in:
    receipts: {{adapter: sendgrid, public_key: "{KEY}", rate: 600/m, limit: 256kb, window: 10m}}
    itnio: {{adapter: itnio, account: umail, secret: "${{TOKEN}}", allow_from: [203.0.113.0/24, "2001:db8::1"]}}
"""
    sources = loaded(tmp_path, text).sources
    receipts, itnio = sources["receipts"].settings, sources["itnio"].settings
    assert (sources["receipts"].account, sources["itnio"].account) == ("receipts", "umail")
    assert (receipts.rate.requests, receipts.rate.per.total_seconds(), receipts.limit) == (600, 60, 256 * 1024)
    assert receipts.window.total_seconds() == 600
    assert itnio.secrets == (SECRET,)
    assert SECRET not in repr(sources)


MISTAKES = [
    ("webhooks: x", "webhooks: must be keys with values; begin with in: or out:"),
    ("webhooks: {inn: {}}", "webhooks.inn: is not a key here; did you mean in?"),
    ("webhooks: {in: [x]}", "webhooks.in: must be keys with values; write each sender under a name of your own"),
    ("webhooks: {in: {a: x}}", "webhooks.in.a: must be keys with values; begin with adapter:"),
    (
        "webhooks: {in: {a: {}}}",
        "webhooks.in.a.adapter: is missing; known here: standard, itnio, sendgrid, m",
    ),
    ("webhooks: {in: {a: {adapter: sendgird}}}", "webhooks.in.a.adapter: is no adapter; did you mean sendgrid?"),
    ("webhooks: {in: {a: {adapter: sendgrid}}}", "webhooks.in.a.public_key: is missing; add it"),
    (
        "webhooks: {in: {a: {adapter: sendgrid, public_key: hunter2}}}",
        "webhooks.in.a.public_key: is no public key; copy the verification key of SendGrid's webhook settings",
    ),
    ("webhooks: {in: {a: {adapter: mailgun}}}", "webhooks.in.a: has no secret; give it the one that the sender signs"),
    ("webhooks: {in: {a: {adapter: postmark}}}", "webhooks.in.a: shows nothing that proves who sends; give it a secr"),
    ("webhooks: {in: {a: {adapter: postmark, username: x}}}", "webhooks.in.a: shows nothing that proves who sends"),
    (
        "webhooks: {in: {a: {adapter: standard, secret: hunter2}}}",
        "webhooks.in.a.secret: is no secret of Standard Webhooks; write whsec_ and base64 of at least 24",
    ),
    (
        "webhooks: {in: {a: {adapter: itnio, secret: xxxxxxxxxxxxxxxx, rate: fast}}}",
        "webhooks.in.a.rate: is no rate; write requests",
    ),
    (
        "webhooks: {in: {a: {adapter: itnio, secret: xxxxxxxxxxxxxxxx, rate: 0/s}}}",
        "webhooks.in.a.rate: is no rate; write requests",
    ),
    (
        "webhooks: {in: {a: {adapter: itnio, secret: xxxxxxxxxxxxxxxx, limit: 1gb}}}",
        "webhooks.in.a.limit: is no size; write it as in",
    ),
    (
        "webhooks: {in: {a: {adapter: itnio, secret: xxxxxxxxxxxxxxxx, limit: 64mb}}}",
        "webhooks.in.a.limit: must be between 1kb and",
    ),
    (
        "webhooks: {in: {a: {adapter: itnio, secret: xxxxxxxxxxxxxxxx, secrets: y}}}",
        "webhooks.in.a.secrets: is not a key here; did",
    ),
    (
        "webhooks: {in: {a: {adapter: itnio, secret: xxxxxxxxxxxxxxxx, allow_from: [shop.example]}}}",
        "webhooks.in.a.allow_from: is no network; write it as in 203.0.113.0/24 or 203.0.113.7",
    ),
    (
        "webhooks: {in: {A b: {adapter: itnio, secret: xxxxxxxxxxxxxxxx}}}",
        "webhooks.in.A b: is no name for a sender; use lower-case",
    ),
    (
        "webhooks: {in: {a: {adapter: itnio, secret: hunter2}}}",
        "webhooks.in.a.secret: is so short that it can be guessed; give it at least 16 characters",
    ),
    (
        "webhooks: {in: {a: {adapter: postmark, username: x, password: hunter2}}}",
        "webhooks.in.a.password: is so short that it can be guessed; give it at least 16 characters",
    ),
    ("server: {proxies: [nginx]}", "server.proxies: is no network; write it as in 203.0.113.0/24 or 203.0.113.7"),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_a_mistake_about_who_may_send_is_named_and_no_secret_with_it(tmp_path, text, expected):
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    [told] = str(caught.value).splitlines()
    assert told.replace(f"{tmp_path}/", "").startswith(f"app.yaml:1: {expected}")
    assert SECRET not in told


def test_a_secret_that_is_not_set_is_named_once_and_commands_at_a_terminal_need_none(tmp_path):
    text = 'webhooks: {in: {a: {adapter: mailgun, secret: "${MAILGUN_KEY}"}}}'
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    [told] = str(caught.value).splitlines()
    assert told.endswith("webhooks.in.a.secret: MAILGUN_KEY is not set; export it")
    assert dict(loaded(tmp_path, text, purpose=Purpose.EXEC).sources) == {}


@pytest.mark.parametrize("part", Part)
async def test_a_webhook_is_taken_wherever_slack_is_answered_and_its_event_kept(closed_office, tmp_path, http, part):
    before = shipped().read_text("utf-8").partition("\nwebhooks:")[0]
    closed_office.app_yaml, closed_office.part = tmp_path / "app.yaml", part
    sources = f"webhooks: {{in: {{itnio: {{adapter: itnio, secret: {senders.PATH_SECRET}}}}}}}"
    closed_office.app_yaml.write_text(f"{before}\n{sources}\n", "utf-8")
    body = senders.plain(senders.payload("itnio-callback-batch.json")).body
    async with closed_office.open() as office:
        path = f"{office.url}/webhooks/itnio"
        answer = await http.post(f"{path}/{senders.PATH_SECRET}", content=body)
        if part is Part.WORKER:
            assert answer.status_code == 404
            return
        assert (answer.status_code, answer.json()) == (200, {"ok": True, "new": 3, "known": 0, "unread": 0})
        assert (await http.post(f"{path}/guess", content=body)).status_code == 401
        assert (await http.get(path)).status_code == 405
        metrics = (await http.get(f"{office.url}/metrics")).text
        assert 'edmbot_webhooks_total{outcome="taken",source="itnio"}' in metrics
        found = await office.store.transact(
            lambda session, _now: session.exec(select(Event.type).where(Event.account == "itnio")).all()
        )
        assert sorted(found) == ["message.failed", "message.queued", "message.unknown"]
