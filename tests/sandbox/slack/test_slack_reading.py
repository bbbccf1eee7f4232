"""What a person reads in a message, and whom it would ping."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackServer
from sandbox.slack.mrkdwn import Reader, read
from sandbox.slack.reading import words_of

AT = 1795140240
"""Friday 20 November 2026, 10:04 in Shanghai."""


@pytest.fixture
def reader(slack: SlackServer) -> Reader:
    return replace(slack.workspace.reader("U0MEI"), locale="en-US")


def lines(reader: Reader, *blocks: dict[str, object]) -> list[str]:
    return words_of("", blocks, (), reader).text.split("\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*312,040 left* of _five_ ~million~", "312,040 left of five million"),
        ("*_both_*", "both"),
        ("2*3*4 and task_id_x", "2*3*4 and task_id_x"),
        ("任务*粗体*", "任务*粗体*"),
        ("`/edm *help*` and ```\ncode\n```", "/edm *help* and code"),
        ("a &amp; b &lt;c&gt; &amp;lt;", "a & b <c> &lt;"),
        ("<https://example.com|the console> <https://example.com>", "the console https://example.com"),
        ("<mailto:a@example.com|a@example.com>", "a@example.com"),
        (
            "asked by <@U0MEI> in <#C0ALERTS>, call <!subteam^S0ONCALL>",
            "asked by @mei in #edm-alerts, call @edm-oncall",
        ),
        ("<@U0NOBODY>", "@U0NOBODY"),
        ("&gt; quoted\nnot", "│ quoted\nnot"),
        ("since <!date^1795140240^{date_short_pretty} {time}|earlier>", "since Today 10:04 AM"),
        ("<!date^1795140240^{date_shrt}|2026-11-20 10:04 UTC+8>", "2026-11-20 10:04 UTC+8"),
        ("<!date^never^{date}|some day>", "some day"),
        ("<!channel> <!here>", "@channel @here"),
    ],
)
def test_mrkdwn_is_shown_as_words(reader: Reader, text: str, shown: str) -> None:
    assert read(text, reader).text == shown


@pytest.mark.parametrize(
    ("pattern", "english", "chinese"),
    [
        ("{date_num}", "2026-11-20", "2026-11-20"),
        ("{date}", "November 20th, 2026", "2026年11月20日"),
        ("{date_short}", "Nov 20, 2026", "2026年11月20日"),
        ("{date_long}", "Friday, November 20th, 2026", "2026年11月20日星期五"),
        ("{date_short_pretty} {time}", "Today 10:04 AM", "今天 10:04"),
        ("at {time_secs}", "at 10:04:00 AM", "at 10:04:00"),
        ("{ago}", "1 hour ago", "1 小时前"),
    ],
)
def test_dates_are_in_the_readers_zone_and_language(reader: Reader, pattern: str, english: str, chinese: str) -> None:
    later = replace(reader, now=reader.now + timedelta(hours=1))
    assert later.date(AT, pattern, "") == english
    assert replace(later, locale="zh-CN").date(AT, pattern, "") == chinese


def test_another_zone_has_another_day(reader: Reader) -> None:
    there = replace(reader, zone=ZoneInfo("America/New_York"), now=reader.now + timedelta(hours=12))
    assert there.date(AT, "{date_pretty} {time}", "") == "Yesterday 9:04 PM"


def test_blocks_are_drawn_line_by_line(reader: Reader) -> None:
    plain = {"type": "plain_text", "text": "Sent"}
    value = {"type": "mrkdwn", "text": "*41,200*"}
    go = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Pause & wait"}}
    more = {"type": "overflow", "action_id": "b", "options": [{"text": plain, "value": "x"}]}
    assert lines(
        reader,
        {"type": "header", "text": {"type": "plain_text", "text": "A &amp; B *as is*"}},
        {"type": "section", "text": value, "fields": [plain, value], "accessory": go},
        {"type": "divider"},
        {"type": "actions", "elements": [go, more]},
        {"type": "context", "elements": [plain, value]},
        {"type": "image", "image_url": "https://example.com/x.png", "alt_text": "bounces by hour"},
        {"type": "markdown", "text": "## Title\n**bold** and `code`"},
    ) == [
        "A & B *as is*",
        "41,200",
        "Sent  41,200",
        "[Pause & wait]",
        "─" * 20,
        "[Pause & wait] …",
        "Sent 41,200",
        "[image: bounces by hour]",
        "Title",
        "bold and code",
    ]


def test_rich_text_shows_its_text_as_it_is(reader: Reader) -> None:
    text = {"type": "text", "text": "*not bold* <!channel> &amp;"}
    date = {"type": "date", "timestamp": AT, "format": "{time}", "fallback": "?"}
    section = {"type": "rich_text_section", "elements": [text, {"type": "text", "text": " at "}, date]}
    item = {"type": "rich_text_section", "elements": [{"type": "user", "user_id": "U0LIN"}]}
    block = {
        "type": "rich_text",
        "elements": [
            section,
            {"type": "rich_text_list", "style": "ordered", "elements": [item, item]},
            {"type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [item]},
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "a\nb"}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x = 1"}]},
        ],
    }
    words = words_of("", [block], (), reader)
    assert words.text.split("\n") == [
        "*not bold* <!channel> &amp; at 10:04 AM",
        *("1. @lin", "2. @lin", "  • @lin", "│ a", "│ b", "x = 1"),
    ]
    assert words.pings == ["U0LIN"] * 3


def test_a_table_has_columns(reader: Reader) -> None:
    def cell(text: str) -> dict[str, object]:
        return {"type": "raw_text", "text": text}

    rich = {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "41,200"}]}],
    }
    rows = [[cell("Task"), cell("Sent")], [cell("十一月"), rich], [cell("B"), cell("7")]]
    settings = [None, {"align": "right"}]
    assert lines(reader, {"type": "table", "rows": rows, "column_settings": settings}) == [
        "Task      Sent",
        "十一月  41,200",
        "B            7",
    ]


@pytest.mark.parametrize(
    ("block", "pings"),
    [
        ({"type": "section", "text": {"type": "mrkdwn", "text": "<!channel> <@U0LIN> <!subteam^S0ONCALL|x>"}},
         ["channel", "U0LIN", "S0ONCALL"]),
        ({"type": "section", "text": {"type": "mrkdwn", "text": "&lt;!channel&gt;"}}, []),
        ({"type": "section", "text": {"type": "mrkdwn", "text": "sale @everyone"}}, ["everyone"]),
        ({"type": "section", "text": {"type": "mrkdwn", "text": "sale @everyone", "verbatim": True}}, []),
        ({"type": "section", "text": {"type": "plain_text", "text": "<!channel> @here"}}, []),
        ({"type": "header", "text": {"type": "plain_text", "text": "<!channel>"}}, []),
        ({"type": "context", "elements": [{"type": "mrkdwn", "text": "`<!here>`"}]}, ["here"]),
        ({"type": "markdown", "text": "<!everyone>"}, ["everyone"]),
        ({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
            {"type": "text", "text": "<!channel> @here"}, {"type": "broadcast", "range": "here"}]}]}, ["here"]),
    ],
)  # fmt: skip
def test_a_mention_pings_where_slack_reads_one(reader: Reader, block: dict[str, object], pings: list[str]) -> None:
    assert words_of("", [block], (), reader).pings == pings


def test_a_mention_in_the_text_beside_blocks_pings_too(reader: Reader) -> None:
    words = words_of("<!channel> for @everyone", [{"type": "divider"}], (), reader)
    assert (words.text, words.pings) == ("─" * 20, ["channel"])


async def test_each_person_reads_in_their_own_zone_and_language(slack: SlackServer, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="C0ALERTS", text=f"since <!date^{AT}^{{date_short_pretty}} {{time}}|earlier>")
    seen = [slack.visible(user, "C0ALERTS")[0].plain for user in ("U0MEI", "U0LIN", "U0OPS")]
    assert seen == ["since 今天 10:04", "since Today 3:04 AM", "since Today 9:04 PM"]


async def test_an_attachment_is_read_after_the_message(slack: SlackServer, client: AsyncWebClient) -> None:
    attachment = {"fallback": "unseen", "title": "Bounces", "text": "*6.3 %* <!here>"}
    await client.chat_postMessage(channel="C0ALERTS", text="alert", attachments=[attachment])
    (message,) = slack.visible("U0MEI", "C0ALERTS")
    assert (message.plain, message.pings) == ("alert\nBounces\n6.3 % @here", ["here"])
