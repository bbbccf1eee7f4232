"""`webhooks.out` of app.yaml, and the way of an event through the whole bot to somebody else's system."""

import asyncio

import pytest

import jobs.scheduler
from bot.app import Part
from bot.appyaml import ConfigError, Purpose, load, shipped
from bridge.webhooks import endpoints
from bridge.webhooks.endpoints import Shipped
from tests.bridge import senders
from tests.bridge.hooks import target

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WHOLE = """\
slack: {bot_token: x, signing_secret: x}
accounts:
  umail: {provider: umail, username: demo, password: x}
"""
GOOD = 'name: crm, url: "https://crm.example/x", secret: "${KEY}"'


def loaded(tmp_path, text, environ=None, purpose=Purpose.RUN):
    file = tmp_path / "app.yaml"
    file.write_text(f"{text}\n{WHOLE}", encoding="utf-8")
    return load(file, {"KEY": SECRET} if environ is None else environ, purpose=purpose)


def test_without_anything_said_nobody_is_told(tmp_path):
    for text in ("", "webhooks:", "webhooks: {out: []}", "webhooks: {in: {}, out: {}}", "webhooks:\n  out:"):
        assert dict(loaded(tmp_path, text).endpoints) == {}


def test_an_endpoint_is_read_and_its_secret_not_shown(tmp_path):
    more = "types: [task.*, alert.firing], severity: warning, accounts: [umail], addresses: true, allow_private: true"
    text = 'name: erp, url: "http://127.0.0.1:8080/x", secret: "${KEY}", secret_before: "${KEY}"'
    found = loaded(tmp_path, f"webhooks: {{out: [{{{GOOD}}}, {{{text}, {more}}}]}}").endpoints
    assert dict(found) == {
        "crm": Shipped(name="crm", url="https://crm.example/x", secrets=(SECRET,)),
        "erp": Shipped(
            name="erp",
            url="http://127.0.0.1:8080/x",
            secrets=(SECRET, SECRET),
            types=("task.*", "alert.firing"),
            severity="warning",
            accounts=("umail",),
            addresses=True,
            allow_private=True,
        ),
    }
    assert SECRET not in repr(found)


MISTAKES = [
    ("webhooks: {out: {a: b}}", "webhooks.out: must be a list; begin each endpoint with - name:"),
    ("webhooks: {out: [x]}", "webhooks.out[0]: must be keys with values; begin with name:"),
    (
        'webhooks: {out: [{name: crm, url: "https://crm.example/"}]}',
        "webhooks.out[0].secret: is missing; add it",
    ),
    (f"webhooks: {{out: [{{{GOOD}, typs: [x]}}]}}", "webhooks.out[0].typs: is not a key here; did you mean types?"),
    (f"webhooks: {{out: [{{{GOOD}, types: [taks.*]}}]}}", "webhooks.out[0].types: fits no type of event; docs/events"),
    (f"webhooks: {{out: [{{{GOOD}, severity: bad}}]}}", "webhooks.out[0].severity: must be critical or warning or"),
    (f"webhooks: {{out: [{{{GOOD}, accounts: [umial]}}]}}", "webhooks.out[0].accounts[0]: is no account; did you mean"),
    (f"webhooks: {{out: [{{{GOOD}}}, {{{GOOD}}}]}}", "webhooks.out[1].name: is the name of two endpoints; keep one"),
    (f"webhooks: {{out: [{{{GOOD.replace('crm,', 'C R M,')}}}]}}", "webhooks.out[0].name: is no name for an endpoint"),
    (
        f"webhooks: {{out: [{{{GOOD.replace('${KEY}', 'hunter2')}}}]}}",
        "webhooks.out[0].secret: is no secret of Standard Webhooks; write whsec_ and base64 of at least 24 bytes",
    ),
    (
        f"webhooks: {{out: [{{{GOOD.replace('https', 'http')}}}]}}",
        "webhooks.out[0]: has a url that is not https; only with allow_private: true may it be http",
    ),
    (
        f"webhooks: {{out: [{{{GOOD.replace('crm.example', '10.0.0.1')}}}]}}",
        "webhooks.out[0]: has an address of a private network; say allow_private: true if that is meant",
    ),
    (
        f"webhooks: {{out: [{{{GOOD.replace('crm.example', '2130706433')}}}]}}",
        "webhooks.out[0]: has an address in an odd spelling; write it as in 203.0.113.7",
    ),
    (
        f"webhooks: {{out: [{{{GOOD.replace('https://', 'https://me@')}}}]}}",
        "webhooks.out[0]: has no url that can be sent to; write it as in https://example.com/hook",
    ),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_a_mistake_about_who_is_told_is_named_and_no_secret_with_it(tmp_path, text, expected):
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    [told] = str(caught.value).splitlines()
    assert told.replace(f"{tmp_path}/", "").startswith(f"app.yaml:1: {expected}")
    assert SECRET not in told
    assert "hunter2" not in told


def test_a_secret_that_is_not_set_is_named_once_and_commands_at_a_terminal_need_none(tmp_path):
    text = f"webhooks: {{out: [{{{GOOD}}}]}}"
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, {})
    [told] = str(caught.value).splitlines()
    assert told.endswith("webhooks.out[0].secret: KEY is not set; export it")
    assert dict(loaded(tmp_path, text, {}, purpose=Purpose.EXEC).endpoints) == {}


async def test_what_arrives_by_webhook_goes_out_by_webhook(closed_office, tmp_path, http):
    async with target() as crm:
        before = shipped().read_text("utf-8").partition("\nwebhooks:")[0]
        before = before.replace("${EDM_URL:-}", "https://edmbot.example.com/")
        source = f"in: {{itnio: {{adapter: itnio, secret: {senders.PATH_SECRET}}}}}"
        endpoint = f'{{name: crm, url: "{crm.url}", secret: {SECRET}, types: [message.*], allow_private: true}}'
        closed_office.app_yaml, closed_office.part = tmp_path / "app.yaml", Part.ALL
        closed_office.app_yaml.write_text(f"{before}\nwebhooks: {{{source}, out: [{endpoint}]}}\n", "utf-8")
        body = senders.plain(senders.payload("itnio-callback-batch.json")).body
        async with closed_office.open() as office:
            answer = await http.post(f"{office.url}/webhooks/itnio/{senders.PATH_SECRET}", content=body)
            assert answer.status_code == 200
            async with asyncio.timeout(10):
                while len(crm.got) < 3:
                    await asyncio.sleep(0.02)
            row = await office.store.transact(lambda session, _now: endpoints.find(session, "crm"))
            assert (row.shipped, row.secret) == (True, "")
            metrics = (await http.get(f"{office.url}/metrics")).text
            assert 'edmbot_webhook_attempts_total{outcome="taken"}' in metrics
            assert 'edmbot_webhook_endpoints{state="active"} 1.0' in metrics
            assert "edmbot_webhook_pending 0.0" in metrics
        assert all(got.is_signed_by(SECRET) for got in crm.got)
        home = "https://edmbot.example.com/schemas"
        assert all(got.event["dataschema"] == f"{home}/{got.event['type']}/data" for got in crm.got)
        assert all("recipient" not in got.event["data"] for got in crm.got)
        assert sorted(got.event["type"] for got in crm.got) == ["message.failed", "message.queued", "message.unknown"]


async def test_what_arrives_goes_on_at_once_however_seldom_anybody_looks(closed_office, tmp_path, http, monkeypatch):
    for name in ("webhooks", "duties", "approvals", "alive"):
        monkeypatch.setitem(jobs.scheduler.EVERY, name, 3_600.0)
    async with target() as crm:
        before = shipped().read_text("utf-8").partition("\nwebhooks:")[0]
        source = f"in: {{itnio: {{adapter: itnio, secret: {senders.PATH_SECRET}}}}}"
        endpoint = f'{{name: crm, url: "{crm.url}", secret: {SECRET}, types: [message.*], allow_private: true}}'
        closed_office.app_yaml, closed_office.part = tmp_path / "app.yaml", Part.ALL
        closed_office.app_yaml.write_text(f"{before}\nwebhooks: {{{source}, out: [{endpoint}]}}\n", "utf-8")
        async with closed_office.open() as office:
            for nth in range(3):
                body = {"taskId": nth, "emailId": str(nth), "toAddress": "a@example.com", "emailState": "成功"}
                request = senders.plain(body)
                await http.post(f"{office.url}/webhooks/itnio/{senders.PATH_SECRET}", content=request.body)
            async with asyncio.timeout(5):
                while len(crm.got) < 3:
                    await asyncio.sleep(0.01)
    assert {(got.event["type"], got.event["subject"]) for got in crm.got} == {
        ("message.queued", f"message/{nth}") for nth in range(3)
    }
