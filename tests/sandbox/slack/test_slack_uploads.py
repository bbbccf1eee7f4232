"""Files that people put into a modal, and how the app gets them."""

import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackServer
from sandbox.slack.files import LARGEST_ENTERED

CSV = "email,姓名\nana@example.com,安娜\n".encode()


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def form(*, surface: str = "modal", dispatch: bool = False, **element: object) -> dict[str, object]:
    field = {
        "type": "input",
        "block_id": "from",
        "label": plain("File"),
        "dispatch_action": dispatch,
        "element": {"type": "file_input", "action_id": "file", **element},
    }
    if surface == "home":
        return {"type": "home", "blocks": [field]}
    return {"type": "modal", "title": plain("Import"), "submit": plain("Import"), "blocks": [field]}


@pytest.fixture
def open_form(slack: SlackServer, bot, client: AsyncWebClient):
    async def opened(**element: object) -> None:
        reply = await slack.slash("U0LIN", "C0GENERAL", "/edm")
        await client.views_open(trigger_id=reply.trigger_id, view=form(**element))

    return opened


async def test_a_chosen_file_comes_with_the_submission_and_is_the_persons_own(
    slack: SlackServer, bot, client: AsyncWebClient, http: httpx.AsyncClient, open_form
) -> None:
    await open_form(filetypes=["csv", "txt"], max_files=2)
    await slack.attach("U0LIN", "file", "vip.csv", CSV)
    await slack.attach("U0LIN", "file", "more.TXT", b"bo@example.com\n")
    reply = await slack.submit("U0LIN", {})
    assert reply.status == 200
    held = bot.last["view"]["state"]["values"]["from"]["file"]
    assert (held["type"], [file["name"] for file in held["files"]]) == ("file_input", ["vip.csv", "more.TXT"])
    file = held["files"][0]
    assert (file["user"], file["size"], file["mimetype"], file["channels"]) == ("U0LIN", len(CSV), "text/csv", [])
    assert (await client.files_info(file=file["id"]))["file"] == file
    bearer = {"Authorization": f"Bearer {slack.bot_token}"}
    async with http.stream("GET", file["url_private_download"], headers=bearer) as answer:
        assert b"".join([chunk async for chunk in answer.aiter_bytes()]) == CSV


async def test_a_submission_can_name_the_files_or_take_them_away(slack: SlackServer, bot, open_form) -> None:
    await open_form()
    file = await slack.attach("U0LIN", "file", "vip.csv", CSV)
    assert (await slack.submit("U0LIN", {"file": []})).sent is False
    assert slack.modal("U0LIN").errors == {"from": "Please complete this required field."}
    await slack.submit("U0LIN", {"file": [file.id]})
    assert bot.last["view"]["state"]["values"]["from"]["file"]["files"][0]["id"] == file.id


async def test_a_required_file_that_nobody_chose_stops_the_submission(slack: SlackServer, bot, open_form) -> None:
    await open_form()
    assert (await slack.submit("U0LIN", {})).sent is False


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("vip.exe", CSV, "only csv, txt can be chosen"),
        ("csv", CSV, "only csv, txt can be chosen"),
        ("vip.csv", b"", "is empty"),
        ("vip.csv", b"x" * (LARGEST_ENTERED + 1), "has more than 10485760 bytes"),
    ],
)
async def test_a_file_that_the_field_does_not_take_is_not_kept(
    slack: SlackServer, open_form, name, content, why
) -> None:
    await open_form(filetypes=["csv", "txt"])
    with pytest.raises(ValueError, match=why):
        await slack.attach("U0LIN", "file", name, content)
    assert slack.workspace.uploads == {}


async def test_one_file_too_many_is_refused(slack: SlackServer, open_form) -> None:
    await open_form(max_files=1)
    await slack.attach("U0LIN", "file", "a.csv", CSV)
    with pytest.raises(ValueError, match="no more than 1"):
        await slack.attach("U0LIN", "file", "b.csv", CSV)


async def test_ten_files_are_taken_where_the_field_says_nothing(slack: SlackServer, open_form) -> None:
    await open_form()
    for number in range(10):
        await slack.attach("U0LIN", "file", f"{number}.csv", CSV)
    with pytest.raises(ValueError, match="no more than 10"):
        await slack.attach("U0LIN", "file", "10.csv", CSV)


async def test_only_a_file_field_takes_files(slack: SlackServer, open_form) -> None:
    with pytest.raises(LookupError, match="no modal open"):
        await slack.attach("U0LIN", "file", "a.csv", CSV)
    await open_form()
    with pytest.raises(LookupError, match="takes files"):
        await slack.attach("U0LIN", "name", "a.csv", CSV)


async def test_a_file_that_is_not_there_cannot_be_submitted(slack: SlackServer, open_form) -> None:
    await open_form()
    with pytest.raises(ValueError, match="F0NONE"):
        await slack.submit("U0LIN", {"file": ["F0NONE"]})


async def test_files_are_asked_for_in_modals_only_and_told_with_the_submission_only(
    slack: SlackServer, bot, client: AsyncWebClient
) -> None:
    with pytest.raises(SlackApiError, match="unsupported type: file_input"):
        await client.views_publish(user_id="U0LIN", view=form(surface="home"))
    with pytest.raises(SlackApiError, match="unsupported type: file_input"):
        await client.chat_postMessage(channel="C0ALERTS", text="x", blocks=form()["blocks"])
    reply = await slack.slash("U0LIN", "C0GENERAL", "/edm")
    with pytest.raises(SlackApiError, match="unsupported type: file_input"):
        await client.views_open(trigger_id=reply.trigger_id, view=form(dispatch=True))


async def test_without_files_read_the_app_gets_a_page_to_sign_in(http: httpx.AsyncClient) -> None:
    scopes = {"bot": ["commands", "files:write"]}
    manifest = {"display_information": {"name": "edmbot"}, "oauth_config": {"scopes": scopes}}
    slack = await SlackServer.start(manifest=manifest)
    slack.workspace.open_view("U0LIN", form())
    file = await slack.attach("U0LIN", "file", "vip.csv", CSV)
    link = slack.files.json(file)["url_private_download"]
    bearer = {"Authorization": f"Bearer {slack.bot_token}"}
    answer = await http.get(link, headers=bearer, follow_redirects=True)
    assert (CSV in answer.content, "Sign in" in answer.text) == (False, True)
    await slack.stop()
