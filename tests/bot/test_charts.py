"""Charts follow the words: Slack's own block, a picture where it is refused, and words for who sees neither."""

import struct

import pytest

import bot.drawing
from bot.charts import Chart
from templates import Message, render
from templates.plots import Plot, Series
from tests.templates.facts.chart import MESSAGES

LIN, MEI, OPS = "U0LIN", "U0MEI", "U0OPS"
GENERAL = "C0GENERAL"
DAYS = ("19 Nov", "20 Nov", "21 Nov")


def charts(message):
    return [block for block in message.blocks if block["type"] == "data_visualization"]


async def charted(office, user=LIN, channel=GENERAL):
    """The message with a chart, once it is there."""
    return await office.slack.wait(user, channel, lambda m: bool(charts(m)), timeout=8)


async def pictured(office, user=LIN, channel="D0LIN"):
    """The file that stands for the chart."""
    message = await office.slack.wait(user, channel, lambda m: bool(m.files), timeout=8)
    return office.slack.files.find(message.files[0]["id"])


def days_read(office):
    return sum(request.call == "statistic" for request in office.box.requests)


def size(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def figures(block):
    """By series, its points by label."""
    return {
        series["name"]: {point["label"]: point["value"] for point in series["data"]}
        for series in block["chart"]["series"]
    }


def message(*plots, language="en"):
    return Message("chart/stats", (), "what it shows", {}, language, plots=plots)


# After the words


async def test_several_days_come_with_a_chart_of_the_vendors_own_figures(office):
    answer = await office.ask(LIN, "stats 3d --account umail")
    chart = await charted(office)
    assert chart.ephemeral_for == LIN
    assert not [m for m in office.slack.visible(OPS, GENERAL) if charts(m)]
    [block] = charts(chart)
    assert block["title"] == "Sent, delivered, failed by day · umail"
    shown = figures(block)
    assert list(shown) == ["Sent", "Delivered", "Failed"]
    assert [len(points) for points in shown.values()] == [3, 3, 3]
    assert f"{sum(shown['Sent'].values()):,} sent, {sum(shown['Delivered'].values()):,} delivered" in answer.plain


async def test_the_chart_says_in_words_what_it_shows(office):
    await office.ask(LIN, "stats 3d --account umail")
    chart = await charted(office)
    day, value = next(iter(figures(charts(chart)[0])["Sent"].items()))
    assert f"{day}  {value:,}" in chart.text


async def test_two_accounts_have_a_chart_each(office):
    await office.ask(LIN, "stats 2d")
    titles = [block["title"].rpartition(" ")[2] for block in charts(await charted(office))]
    assert titles == ["umail", "emailcar"]


async def test_the_words_do_not_wait_for_the_chart(office):
    # The words are there before Slack says so; only then is anything read for the chart.
    office.slack.faults.inject("slow", "response_url", seconds=0.2)
    assert " sent, " in (await office.ask(LIN, "stats 2d --account umail")).plain
    assert days_read(office) == 2
    office.box.faults.inject("umail", "timeout", call="statistic")
    await office.until(lambda: days_read(office) == 3)
    assert not [m for m in office.slack.visible(LIN, GENERAL) if charts(m)]
    office.box.faults.clear()
    await charted(office)


async def test_a_vendor_that_fails_meanwhile_costs_the_chart_and_nothing_else(office):
    office.slack.faults.inject("slow", "response_url", seconds=0.2)
    await office.ask(LIN, "stats 2d --account umail")
    office.box.faults.inject("umail", "html", call="statistic")
    await office.until(lambda: days_read(office) == 3)
    await office.ask(LIN, "help")
    assert not [m for m in office.slack.visible(LIN, GENERAL) if charts(m)]


async def test_a_single_day_has_no_chart(office):
    await office.ask(LIN, "stats today --account umail")
    assert not [m for m in office.slack.visible(LIN, GENERAL) if charts(m)]
    assert days_read(office) == 1


async def test_a_shared_answer_has_a_shared_chart(office):
    await office.type(LIN, "stats 2d --account umail --share")
    assert (await charted(office, OPS)).ephemeral_for is None


async def test_a_chart_speaks_chinese(office):
    await office.ask(MEI, "stats 2d --account umail")
    [block] = charts(await charted(office, MEI))
    assert block["title"] == "每日已发、送达、失败 · umail"
    assert all("月" in label for label in block["chart"]["axis_config"]["categories"])


# Where a workspace does not take the block


async def test_a_refused_chart_comes_as_a_picture_to_the_asker_alone(office):
    office.slack.faults.inject("no_charts", times=100)
    await office.ask(LIN, "stats 3d --account umail")
    file = await pictured(office)
    width, height = size(file.path.read_bytes())
    assert (width, height) == (1080, 810)
    assert file.size < 200_000
    assert file.alt_text.startswith("Sent, delivered, failed by day · umail\nDay  Sent  Delivered  Failed\n")
    assert file.title == "Sent, delivered, failed by day · umail"
    assert file.name == "chart-stats.png"
    assert not [m for m in office.slack.visible(LIN, GENERAL) if charts(m)]


async def test_a_refused_chart_that_is_shared_comes_as_a_picture_into_the_channel(office):
    office.slack.faults.inject("no_charts", times=100)
    await office.type(LIN, "stats 2d --account umail --share")
    file = await pictured(office, OPS, GENERAL)
    assert size(file.path.read_bytes()) == (1080, 810)
    assert file.title == "Sent, delivered, failed by day · umail"
    assert not [m for m in office.slack.visible(OPS, GENERAL) if charts(m)]


async def test_a_chart_whose_reply_was_lost_is_not_followed_by_a_picture(closed_office):
    office = closed_office
    async with office.open():
        office.slack.faults.inject("slow", "response_url", seconds=0.2)
        await office.ask(LIN, "stats 2d --account umail")
        office.slack.faults.inject("lost_reply", "response_url")
        await charted(office)
    # It has let its work end.
    assert [call.method for call in office.slack.calls].count("response_url") == 2
    assert "files.getUploadURLExternal" not in [call.method for call in office.slack.calls]


# What is drawn


def bars(*sent, labels=DAYS):
    return Plot("bar", "Sent by day", "Day", labels, (Series("Sent", sent),))


def test_a_gap_is_left_to_the_picture_since_the_block_knows_none():
    assert bars(1, None, 3).block("b") is None
    assert not Chart(message(bars(1, None, 3))).slack_draws_it
    assert size(Chart(message(bars(1, None, 3))).png()) == (1080, 810)


def test_a_series_of_which_nothing_is_known_is_left_out():
    plot = Plot("line", "t", "Day", DAYS, (Series("Sent", (1, 2, 3)), Series("Failed", (None, None, None))))
    assert list(figures(plot.block("b"))) == ["Sent"]


def test_more_days_than_an_axis_has_points_are_added_up():
    days = tuple(f"{day} Nov" for day in range(1, 31))
    [(name, points)] = figures(bars(*range(1, 31), labels=days).block("b")).items()
    assert (name, len(points), sum(points.values())) == ("Sent", 15, sum(range(1, 31)))
    assert points["1 Nov–2 Nov"] == 3


def test_labels_that_are_alike_once_they_are_cut_stay_apart():
    links = tuple(f"https://shop.example/november/{page}" for page in "abc")
    labels = list(figures(bars(1, 2, 3, labels=links).block("b"))["Sent"])
    assert len(set(labels)) == 3
    assert max(map(len, labels)) <= 20


def test_a_pie_leaves_out_what_is_none_and_not_what_is_unknown():
    def pie(*figures):
        return Plot("pie", "t", "Kind", DAYS, (Series("Failures", figures),))

    assert [part["value"] for part in pie(3, 0, 1).block("b")["chart"]["segments"]] == [3, 1]
    assert pie(3, None, 1).block("b") is None


@pytest.mark.parametrize("kind", ["bar", "line", "area", "pie"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_can_be_drawn_with_names_as_they_come(kind, language):
    names = ("$a$ 🎉 <!channel>", "邮箱不存在", "_" * 90, "no connection")
    plot = Plot(kind, "每日已发 $x$ · umail 🎉", "种类", names, (Series("失败", (640, None, 0, 3)),))
    assert size(Chart(message(plot, language=language)).png()) == (1080, 810)


def test_two_plots_stand_below_one_another():
    assert size(Chart(message(bars(1, 2, 3), bars(3, 2, 1))).png()) == (1080, 1620)


def test_without_a_font_for_chinese_the_words_are_english(monkeypatch):
    monkeypatch.setattr(bot.drawing, "_fonts", lambda: (["DejaVu Sans"], frozenset(range(0x2000))))
    drawn = []
    monkeypatch.setattr(bot.drawing, "draw", lambda plots, language: drawn.append((plots[0].title, language)))
    Chart(render("chart/stats", "zh", **MESSAGES["chart/stats"][0])).png()
    assert drawn == [("Sent, delivered, failed by day · umail", "en")]
