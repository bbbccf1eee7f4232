"""A person puts files into a modal and takes files out of direct messages, in a real browser."""

import json
import shutil
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import httpx
import pytest
from aiohttp import web
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackServer

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium on the PATH")

CSV = "email,姓名\nana@example.com,安娜\n".encode()


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


FORM = {
    "type": "modal",
    "title": plain("Import contacts"),
    "submit": plain("Import"),
    "blocks": [
        {
            "type": "input",
            "block_id": "file",
            "label": plain("Contacts"),
            "element": {"type": "file_input", "action_id": "file", "filetypes": ["csv", "txt"], "max_files": 2},
        },
        {
            "type": "input",
            "block_id": "note",
            "label": plain("Note"),
            "element": {"type": "plain_text_input", "action_id": "note"},
        },
    ],
}


@dataclass
class Importer:
    """An app that opens the form, finds the first submission wanting, and reads the files of the second."""

    slack: SlackServer
    read: dict[str, bytes] = field(default_factory=dict)
    submissions: int = 0

    async def serve(self, request: web.Request) -> web.Response:
        form = dict(parse_qsl((await request.read()).decode()))
        client = AsyncWebClient(self.slack.bot_token, base_url=self.slack.api_url)
        if "payload" not in form:
            await client.views_open(trigger_id=form["trigger_id"], view=FORM)
            return web.Response()
        self.submissions += 1
        if self.submissions == 1:
            return web.json_response({"response_action": "errors", "errors": {"note": "Say more"}})
        state = json.loads(form["payload"])["view"]["state"]["values"]["file"]["file"]
        bearer = {"Authorization": f"Bearer {self.slack.bot_token}"}
        async with httpx.AsyncClient(headers=bearer, trust_env=False) as http:
            for file in state["files"]:
                self.read[file["name"]] = (await http.get(file["url_private_download"])).content
        return web.Response()


@pytest.fixture
def script() -> type[Importer]:
    return Importer


async def test_files_are_chosen_in_a_modal_and_reach_the_app(scripted) -> None:
    window, app = scripted
    lin = await window.open("U0LIN")
    await window.type(lin, "/edm import")
    modal = lin.get_by_role("dialog", name="Import contacts")
    chooser = modal.get_by_label("Contacts")
    chosen = modal.get_by_role("list", name="Chosen files").get_by_role("listitem")
    await chooser.set_input_files([{"name": "vip.csv", "mimeType": "text/csv", "buffer": CSV}])
    await expect(chosen).to_have_text(["vip.csv✕"])
    await chooser.set_input_files([{"name": "wrong.csv", "mimeType": "text/csv", "buffer": CSV}])
    await expect(chosen).to_have_count(2)
    await modal.get_by_role("button", name="Remove wrong.csv").click()
    await modal.get_by_label("Note").fill("from the fair")
    await modal.get_by_role("button", name="Import").click()
    await expect(modal).to_contain_text("Say more")
    await expect(chosen).to_have_text(["vip.csv✕"])
    await window.keep()
    await modal.get_by_role("button", name="Import").click()
    await expect(modal).to_have_count(0)
    assert app.read == {"vip.csv": CSV}


async def test_a_file_that_the_field_does_not_take_is_refused_in_words(scripted) -> None:
    window, _ = scripted
    lin = await window.open("U0LIN")
    await window.type(lin, "/edm import")
    chooser = lin.get_by_role("dialog").get_by_label("Contacts")
    files = [{"name": f"{name}.csv", "mimeType": "text/csv", "buffer": CSV} for name in "abc"]
    await chooser.set_input_files(files)
    await expect(lin.locator("#notice")).to_contain_text("At most 2 files can be chosen.")
    async with lin.expect_response("**/api/upload*"):
        await chooser.set_input_files([{"name": "a.exe", "mimeType": "text/plain", "buffer": CSV}])
    await expect(lin.locator("#notice")).to_contain_text("only csv, txt can be chosen")
    await expect(lin.get_by_role("list", name="Chosen files").get_by_role("listitem")).to_have_count(0)
    # The browser tells of every answer above 399 in its console.
    assert [line for line in window.wrong if "409" not in line] == []
    window.wrong.clear()


async def test_a_file_in_direct_messages_is_downloaded_by_its_reader(scripted) -> None:
    window, app = scripted
    lin = await window.open("U0LIN")
    room = app.slack.workspace.direct("U0LIN").id
    client = AsyncWebClient(app.slack.bot_token, base_url=app.slack.api_url)
    await client.files_upload_v2(channel=room, content=CSV, filename="bounces-umail.csv", initial_comment="Bounces")
    await lin.get_by_role("button", name="edmbot").first.click()
    message = lin.get_by_role("article").last
    await expect(message).to_contain_text("Bounces")
    async with lin.expect_download() as begun:
        await message.get_by_role("link", name="bounces-umail.csv").click()
    download = await begun.value
    assert download.suggested_filename == "bounces-umail.csv"
    path = await download.path()
    assert path.read_bytes() == CSV
    await window.keep()
