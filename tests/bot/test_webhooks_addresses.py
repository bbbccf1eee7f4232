"""Whom a message went to: looked for in all that leaves, of reports that repeat the address wherever they can."""

import asyncio
import json

import pytest
from aiohttp import web
from sqlmodel import select

from bot.app import Part
from bot.appyaml import shipped
from store.tables import Misfit
from tests.bot.conftest import GENERAL
from tests.bridge import senders
from tests.bridge.hooks import target

LIN, MEI = "U0LIN", "U0MEI"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MARK = "zq7-marked"
ADDRESS = f"{MARK}@shop.example"
QUOTED = f"{MARK}%40shop.example"
IN = f"""
webhooks:
  in:
    sendgrid: {{adapter: sendgrid, public_key: "{senders.SENDGRID_KEY}"}}
    crm: {{adapter: standard, secret: {senders.STANDARD_SECRET}}}
    itnio: {{adapter: itnio, account: itnio, secret: {senders.PATH_SECRET}}}
    postmark: {{adapter: postmark, secret: {senders.PATH_SECRET}}}
"""


def reports():
    """Of each kind, requests that name the recipient wherever their sender lets them."""
    click = {
        "email": ADDRESS,
        "timestamp": 1700000000,
        "event": "click",
        "sg_event_id": "e1",
        "sg_message_id": f"m1.{ADDRESS}",
        "url": f"https://shop.example/u/{QUOTED}?e={ADDRESS}",
        "category": [ADDRESS],
        "who": ADDRESS,
    }
    bounce = {
        **click,
        "event": "bounce",
        "sg_event_id": "e2",
        "reason": f"550 <{ADDRESS}>: no such user",
        "response": f"rejected for {QUOTED}",
    }
    told = {
        "id": "t1",
        "type": "message.delivered",
        "subject": f"message/{ADDRESS}",
        "data": {"to": "delivered", "recipient": ADDRESS, "message_id": ADDRESS, "description": ADDRESS},
    }
    unsaid = {"to": ADDRESS, "message_id": ADDRESS, ADDRESS: 1, "click_url": f"https://shop.example/?e={ADDRESS}"}
    without = {**told, "id": "t3", "data": unsaid}
    of_a_task = {"id": "t4", "type": "task.failed", "subject": f"task/{ADDRESS}", "data": {"recipient": ADDRESS}}
    fits_nothing = {"id": "t2", "type": "message.eaten", "data": {"recipient": ADDRESS, "link": QUOTED}}
    taken_in = {"taskId": 1, "emailId": "77", "toAddress": ADDRESS, "emailState": "失败", "remark": f"拒收 {ADDRESS}"}
    return [
        ("sendgrid", senders.sendgrid([click, bounce])),
        ("crm", senders.standard([told, without, of_a_task, fits_nothing])),
        ("itnio", senders.plain([taken_in, {"toAddress": ADDRESS, "emailState": ADDRESS}, ADDRESS])),
        ("postmark", senders.plain({"RecordType": "Bounce", "Email": ADDRESS, "BouncedAt": ADDRESS})),
    ]


@pytest.fixture
async def two(closed_office, tmp_path):
    """One endpoint that is sent addresses, and one that is not; both give back what they were sent and take nothing."""
    async with target() as open_one, target() as plain:
        for one in (open_one, plain):
            one.answer = lambda got: web.Response(status=422, body=b"cannot take " + got.body[-700:])
        more = f"secret: {SECRET}, types: [message.*, task.*], allow_private: true"
        ends = [f'{{name: {name}, url: "{one.url}", {more}' for name, one in (("whole", open_one), ("plain", plain))]
        before = shipped().read_text("utf-8").partition("\nwebhooks:")[0]
        closed_office.app_yaml, closed_office.part = tmp_path / "app.yaml", Part.ALL
        closed_office.app_yaml.write_text(f"{before}{IN}  out: [{ends[0]}, addresses: true}}, {ends[1]}}}]\n", "utf-8")
        async with closed_office.open() as office:
            yield office, open_one, plain


async def test_nobodys_address_leaves_but_to_who_was_given_them(two, http, capfd, caplog):
    office, whole, plain = two
    await office.ask(MEI, "subscribe message.*")
    for source, request in reports():
        path = f"/{request.path_secret}" if request.path_secret else ""
        url = f"{office.url}/webhooks/{source}{path}"
        assert (await http.post(url, content=request.body, headers=request.headers)).status_code == 200
    async with asyncio.timeout(15):
        while min(len(whole.got), len(plain.got)) < 7:
            await asyncio.sleep(0.02)
        # A message waits ten seconds for others.
        office.later(11)
        while not [one for one in office.slack.visible(LIN, GENERAL) if "Message" in one.plain]:
            await asyncio.sleep(0.02)
    assert await unread(office) >= 3
    shown = [await office.ask(MEI, line) for line in ("webhook show whole", "webhook show plain", "webhook errors")]
    assert "[address]" in shown[0].plain
    assert "z***@shop.example" in shown[2].plain
    await office.ask(MEI, "webhook test whole")
    await office.ask(MEI, "audit")
    inside = (await http.get(f"{office.url}/metrics")).text
    out, err = capfd.readouterr()
    left = {
        "slack": json.dumps([dict(call.args) for call in office.slack.calls], default=str),
        "webhooks": b"\n".join(got.body for got in plain.got).decode(),
        "logs": out + err + caplog.text,
        "metrics": inside,
    }
    assert {name: MARK in text for name, text in left.items()} == dict.fromkeys(left, False)
    assert all(MARK.encode() in got.body for got in whole.got if got.event["type"].startswith(("message.", "task.")))


async def unread(office):
    return len(await office.store.transact(lambda session, _now: session.exec(select(Misfit)).all()))
