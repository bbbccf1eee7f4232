"""`track`: opens and clicks of a task, as the world has them; files of who it was."""

import csv
import io
import json

import pytest

from sandbox.umail.readers import LINKS, readers, totals

LIN, MEI, VERA = "U0LIN", "U0MEI", "U0VIEW"
TASKS = {"umail": 19124, "old": 7002}
DIALECTS = pytest.mark.parametrize("account", ["umail", "old"])


def world(office, account="umail"):
    """A task's totals: sent and delivered, opens, clicks, clicks by link."""
    now = office.box.world.advance()
    task = office.box.world.task(TASKS[account])
    return task.tally(now), *totals(task, now)


def percent(part, whole):
    return f"{part / whole:.1%}".replace("%", " %")


def lines(message):
    return [" ".join(text.split()) for text in message.plain.split("\n")]


def received(office, user):
    """The files in somebody's direct messages: name and rows."""
    return [(name, rows(content)) for name, content in office.files(user)]


def rows(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def facts(office, edmbot, line):
    slack = set(office.slack.environ())
    environ = {name: value for name, value in office.environ.items() if name not in slack}
    finished = await edmbot("exec", "--json", line, environ=environ)
    assert finished.status == 0, finished.out
    return json.loads(finished.out)["facts"]


# Figures


@DIALECTS
async def test_people_are_counted_against_those_whom_it_reached(two_dialects, account):
    sent, opens, clicks, _ = world(two_dialects, account)
    answer = await two_dialects.ask(VERA, f"track {TASKS[account]} --account {account}")
    said = lines(answer)
    assert said[0] == (
        f"Task {TASKS[account]}: {opens.unique:,} people opened ({percent(opens.unique, sent.delivered)}), "
        f"{clicks.unique:,} clicked ({percent(clicks.unique, sent.delivered)})"
    )
    assert said[1] == (
        f"of {sent.delivered:,} to whom it was delivered ({sent.sent:,} sent) · "
        f"{percent(clicks.unique, opens.unique)} of those who opened clicked"
    )
    assert f"Opens in all {opens.total:,}" in said
    assert f"Clicks in all {clicks.total:,}" in said


async def test_links_stand_with_their_clicks_the_most_clicked_first(office):
    links = world(office)[3]
    said = lines(await office.ask(LIN, "track 19124"))
    wanted = sorted(zip(LINKS, links, strict=True), key=lambda one: one[1].total, reverse=True)
    at = said.index("Link People Clicks")
    assert said[at + 1 : at + 4] == [f"{url} {link.unique:,} {link.total:,}" for url, link in wanted]


@DIALECTS
async def test_machines_read_the_same(two_dialects, edmbot, account):
    sent, opens, clicks, links = world(two_dialects, account)
    told = await facts(two_dialects, edmbot, f"track {TASKS[account]} --account {account}")
    assert (told["sent"], told["delivered"], told["failed"]) == (sent.sent, sent.delivered, sent.failed)
    assert (told["opened_unique"], told["opened_total"]) == (opens.unique, opens.total)
    assert (told["clicked_unique"], told["clicked_total"]) == (clicks.unique, clicks.total)
    assert sum(link["clicked_total"] for link in told["links"]) == sum(link.total for link in links)


async def test_people_and_links_are_drawn_below_the_words(office):
    sent, opens, clicks, links = world(office)
    await office.type(LIN, "track 19124")
    drawn = await office.told(LIN, "People · task 19124, umail")
    people, by_link = (block["chart"] for block in drawn.blocks if block["type"] == "data_visualization")
    points = [(point["label"], point["value"]) for point in people["series"][0]["data"]]
    assert points == [("Delivered", sent.delivered), ("Opened", opens.unique), ("Clicked", clicks.unique)]
    points = {point["label"]: point["value"] for point in by_link["series"][1]["data"]}
    assert points == {"/sale": links[0].total, "/new": links[1].total, "/unsubscribe": links[2].total}


async def test_a_task_that_is_not_tracked_says_so(office):
    office.box.world.task(19126).settings.track_status = 0
    answer = await office.ask(LIN, "track 19126")
    assert "Task 19126 is not tracked: its opens and clicks are not counted." in answer.plain
    assert "track_error" in answer.plain


async def test_a_task_that_has_sent_nothing_has_shares_of_nothing(office):
    said = lines(await office.ask(LIN, "track 19126"))
    assert said[0] == "Task 19126: 0 people opened (—), 0 clicked (—)"


async def test_a_task_that_is_not_there_is_named(office):
    assert "U-Mail knows no task 99999" in (await office.ask(LIN, "track 99999")).plain


async def test_it_speaks_chinese(office):
    _, opens, clicks, _ = world(office)
    answer = await office.ask(MEI, "track 19124")
    assert f"任务 19124：{opens.unique:,} 人打开" in answer.plain
    assert f"{clicks.unique:,} 人点击" in answer.plain


# Files


@DIALECTS
async def test_who_opened_comes_as_a_file_to_the_asker_alone(two_dialects, account):
    now = two_dialects.box.world.advance()
    people = list(readers(two_dialects.box.world.task(TASKS[account]), now))
    answer = await two_dialects.ask(LIN, f"track {TASKS[account]} --opens --account {account}")
    [(name, found)] = received(two_dialects, LIN)
    assert name.startswith(f"opens-{account}-{TASKS[account]}-")
    assert (
        f"{len(people):,} recipients who opened task {TASKS[account]}: {name} is in our direct messages" in answer.plain
    )
    assert [(row["address"], int(row["opened_total"])) for row in found] == [(one.email, one.opens) for one in people]
    assert two_dialects.slack.visible("U0OPS", "C0GENERAL") == []


async def test_who_clicked_comes_as_a_file(office):
    now = office.box.world.advance()
    people = [one for one in readers(office.box.world.task(19124), now) if one.clicks]
    answer = await office.ask(LIN, "track 19124 --clicks")
    [(_, found)] = received(office, LIN)
    assert f"{len(people):,} rows of clicks in task 19124" in answer.plain
    assert [(row["address"], row["url"], int(row["clicked_total"])) for row in found] == [
        (one.email, LINKS[one.link], one.clicks) for one in people
    ]


async def test_a_button_makes_the_file(office):
    await office.type(LIN, "track 19124")
    card = await office.told(LIN, "people opened")
    assert [button.text for button in card.buttons] == ["Export opens", "Export clicks"]
    await office.slack.click(LIN, card, "Export clicks")
    await office.told(LIN, "rows of clicks in task 19124")
    assert len(received(office, LIN)) == 1


async def test_addresses_are_for_operators(office):
    for what in ("--opens", "--clicks"):
        assert "That needs the role operator" in (await office.ask(VERA, f"track 19124 {what}")).plain
    assert office.box.requests == []


async def test_a_file_of_a_task_that_is_not_tracked_is_not_made(office):
    office.box.world.task(19124).settings.track_status = 0
    assert "Task 19124 is not tracked" in (await office.ask(LIN, "track 19124 --opens")).plain
    assert received(office, LIN) == []


# What cannot be asked


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("track", "Something is missing."),
        ("track 19x", "19x is no task id: that is digits only."),
        ("track 0", "0 is no task id: that is digits only."),
        ("track 19124 --opens --clicks", "one file an answer. Try /edm track 19124 --opens"),
        ("track 19124 --opens --format pdf", "pdf is none of the choices: csv, json, xlsx."),
        (
            "track 19124 --account emailcar",
            "EmailCar has no call for that (account emailcar). These can:",
        ),
        ("track 19124 --account itnio", "ITNIO has no call for that (account itnio). These can: --account umail"),
    ],
)
async def test_what_cannot_be_asked_is_said_in_a_line_and_asks_nobody(office, line, words):
    assert words in (await office.ask(LIN, line)).plain
    assert office.box.requests == []
