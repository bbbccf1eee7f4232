"""Forms, files and progress: what a command can do besides answering with words."""

import io
import json

import pytest

import bot.app
import bot.context
import bot.conversation
import bot.dispatch
from bot.arguments import ListArg
from bot.command import Answer, RefusalError, command
from bot.commands import COMMANDS
from bot.config import Role
from bot.context import Ctx
from bot.people import People
from bridge.receivers.files import Attachment
from sandbox.slack.files import LARGEST_ENTERED
from templates import render

LIN, MEI = "U0LIN", "U0MEI"


def checked(form):
    return {} if form.text("line") != "wrong" else {"line": RefusalError("bad_since", words="wrong", command="audit")}


@command("say", role=Role.OPERATOR, usage="ID", examples=("say 5",), form=checked)
async def say(list_id: ListArg, *, ctx: Ctx) -> Answer:
    """Show your roles and what gave them to you."""
    if list_id == "1":
        return ctx.answer("export_progress", name="one", rows=1)
    if ctx.form is None:
        return ctx.ask("say_form")
    return ctx.answer("export_progress", name=f"{list_id} {ctx.form.text('line')}", rows=len(ctx.form.files("file")))


@command("fetch", role=Role.VIEWER)
async def fetch(*, ctx: Ctx) -> Answer:
    """Show your roles and what gave them to you."""
    for count in (1, 2, 3):
        await ctx.progress("export_progress", name="counting", rows=count)
    content = io.BytesIO("邮箱\r\n".encode() * 40_000)
    file = Attachment("rows.csv", content, len(content.getvalue()), 40_000)
    return ctx.answer("export_progress", name="rows.csv", rows=40_000, attachment=file)


FORM = """\
{% title %}Say{% endtitle %}{% submit %}Go{% endsubmit %}
{% section %}Type it{% endsection %}
{% inputs %}{{ text_input("line", "Line") }}{% endinputs %}
"""


@pytest.fixture
def forgetful(monkeypatch):
    """Slack is asked about people each time."""
    monkeypatch.setitem(People.__init__.__kwdefaults__, "fresh", 0.0)


@pytest.fixture
async def staffed(closed_office, monkeypatch):
    """The office with two commands more."""
    monkeypatch.setattr(bot.app, "COMMANDS", (*COMMANDS, say, fetch))
    from jinja2 import ChoiceLoader, DictLoader  # noqa: PLC0415

    import templates  # noqa: PLC0415

    loader = ChoiceLoader([DictLoader({"say_form.j2": FORM}), templates._environment.loader])
    monkeypatch.setattr(templates._environment, "loader", loader)
    async with closed_office.open():
        yield closed_office


async def opened(office, user=LIN):
    """Open the form and see it filled."""
    await office.type(user, "say 5")
    await office.until(lambda: (view := office.slack.modal(user)) and view.definition["title"]["text"] == "Say")


async def test_a_form_opens_is_filled_and_runs_its_command(staffed):
    await opened(staffed)
    reply = await staffed.slack.submit(LIN, {"line": "hello"})
    assert reply.error is None
    assert staffed.slack.modal(LIN) is None
    await staffed.told(LIN, "5 hello: 0 rows")


async def test_a_wrong_field_keeps_the_form_open_and_runs_nothing(staffed):
    await opened(staffed)
    await staffed.slack.submit(LIN, {"line": "wrong"})
    assert "I don't know the time wrong" in staffed.slack.modal(LIN).errors["line"]


async def test_a_form_is_taken_before_slack_is_asked_who_it_is(forgetful, staffed):
    await opened(staffed)
    staffed.slack.faults.inject("slow", "users.info", seconds=0.5)
    reply = await staffed.slack.submit(LIN, {"line": "hello"})
    assert reply.error is None
    assert reply.seconds < 0.4
    await staffed.told(LIN, "5 hello: 0 rows")


async def test_a_wrong_field_is_shown_in_time_though_slack_does_not_say_what_they_read(forgetful, staffed, monkeypatch):
    await opened(staffed, MEI)
    await staffed.slack.submit(MEI, {"line": "wrong"})
    assert "看不懂时间" in staffed.slack.modal(MEI).errors["line"]
    monkeypatch.setattr(bot.dispatch, "LOOKED_UP", 0.05)
    staffed.slack.faults.inject("slow", "users.info", seconds=0.5)
    reply = await staffed.slack.submit(MEI, {"line": "wrong"})
    assert reply.seconds < 0.4
    assert "I don't know the time" in staffed.slack.modal(MEI).errors["line"]


async def test_a_form_that_slack_does_not_open_can_be_opened_again(staffed):
    staffed.slack.faults.inject("not_ok", "views.open", error="expired_trigger_id")
    answer = await staffed.ask(LIN, "say 5")
    assert "The form for /edm say 5 could not be opened" in answer.plain
    await staffed.slack.click(LIN, answer, "Open form")
    await staffed.until(lambda: (view := staffed.slack.modal(LIN)) and view.definition["title"]["text"] == "Say")


def words_of(view):
    """All that a modal says, as Slack was sent it."""
    return json.dumps(view.definition["blocks"], ensure_ascii=False)


@pytest.mark.parametrize("line", ["say 1", "say 1 --share"])
async def test_an_answer_without_a_question_takes_the_place_of_the_form(staffed, line):
    await staffed.type(LIN, line)
    await staffed.until(lambda: (view := staffed.slack.modal(LIN)) and "rows so far" in words_of(view))
    for_everyone = ["⏳ one: 1 rows so far"] if "--share" in line else []
    # The channel is told after whoever asked.
    await staffed.until(lambda: [one.plain for one in staffed.slack.visible(MEI, "C0GENERAL")] == for_everyone)
    assert [message for message in staffed.slack.visible(LIN, "C0GENERAL") if message.ephemeral_for] == []


async def test_an_account_chosen_in_a_modal_goes_on_in_it(two_dialects):
    office = two_dialects
    await office.type(LIN, "list import 12 --rows")
    await office.until(lambda: (view := office.slack.modal(LIN)) and "--account old" in words_of(view))
    asked = office.slack.modal(LIN)
    await office.slack.click(LIN, asked, "umail (U-Mail)")
    await office.until(lambda: "Import" in office.slack.modal(LIN).definition["title"]["text"])
    assert office.slack.modal(LIN).id == asked.id
    await office.slack.attach(LIN, "file", "new.csv", b"w@shop.example;W\n")
    await office.slack.submit(LIN, {})
    await office.told(LIN, "1 address was added to list 12")


async def test_an_account_chosen_in_a_modal_that_was_closed_is_answered_where_it_came_from(two_dialects):
    office = two_dialects
    await office.type(LIN, "list import 99999")
    await office.until(lambda: (view := office.slack.modal(LIN)) and "--account old" in words_of(view))
    office.slack.faults.inject("not_ok", "views.update", times=2, error="not_found")
    office.slack.faults.inject("not_ok", "views.open", error="expired_trigger_id")
    asked = office.slack.modal(LIN)
    await office.slack.click(LIN, asked, "umail (U-Mail)")
    answer = await office.told(LIN, "99999")
    assert answer.channel == "C0GENERAL"
    assert words_of(office.slack.modal(LIN)) == words_of(asked)


async def test_a_file_goes_to_the_asker_alone_and_is_whole(staffed):
    await staffed.type(LIN, "fetch")
    answer = await staffed.told(LIN, "rows.csv: 40,000 rows")
    assert answer.files == ()
    (message,) = staffed.direct(LIN)
    (file,) = message.files
    assert (file["name"], file["size"], file["user"]) == ("rows.csv", 320_000, "U0EDMBOT")
    assert staffed.slack.files.find(file["id"]).path.read_bytes() == "邮箱\r\n".encode() * 40_000


@pytest.mark.parametrize(
    ("fault", "method", "said", "calls"),
    [
        ("not_ok", "files.getUploadURLExternal", "rows.csv could not be sent", 0),
        ("not_ok", "files.completeUploadExternal", "rows.csv could not be sent", 1),
        ("lost_reply", "files.completeUploadExternal", "Slack did not say whether it came", 1),
    ],
)
async def test_a_file_that_does_not_arrive_is_said_and_never_sent_twice(staffed, fault, method, said, calls):
    staffed.slack.faults.inject(fault, method)
    await staffed.type(LIN, "fetch")
    await staffed.told(LIN, said)
    made = [call for call in staffed.slack.calls if call.method == "files.completeUploadExternal"]
    assert len(made) == calls


def test_as_much_as_slack_lets_people_choose_is_taken_and_the_words_say_so():
    assert bot.context.LARGEST_FILE == LARGEST_ENTERED
    refused = render("file_refused", "en", problem="too_large").text
    assert f"{bot.context.LARGEST_FILE // 1024**2} MB at most" in refused
    assert "edmbot exec" in refused


async def test_progress_is_one_message_that_becomes_the_answer(staffed, monkeypatch):
    monkeypatch.setattr(bot.conversation, "INTERIM_AFTER", 0.0)
    monkeypatch.setattr(bot.conversation, "PROGRESS_EVERY", 0.0)
    await staffed.type(LIN, "fetch")
    await staffed.told(LIN, "rows.csv: 40,000 rows")

    await staffed.until(lambda: [c.method for c in staffed.slack.calls].count("chat.update") == 3)
    assert sorted(message.plain for message in staffed.direct(LIN)) == ["⏳ rows.csv: 40,000 rows so far"] * 2
    posted = [call for call in staffed.slack.calls if call.method == "chat.postMessage"]
    assert len(posted) == 1
