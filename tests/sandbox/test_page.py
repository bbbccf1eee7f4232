"""The page's server: who may drive it, what it refuses and why, what it tells whom."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import Sandbox
from sandbox.page import Page, Word
from sandbox.page.marks import markdown, mrkdwn
from sandbox.slack import SlackServer
from sandbox.slack.messages import Post

GENERAL, SECRET = "C0GENERAL", "C0SECRET"


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    slack = await SlackServer.start(now=lambda: datetime(2026, 11, 20, 2, 4, tzinfo=UTC))
    yield slack
    await slack.stop()


@pytest.fixture
async def page(slack: SlackServer, box: Sandbox) -> AsyncIterator[Page]:
    words = [Word("task pause", "ID", "Pause a task")]
    page = await Page.start(slack, box, words=words, roles={"U0MEI": "admin"})
    yield page
    await page.stop()


@pytest.fixture
async def http(page: Page) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=page.url, timeout=5, trust_env=False) as client:
        yield client


def say(slack: SlackServer, text: str, *, user: str = "U0LIN", channel: str = GENERAL, **fields) -> Post:
    return slack.workspace.post(Post(channel=channel, ts="", user=user, text=text, **fields))


async def seen(http: httpx.AsyncClient, person: str, channel: str = GENERAL, **query: str) -> dict:
    return (await http.get("api/room", params={"person": person, "channel": channel, **query})).json()


# Who may drive it


async def test_it_listens_on_loopback_only(slack, box) -> None:
    with pytest.raises(ValueError, match="loopback"):
        await Page.start(slack, box, host="0.0.0.0")  # noqa: S104


async def test_a_taken_port_is_an_error_that_leaves_nothing_behind(page, slack, box) -> None:
    with pytest.raises(OSError, match="in use"):
        await Page.start(slack, box, port=httpx.URL(page.url).port)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
@pytest.mark.parametrize("path", ["api/type", "api/world"])
async def test_another_website_cannot_drive_it(http, slack, path, origin) -> None:
    body = {"person": "U0LIN", "channel": GENERAL, "text": "hello", "thread": None}
    answer = await http.post(path, json=body, headers={"Origin": origin})
    assert (answer.status_code, answer.json()["error"]) == (403, "requests of other origins are not taken")
    assert slack.visible("U0LIN", GENERAL) == []


async def test_the_page_itself_can(http, page) -> None:
    body = {"person": "U0LIN", "channel": GENERAL, "text": "hello", "thread": None}
    answer = await http.post("api/type", json=body, headers={"Origin": page.url.rstrip("/")})
    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:8787", "[", ""])
@pytest.mark.parametrize("path", ["", "api/world", "api/changes?person=U0LIN"])
async def test_a_name_that_only_points_here_is_refused(http, path, host) -> None:
    answer = await http.get(path, headers={"Host": host})
    assert answer.status_code in {400, 403}


@pytest.mark.parametrize("path", ["", "static/main.js", "api/world", "nothing", "api/room"])
async def test_every_answer_forbids_requests_to_elsewhere(http, path) -> None:
    policy = (await http.get(path)).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


async def test_nothing_outside_its_folder_is_served(http) -> None:
    assert (await http.get("static/..%2fserver.py")).status_code in {403, 404}
    assert (await http.get("static/%2e%2e/server.py")).status_code in {403, 404}


# What it refuses, and why


TYPE = {"person": "U0LIN", "channel": GENERAL, "text": "hello", "thread": None}
PRESS = {"person": "U0LIN", "on": {"channel": GENERAL, "ts": "1.0"}, "block": "b", "action": "a", "value": None}
BAD = [
    ("type", {**TYPE, "person": "U0NOBODY"}, 400, "person must be one of"),
    ("type", {**TYPE, "person": 7}, 400, "person must be one of"),
    ("type", {**TYPE, "channel": "C0NOWHERE"}, 400, "channel C0NOWHERE is none that U0LIN is in"),
    ("type", {**TYPE, "channel": SECRET}, 400, "channel C0SECRET is none that U0LIN is in"),
    ("type", {**TYPE, "channel": "C0OLD"}, 409, "archived"),
    ("type", {**TYPE, "channel": "C0OLD", "text": "/edm help"}, 409, "archived"),
    ("type", {**TYPE, "text": "  "}, 400, "text is empty"),
    ("type", {**TYPE, "text": None}, 400, "text must be a text"),
    ("type", {**TYPE, "text": "x" * 8001}, 400, "text must have at most 8000 characters"),
    ("type", {**TYPE, "thread": "1.0"}, 400, "thread is no message here"),
    ("type", {**TYPE, "thread": "1.0", "text": "/edm help"}, 400, "does not work in threads"),
    ("type", {**TYPE, "colour": "red"}, 400, "colour is not a field here"),
    ("type", {**TYPE, "text": "/edm help"}, 409, "no app is connected"),
    ("press", PRESS, 409, "that message is gone"),
    ("press", {**PRESS, "on": {}}, 400, "on must name a view"),
    ("press", {**PRESS, "on": {"view": "V1"}}, 409, "that view is gone"),
    ("press", {**PRESS, "on": {"view": 1}}, 400, "on.view must be a text"),
    ("press", {**PRESS, "on": "V1"}, 400, "on must be an object"),
    ("press", {name: value for name, value in PRESS.items() if name != "value"}, 400, "value is missing"),
    ("suggest", {**PRESS, "query": "x"}, 400, "value is not a field here"),
    ("submit", {"person": "U0LIN", "values": []}, 400, "values must be an object"),
    ("submit", {"person": "U0LIN", "values": {}}, 409, "no modal open"),
    ("close", {"person": "U0LIN"}, 409, "no modal open"),
    ("world", {"do": "rain"}, 400, "do must be one of speed, skip, fail"),
    ("world", {"do": "speed", "speed": -1}, 400, "speed must be one of 1, 60, 600"),
    ("world", {"do": "speed", "speed": True}, 400, "speed must be one of"),
    ("world", {"do": "speed", "speed": [1]}, 400, "speed must be one of"),
    ("world", {"do": "skip", "seconds": 1}, 400, "seconds must be one of"),
    ("world", {"do": "fail", "task": "19124"}, 400, "task must be a whole number"),
    ("world", {"do": "fail", "task": 1}, 400, "task 1 is none of U-Mail's"),
    ("world", {"do": "fail", "task": 19118}, 400, "task has ended already"),
    ("world", {"do": "spike", "task": 19129}, 400, "task is not sending"),
    ("world", {"do": "edit", "task": 19124}, 400, "task has begun or ended"),
    ("world", {"do": "drain", "vendor": "itnio"}, 400, "vendor has no credit"),
    ("world", {"do": "down", "vendor": "mailgun"}, 400, "vendor must be one of umail, emailcar, itnio"),
]


@pytest.mark.parametrize(("path", "body", "status", "reason"), BAD)
async def test_a_request_that_makes_no_sense_is_told_why(http, path, body, status, reason) -> None:
    answer = await http.post(f"api/{path}", json=body)
    assert (answer.status_code, reason in answer.json()["error"]) == (status, True), answer.text


@pytest.mark.parametrize(
    ("content", "kind", "status", "reason"),
    [
        (b"{", "application/json", 400, "the body is not JSON"),
        (b"[]", "application/json", 400, "the body must be a JSON object"),
        (b"[" * 100_000, "application/json", 400, "the body is not JSON"),
        (b"\xff", "application/json", 400, "the body is not JSON"),
        (b"{}", "text/plain", 415, "the body must be application/json"),
        (b" " * 300_000, "application/json", 413, "the body must say its length"),
    ],
)
async def test_a_body_that_is_none_is_told_why(http, content, kind, status, reason) -> None:
    answer = await http.post("api/type", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, reason in answer.json()["error"]) == (status, True)


MENU = {
    "type": "actions",
    "block_id": "b",
    "elements": [
        {
            "type": "static_select",
            "action_id": "a",
            "options": [{"text": {"type": "plain_text", "text": "Slow"}, "value": "slow"}],
        },
        {"type": "users_select", "action_id": "who"},
        {
            "type": "checkboxes",
            "action_id": "many",
            "options": [{"text": {"type": "plain_text", "text": "One"}, "value": "1"}],
        },
    ],
}


@pytest.mark.parametrize(
    ("action", "value", "status", "reason"),
    [
        ("a", ["slow"], 400, "the value of a must be a text"),
        ("a", {"value": "slow"}, 400, "the value of a must be a text"),
        ("a", "fast", 409, "no option 'fast'"),
        ("who", ["U0LIN"], 400, "the value of who must be a text"),
        ("who", "U0NOBODY", 409, "cannot hold"),
        ("many", [["1"]], 400, "the value of many must be a list of texts"),
        ("many", "1", 409, "takes a list"),
        ("none", "1", 409, "nothing such"),
    ],
)
async def test_a_value_that_cannot_be_chosen_is_told_why(http, slack, action, value, status, reason) -> None:
    post = say(slack, "", blocks=[MENU])
    body = {**PRESS, "on": {"channel": GENERAL, "ts": post.ts}, "action": action, "value": value}
    answer = await http.post("api/press", json=body)
    assert (answer.status_code, reason in answer.json()["error"]) == (status, True), answer.text


@pytest.mark.parametrize("path", ["api/room", "api/workspace", "api/changes", "api/room?person=U0NOBODY", "files/F1"])
async def test_who_looks_must_be_somebody(http, path) -> None:
    answer = await http.get(path)
    assert (answer.status_code, "person must be one of" in answer.json()["error"]) == (400, True)


# What it tells whom


async def test_rooms_are_those_that_the_person_is_in(http) -> None:
    async def rooms(person: str) -> set[str]:
        told = (await http.get("api/workspace", params={"person": person})).json()
        return {room["id"] for room in told["rooms"]}

    assert SECRET in await rooms("U0MEI")
    assert SECRET not in await rooms("U0LIN")
    assert await rooms("U0EXT") == {GENERAL}


async def test_commands_and_roles_are_those_that_it_was_given(http) -> None:
    told = (await http.get("api/workspace", params={"person": "U0LIN"})).json()
    assert told["words"] == [{"name": "task pause", "usage": "ID", "summary": "Pause a task"}]
    assert {person["id"]: person["role"] for person in told["people"]}["U0MEI"] == "admin"
    assert {"U0GONE", "USLACKBOT", "U0EDMBOT"} & {person["id"] for person in told["people"]} == set()


async def test_a_private_answer_is_told_to_its_reader_alone(http, slack) -> None:
    say(slack, "for Mei", ephemeral_for="U0MEI")
    assert [message["ephemeral"] for message in (await seen(http, "U0MEI"))["messages"]] == [True]
    assert (await seen(http, "U0LIN"))["messages"] == []


async def test_the_stream_tells_what_the_person_can_see_and_nothing_else(http, slack) -> None:
    async with http.stream("GET", "api/changes", params={"person": "U0LIN"}) as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: ready"
        say(slack, "for Mei", ephemeral_for="U0MEI")
        say(slack, "for the board", channel=SECRET, user="U0MEI")
        say(slack, "for all", channel="C0ALERTS")
        async with asyncio.timeout(3):
            told = [json.loads(line[6:]) async for line in _until(lines, "C0ALERTS")]
    assert told[-1] == {"kind": "posted", "channel": "C0ALERTS"}
    assert len(told) == 2  # the {} of `ready`, and the one


async def _until(lines, words: str):
    async for line in lines:
        if line.startswith("data: "):
            yield line
        if words in line:
            return


async def test_what_a_person_types_stays_text(http, slack) -> None:
    await http.post("api/type", json={**TYPE, "text": "a <b> & *c* <!channel>"})
    [message] = (await seen(http, "U0LIN"))["messages"]
    assert message["plain"] == "a <b> & c <!channel>"
    assert slack.visible("U0LIN", GENERAL)[0].pings == []


async def test_a_reply_stands_in_its_thread(http, slack) -> None:
    parent = say(slack, "shall we?")
    await http.post("api/type", json={**TYPE, "text": "yes", "thread": parent.ts})
    room = await seen(http, "U0LIN", thread=parent.ts)
    assert [(message["plain"], message["replies"]) for message in room["messages"]] == [("shall we?", 1)]
    assert [message["plain"] for message in room["thread"]] == ["shall we?", "yes"]


async def test_a_file_is_given_to_who_can_see_it_and_only_pictures_in_place(http, slack) -> None:
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    for channel, name in (("C0LEADS", "chart.png"), ("C0LEADS", "page.svg")):
        await client.files_upload_v2(channel=channel, filename=name, content=b"\x89PNG")
    picture, page = [message["files"][0]["id"] for message in (await seen(http, "U0LIN", "C0LEADS"))["messages"]]
    shown = await http.get(f"files/{picture}", params={"person": "U0LIN"})
    assert (shown.headers["Content-Type"], shown.headers["Content-Disposition"]) == ("image/png", "inline")
    kept = await http.get(f"files/{page}", params={"person": "U0LIN"})
    assert kept.headers["Content-Disposition"] == "attachment"
    assert "svg" not in kept.headers["Content-Type"]
    assert (await http.get(f"files/{picture}", params={"person": "U0VIEW"})).status_code == 404
    assert (await http.get("files/F0NONE", params={"person": "U0LIN"})).status_code == 404


FILE_FORM = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Import"},
    "submit": {"type": "plain_text", "text": "Import"},
    "blocks": [
        {
            "type": "input",
            "block_id": "file",
            "label": {"type": "plain_text", "text": "File"},
            "element": {"type": "file_input", "action_id": "file", "filetypes": ["csv"]},
        }
    ],
}
BINARY = {"Content-Type": "application/octet-stream"}


async def test_an_uploaded_file_belongs_to_who_chose_it(http, slack) -> None:
    form = slack.workspace.open_view("U0LIN", FILE_FORM)
    where = {"person": "U0LIN", "view": form.id, "action": "file", "name": "vip.csv"}
    kept = (await http.post("api/upload", params=where, content=b"a@example.com", headers=BINARY)).json()
    assert (kept["name"], kept["size"]) == ("vip.csv", 13)
    path = f"files/{kept['id']}"
    assert (await http.get(path, params={"person": "U0LIN"})).content == b"a@example.com"
    assert (await http.get(path, params={"person": "U0MEI"})).status_code == 404
    slack.workspace.open_view("U0MEI", FILE_FORM)
    taken = await http.post("api/submit", json={"person": "U0MEI", "values": {"file": [kept["id"]]}})
    assert (taken.status_code, taken.json()["error"]) == (409, "that file is somebody else's, or gone")


@pytest.mark.parametrize(
    ("changes", "headers", "status", "reason"),
    [
        ({"name": "vip.exe"}, BINARY, 409, "only csv can be chosen"),
        ({"action": "name"}, BINARY, 409, "no field called 'name' takes files"),
        ({"view": "V1"}, BINARY, 409, "that view is gone"),
        ({"person": "U0MEI"}, BINARY, 409, "that view is gone"),
        ({"colour": "red"}, BINARY, 400, "colour is not a field here"),
        ({}, {"Content-Type": "text/plain"}, 415, "application/octet-stream"),
        ({}, {**BINARY, "Origin": "https://evil.example"}, 403, "other origins"),
    ],
)
async def test_an_upload_that_makes_no_sense_is_refused(http, slack, changes, headers, status, reason) -> None:
    form = slack.workspace.open_view("U0LIN", FILE_FORM)
    where = {"person": "U0LIN", "view": form.id, "action": "file", "name": "vip.csv", **changes}
    answer = await http.post("api/upload", params=where, content=b"x", headers=headers)
    assert (answer.status_code, reason in answer.json()["error"]) == (status, True)
    assert slack.workspace.uploads == {}


@pytest.mark.parametrize("value", [5, "F1", [5], [None]])
async def test_a_file_field_takes_a_list_of_its_persons_files(http, slack, value) -> None:
    slack.workspace.open_view("U0LIN", FILE_FORM)
    answer = await http.post("api/submit", json={"person": "U0LIN", "values": {"file": value}})
    assert answer.status_code in (400, 409)


# The vendors' world


async def test_a_faster_clock_does_not_jump(box) -> None:
    before = box.clock.now()
    box.clock.accelerate(600)
    assert (box.clock.now() - before).total_seconds() < 300
    box.clock.step(60)
    box.clock.accelerate(0)
    after = box.clock.now()
    assert after == box.clock.now()
    assert (after - before).total_seconds() >= 60


async def pull(http: httpx.AsyncClient, **body) -> dict:
    return (await http.post("api/world", json=body)).json()


async def test_a_task_can_be_changed_behind_the_bots_back(http, box) -> None:
    await pull(http, do="edit", task=19126)
    assert box.world.task(19126).settings.replyto == "other@shop.example"


async def test_a_task_can_be_made_to_fail(http, box) -> None:
    state = await pull(http, do="fail", task=19124)
    assert {task["id"]: task["status"] for task in state["tasks"]}[19124] == "failed"


async def test_bounces_can_be_made_to_climb(http, box) -> None:
    def share() -> float:
        tally = box.world.task(19124).tally(box.world.advance())
        return tally.failed / tally.sent

    before = share()
    await pull(http, do="spike", task=19124)
    await pull(http, do="skip", seconds=3600)
    assert share() > 2 * before


async def test_credit_can_be_drained_and_not_below_what_is_left(http) -> None:
    await pull(http, do="drain", vendor="umail")
    state = await pull(http, do="drain", vendor="umail")
    assert [vendor["credit"]["left"] for vendor in state["vendors"] if vendor["id"] == "umail"] == [500]


async def test_a_vendor_goes_down_and_comes_back(http, box, umail) -> None:
    state = await pull(http, do="down", vendor="umail")
    assert [vendor["down"] for vendor in state["vendors"]] == [True, False, False]
    auth = next((one.username, one.password) for one in box.world.umail.values() if one.dialect == "basic")
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.TransportError):
            await client.get(f"{box.umail.url}account.php?do=service-info", auth=auth)
        await pull(http, do="up", vendor="umail")
        assert (await client.get(f"{box.umail.url}account.php?do=service-info", auth=auth)).status_code == 200


# Markup


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("plain", [("text", [{"text": "plain"}])]),
        (
            "*a* _b_ ~c~ `d`",
            [("text", [("a", "bold"), " ", ("b", "italic"), " ", ("c", "strike"), " ", ("d", "code")])],
        ),
        ("2 * 3 * 4, snake_case_name", [("text", ["2 * 3 * 4, snake_case_name"])]),
        ("&lt;b&gt; &amp;amp;", [("text", ["<b> &amp;"])]),
        ("> quoted\nnot", [("quote", ["quoted"]), ("text", ["not"])]),
        ("```*raw* &lt;```", [("pre", ["*raw* <"])]),
        ("<@U0LIN> <!channel>", [("text", [("@lin", "mention"), " ", ("@channel", "mention")])]),
    ],
)
def test_mrkdwn_is_taken_apart(slack_reader, text, parts) -> None:
    def span(wanted):
        if isinstance(wanted, str):
            return {"text": wanted}
        return {"text": wanted[0], wanted[1]: True} if isinstance(wanted, tuple) else wanted

    wanted = [{"kind": kind, "spans": [span(one) for one in spans]} for kind, spans in parts]
    assert mrkdwn(text, slack_reader) == wanted


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.example"])
def test_a_link_that_runs_something_is_only_words(slack_reader, address) -> None:
    assert mrkdwn(f"<{address}|here>", slack_reader)[0]["spans"] == [{"text": "here", "href": None}]
    [part] = markdown(f"[here]({address.replace('(', '').replace(')', '')})", slack_reader)
    assert part["spans"] == [{"text": "here", "href": None}]


def test_markdown_has_headings_lists_and_rules(slack_reader) -> None:
    parts = markdown("# Title\n- one\n2. **two**\n---\n[here](https://shop.example)", slack_reader)
    assert [part["kind"] for part in parts] == ["heading", "item", "item", "rule", "text"]
    assert parts[2] == {"kind": "item", "mark": "2.", "spans": [{"text": "two", "bold": True}]}
    assert parts[4]["spans"] == [{"text": "here", "href": "https://shop.example"}]


@pytest.fixture
async def slack_reader(slack):
    return slack.workspace.reader("U0LIN")
