"""Files, as slack_sdk uploads them, and what goes wrong with them."""

import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackServer

CSV = "任务,送达\n19124,89000\n".encode()


async def announced(client: AsyncWebClient, size: int = len(CSV), name: str = "stats.csv"):
    return await client.files_getUploadURLExternal(filename=name, length=size)


async def test_an_upload_is_shared_with_its_comment_and_can_be_downloaded(
    slack: SlackServer, client: AsyncWebClient, http: httpx.AsyncClient
) -> None:
    answer = await client.files_upload_v2(
        channel="C0ALERTS", content=CSV, filename="stats.csv", title="Today", initial_comment="Here"
    )
    (message,) = slack.visible("U0MEI", "C0ALERTS")
    (file,) = message.files
    assert (message.text, file["title"], file["mimetype"], file["size"]) == ("Here", "Today", "text/csv", len(CSV))
    assert file["shares"]["public"] == {"C0ALERTS": [{"ts": message.ts}]}
    assert answer["files"][0]["id"] == file["id"]
    bearer = {"Authorization": f"Bearer {slack.bot_token}"}
    assert (await http.get(file["url_private"], headers=bearer)).content == CSV
    saved = await http.get(file["url_private_download"], headers=bearer)
    assert saved.headers["Content-Disposition"].startswith("attachment")
    history = await client.conversations_history(channel="C0ALERTS")
    assert history["messages"][0]["files"][0]["id"] == file["id"]
    assert (await client.files_info(file=file["id"]))["file"]["title"] == "Today"


async def test_without_the_token_a_download_is_a_page_to_sign_in(
    slack: SlackServer, client: AsyncWebClient, http: httpx.AsyncClient
) -> None:
    await client.files_upload_v2(channel="C0ALERTS", content=CSV, filename="stats.csv")
    link = slack.visible("U0MEI", "C0ALERTS")[0].files[0]["url_private"]
    answer = await http.get(link, follow_redirects=True)
    assert (answer.status_code, "Sign in" in answer.text) == (200, True)
    assert CSV not in answer.content


async def test_a_file_can_be_sent_into_a_thread_and_to_nobody(slack: SlackServer, client: AsyncWebClient) -> None:
    parent = await client.chat_postMessage(channel="C0ALERTS", text="x")
    await client.files_upload_v2(channel="C0ALERTS", content=CSV, filename="a.csv", thread_ts=parent["ts"])
    assert len(slack.visible("U0MEI", "C0ALERTS", parent["ts"])) == 2
    private = await client.files_upload_v2(content=CSV, filename="b.csv")
    assert private["files"][0]["channels"] == []


async def test_a_form_uploads_too(slack: SlackServer, client: AsyncWebClient, http: httpx.AsyncClient) -> None:
    ticket = await announced(client)
    answer = await http.post(ticket["upload_url"], files={"filename": ("stats.csv", CSV)})
    assert (answer.status_code, answer.text) == (200, f"OK - {len(CSV)}")
    await client.files_completeUploadExternal(files=[{"id": ticket["file_id"]}], channel_id="C0ALERTS")
    assert slack.visible("U0MEI", "C0ALERTS")[0].files[0]["title"] == "stats.csv"


@pytest.mark.parametrize("content", [CSV[:-1], CSV + b"x", CSV * 10_000])
async def test_more_or_less_than_was_announced_is_refused(
    slack: SlackServer, client: AsyncWebClient, http: httpx.AsyncClient, content
) -> None:
    ticket = await announced(client)
    assert (await http.post(ticket["upload_url"], content=content)).status_code == 400
    with pytest.raises(SlackApiError, match="file_not_found"):
        await client.files_completeUploadExternal(files=[{"id": ticket["file_id"]}], channel_id="C0ALERTS")
    assert (await http.post(ticket["upload_url"], content=CSV)).status_code == 200


async def test_an_address_takes_one_upload(client: AsyncWebClient, http: httpx.AsyncClient) -> None:
    ticket = await announced(client)
    seen = [(await http.post(ticket["upload_url"], content=CSV)).status_code for _ in range(2)]
    assert seen == [200, 404]


async def test_an_upload_is_completed_once(client: AsyncWebClient, http: httpx.AsyncClient) -> None:
    ticket = await announced(client)
    await http.post(ticket["upload_url"], content=CSV)
    await client.files_completeUploadExternal(files=[{"id": ticket["file_id"]}])
    with pytest.raises(SlackApiError, match="file_not_found"):
        await client.files_completeUploadExternal(files=[{"id": ticket["file_id"]}])


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel_id": "C0RANDOM"}, "not_in_channel"),
        ({"channel_id": "C0SECRET"}, "channel_not_found"),
        ({"channel_id": "C0OLD"}, "is_archived"),
        ({"channel_id": "C0ALERTS", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channels": ["C0ALERTS", "C0GENERAL"], "thread_ts": "1.000001"}, "invalid_arguments"),
        ({"channel_id": "C0ALERTS", "blocks": '[{"type": "hologram"}]'}, "invalid_blocks"),
        ({"channel_id": "C0ALERTS", "blocks": '[{"type": "markdown", "text": "x"}]'}, "internal_error"),
        ({"files": []}, "invalid_arguments"),
        ({"files": [{"id": "F0NOTHING"}]}, "file_not_found"),
    ],
)
async def test_a_refused_completion_shares_nothing(
    slack: SlackServer, client: AsyncWebClient, http: httpx.AsyncClient, arguments, error
) -> None:
    ticket = await announced(client)
    await http.post(ticket["upload_url"], content=CSV)
    with pytest.raises(SlackApiError) as caught:
        await client.files_completeUploadExternal(**({"files": [{"id": ticket["file_id"]}]} | arguments))
    assert caught.value.response["error"] == error
    assert slack.visible("U0MEI", "C0ALERTS") == []
    await client.files_completeUploadExternal(files=[{"id": ticket["file_id"]}], channel_id="C0ALERTS")


@pytest.mark.parametrize("size", [0, -1, 2**31])
async def test_a_size_that_no_file_has_is_refused(client: AsyncWebClient, size) -> None:
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await announced(client, size)
