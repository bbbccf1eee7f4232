"""Files into lists and out of them: handed over and followed, or read row by row; exports for the asker alone."""

import asyncio
import csv
import io
import json

import pytest

import bot.commands.imports
import bot.conversation
from bot.contactfile import UnreadableFileError, looks_like_the_vendors, opened
from bridge.record import note
from bridge.sightings import Kind
from store.engine import Store

LIN, MEI, VERA = "U0LIN", "U0MEI", "U0VIEW"
TARGET = 12
SIZE = 6_000
DIALECTS = pytest.mark.parametrize(("account", "target", "size"), [("umail", 12, 6_000), ("old", 11, 6_500)])
PAUSES = bot.commands.imports.FOLLOW
CHANGES = {"ml-addr-add", "ml-addr-add-file", "ml-addr-empty", "maillist-edit"}


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """As often as ever, and at once."""
    monkeypatch.setattr(bot.commands.imports, "FOLLOW", tuple(0.02 for _ in bot.commands.imports.FOLLOW))
    monkeypatch.setattr(bot.commands.imports, "LOG_AGAIN", tuple(0.02 for _ in bot.commands.imports.LOG_AGAIN))


def asked(office, call):
    return [request for request in office.box.requests if request.call == call]


def changes(office):
    return [request.call for request in office.box.requests if request.call in CHANGES]


def count(office, number=TARGET, username="demo-umail"):
    return office.box.world.umail[username].lists[number].count


def rows(number, begin=0):
    return "".join(f"p{n}@shop.example;P{n}\n" for n in range(begin, begin + number))


@pytest.fixture
def written(tmp_path):
    """Put a file where the terminal is."""

    def write(text, name="contacts.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.fixture
def terminal(office, edmbot):
    async def run(line, *flags):
        return await edmbot("exec", *flags, line, environ=office.terminal())

    return run


async def parsed_soon(office, task):
    """Let the vendor read the file, once it is asked about."""
    await office.until(lambda: asked(office, "ml-addr-add-file-query"))
    office.box.clock.step(20)
    return await task


# As it is


async def test_a_file_is_handed_over_followed_and_counted(office, terminal, written):
    path = written(rows(120) + "nonsense\n" + rows(3) + "wang.wei.12-0@mail.example;there\n")
    finished = await parsed_soon(office, asyncio.create_task(terminal(f"list import {TARGET} --file {path}", "--json")))
    told = json.loads(finished.out)
    assert (finished.status, told["outcome"]) == (0, "done")
    assert told["facts"] == {
        "import_id": "10",
        "state": "done",
        "contacts": 125,
        "invalid": 1,
        "duplicates": 4,
        "added": 120,
    }
    assert count(office) == SIZE + 120
    assert changes(office) == ["ml-addr-add-file"]


async def test_its_answer_says_what_the_vendor_says(office, terminal, written):
    path = written(rows(5))
    answer = (await parsed_soon(office, asyncio.create_task(terminal(f"list import {TARGET} --file {path}")))).out
    assert '5 addresses were imported into list 12 "<!channel> *VIP* & _friends_"' in answer
    assert "In the file 5 · invalid 0 · there already 0" in answer
    assert "The list had 6,000 addresses and has 6,005" in answer


async def test_the_log_shows_it_under_a_name_like_no_other(office, terminal, written):
    for _ in range(2):
        path = written(rows(5), "我的 联系人.csv")
        task = asyncio.create_task(terminal(f'list import {TARGET} --file "{path}"'))
        office.box.requests.clear()
        await parsed_soon(office, task)
    told = json.loads((await terminal("list imports", "--json")).out)
    names = [one["file_name"] for one in told["facts"]["imports"]]
    assert len(set(names)) == 2
    assert all(name.startswith("_-") and name.endswith(".csv") for name in names)


async def test_a_file_chosen_in_slack_is_imported(office):
    await office.type(LIN, f"list import {TARGET}")
    await office.until(lambda: (view := office.slack.modal(LIN)) and "Import" in view.definition["title"]["text"])
    await office.slack.attach(LIN, "file", "new.csv", rows(40).encode())
    before = office.shown(LIN)
    reply = await office.slack.submit(LIN, {})
    assert reply.error is None
    await office.until(lambda: asked(office, "ml-addr-add-file-query"))
    office.box.clock.step(20)
    answer = await office.answer(LIN, "C0GENERAL", before)
    assert "40 addresses were imported into list 12" in answer.plain
    said = await office.slack.wait(VERA, "C0GENERAL", lambda m: "imported" in m.plain)
    assert "@lin imported 40 addresses into list 12" in said.plain
    assert count(office) == SIZE + 40


async def test_a_file_chosen_in_slack_can_be_read_row_by_row(office):
    await office.type(LIN, f"list import {TARGET} --rows")
    await office.until(lambda: (view := office.slack.modal(LIN)) and "Import" in view.definition["title"]["text"])
    await office.slack.attach(LIN, "file", "new.csv", "姓名,邮箱\n王伟,w@shop.example\n".encode("gb18030"))
    before = office.shown(LIN)
    await office.slack.submit(LIN, {})
    answer = await office.answer(LIN, "C0GENERAL", before)
    assert "1 address was added to list 12" in answer.plain
    [added] = asked(office, "ml-addr-add")
    assert added.params["ml_addr"].startswith("w@shop.example;王伟;")


async def test_a_long_import_shows_how_far_it_is_in_one_message(office, monkeypatch):
    monkeypatch.setattr(bot.conversation, "INTERIM_AFTER", 0.0)
    monkeypatch.setattr(bot.conversation, "PROGRESS_EVERY", 0.0)
    await office.type(LIN, f"list import {TARGET} --rows")
    await office.until(lambda: (view := office.slack.modal(LIN)) and "Import" in view.definition["title"]["text"])
    await office.slack.attach(LIN, "file", "new.csv", rows(1_100).encode())
    before = office.shown(LIN)
    await office.slack.submit(LIN, {})
    assert "1,100 addresses were added" in (await office.answer(LIN, "C0GENERAL", before)).plain
    shown = [call.args for call in office.slack.calls if call.method in ("chat.postMessage", "chat.update")]
    texts = [one["text"] for one in shown if "so far" in one["text"]]
    assert [text.split(": ")[1] for text in texts] == [f"{n} addresses so far" for n in ("500", "1,000", "1,100")]
    assert len(office.direct(LIN)) == 1


async def test_an_unknown_list_is_said_in_the_form(office):
    await office.type(LIN, "list import 99")
    await office.until(lambda: (view := office.slack.modal(LIN)) and "knows no list" in str(view.definition))
    assert changes(office) == []


async def test_a_file_that_the_vendor_cannot_read_failed(office, terminal, written):
    path = written("a@shop.example\n")
    office.box.faults.inject("umail", "slow", call="ml-addr-add-file-query", seconds=0.1)
    task = asyncio.create_task(terminal(f"list import {TARGET} --file {path}"))
    await office.until(lambda: asked(office, "ml-addr-add-file-query"))
    [job] = office.box.world.umail["demo-umail"].imports.values()
    job.close()
    finished = await task
    assert finished.status == 1
    assert "U-Mail could not read the file for list 12" in finished.out


async def test_a_file_that_is_never_read_is_followed_for_ten_minutes_only(office, terminal, written):
    finished = await terminal(f"list import {TARGET} --file {written(rows(3))}")
    assert finished.status == 3
    assert "U-Mail is still reading the file for list 12" in finished.out
    # The command line's own store is closed by now.
    store = Store(office.environ["EDM_DATABASE_URL"])
    assert (await note(store, "umail", Kind.IMPORT)).known, "polls look for its end from now on"
    await store.close()
    assert len(asked(office, "ml-addr-add-file-query")) == len(bot.commands.imports.FOLLOW)


def test_the_pauses_of_following_come_to_ten_minutes_and_grow():
    assert 9 * 60 <= sum(PAUSES) <= 11 * 60
    assert list(PAUSES) == sorted(PAUSES)


async def test_v3_tells_nothing_and_the_answer_says_how_to_look(two_dialects, edmbot, written):
    path = written(rows(3))
    environ = {**two_dialects.environ}
    config = str(two_dialects.app_yaml)
    finished = await edmbot("exec", "--config", config, f"list import 11 --file {path} --account old", environ=environ)
    assert finished.status == 0
    assert "does not tell what becomes of it (V3.0). It had 6,500 addresses" in finished.out
    assert changes(two_dialects) == ["ml-addr-add-file"]


async def test_a_lost_reply_to_the_upload_is_settled_by_the_log(office, terminal, written):
    office.box.faults.inject("umail", "lost_reply", call="ml-addr-add-file")
    task = asyncio.create_task(terminal(f"list import {TARGET} --file {written(rows(7))}"))
    await office.until(lambda: asked(office, "ml-addr-add-log"))
    office.box.clock.step(20)
    finished = await task
    assert (finished.status, "7 addresses were imported into list 12" in finished.out) == (0, True)
    assert changes(office) == ["ml-addr-add-file"]


async def test_a_lost_upload_that_the_log_does_not_know_is_unknown_and_not_repeated(office, terminal, written):
    office.box.faults.inject("umail", "reset", call="ml-addr-add-file")
    finished = await terminal(f"list import {TARGET} --file {written(rows(7))}")
    assert (finished.status, "It may or may not have happened" in finished.out) == (3, True)
    assert "list show 12 --account umail" in finished.out
    assert changes(office) == ["ml-addr-add-file"]


async def test_a_question_that_fails_leaves_what_is_known(office, terminal, written):
    office.box.faults.inject("umail", "html", call="ml-addr-add-file-query", times=9)
    finished = await terminal(f"list import {TARGET} --file {written(rows(7))}")
    assert "U-Mail took the file for list 12" in finished.out
    assert "asked what became of it, it" in finished.out
    assert changes(office) == ["ml-addr-add-file"]


# What cannot be imported


@pytest.mark.parametrize(
    ("text", "flags", "words"),
    [
        ("", "", "The file is empty."),
        ("", "--rows", "The file is empty."),
        ("name,email\nA,a@shop.example\n", "", "The vendor would not find an address in this file."),
        ("name,phone\nA,1\n", "--rows", "none of them is an address"),
        ("x\ny\n", "--rows", '2 lines could not be read and were left out:\nline 1: "x" is no address'),
    ],
)
async def test_a_file_without_use_is_refused_and_nothing_is_sent(office, terminal, written, text, flags, words):
    finished = await terminal(f"list import {TARGET} --file {written(text)} {flags}")
    assert finished.status == 1
    assert words in finished.out
    assert changes(office) == []


async def test_a_file_is_named_at_a_terminal_only_and_must_be_there(office, terminal):
    missing, unnamed = await terminal(f"list import {TARGET} --file nowhere.csv"), await terminal("list import 12")
    assert "There is no file nowhere.csv." in missing.out
    assert "Which file?" in unnamed.out
    await office.type(LIN, f"list import {TARGET} --file /etc/passwd")
    await office.until(lambda: (view := office.slack.modal(LIN)) and "is for the terminal" in str(view.definition))
    assert office.box.requests == []


# Row by row


async def test_rows_go_in_batches_of_500_with_their_columns(office, terminal, written):
    lines = "".join(f"P{n},p{n}@shop.example,1986/8/{n % 28 + 1},男,VIP{n},?\n" for n in range(1_201))
    path = written("\ufeff姓名,Email,生日,性别,变量2,unknown\n" + lines)
    finished = await terminal(f"list import {TARGET} --rows --file {path}")
    assert finished.status == 0
    assert "1,201 addresses were added to list 12" in finished.out
    assert "Columns that were not read: unknown" in finished.out
    assert "The list had 6,000 addresses and has 7,201" in finished.out
    batches = [request.params["ml_addr"].split("\n") for request in asked(office, "ml-addr-add")]
    assert [len(batch) for batch in batches] == [500, 500, 201]
    assert batches[0][1] == "p1@shop.example;P1;M;1986-08-02;;;;VIP1;;;;;;;;;"


async def test_lines_that_cannot_be_read_are_counted_and_the_first_are_shown(office, terminal, written):
    bad = ["nobody", "a@@b.example", "", "x@shop.example;no", "y@shop.example"]
    path = written("email,birthday\n" + "\n".join(bad) + ',2026-13-40\n"z@shop.example","1999-1-1"\n')
    finished = await terminal(f"list import {TARGET} --rows --file {path}", "--json")
    told = json.loads(finished.out)
    assert (told["facts"]["added"], told["facts"]["unreadable"]) == (1, 4)
    words = (await terminal(f"list import {TARGET} --rows --file {path}")).out
    assert "4 lines could not be read and were left out:" in words
    assert 'line 2: "nobody" is no address' in words
    assert 'line 6: "2026-13-40" is no date' in words


async def test_a_plain_column_of_addresses_needs_no_headings(office, terminal, written):
    path = written("a@shop.example\tAnna\nb@shop.example\tBo\n")
    finished = await terminal(f"list import {TARGET} --rows --file {path}")
    assert "Only the first column was read" in finished.out
    assert asked(office, "ml-addr-add")[0].params["ml_addr"].count(";") == 32
    assert count(office) == SIZE + 2


@pytest.mark.parametrize("fault", ["lost_reply", "reset"])
async def test_a_batch_whose_outcome_is_unknown_stops_it_and_the_answer_says_exactly_how_far_it_came(
    office, terminal, written, fault
):
    path = written("email\n" + "".join(f"p{n}@shop.example\n" for n in range(1_800)))
    office.box.faults.inject("umail", "slow", call="ml-addr-add", seconds=0)
    office.box.faults.inject("umail", fault, call="ml-addr-add")
    finished = await terminal(f"list import {TARGET} --rows --file {path}")
    assert finished.status == 3
    assert "500 addresses were added to list 12" in finished.out
    assert "for certain, then no readable answer came" in finished.out
    assert "Batch 2 is unknown: 500 addresses, lines 502 to 1001" in finished.out
    assert "Not tried: 800 addresses after it" in finished.out
    assert changes(office) == ["ml-addr-add"] * 2


async def test_a_batch_that_could_not_be_sent_stops_it_too(office, terminal, written):
    path = written("email\n" + "".join(f"p{n}@shop.example\n" for n in range(600)))
    office.box.faults.inject("umail", "slow", call="ml-addr-add", seconds=0)
    office.box.faults.inject("umail", "http_429", call="ml-addr-add")
    finished = await terminal(f"list import {TARGET} --rows --file {path}", "--json")
    told = json.loads(finished.out)
    assert (finished.status, told["error"]["code"]) == (1, "rate_limited")
    assert told["facts"] == {"added": 500, "unreadable": 0, "stopped_at_line": 502, "unknown": 0, "not_tried": 0}


# The log


async def test_the_log_of_imports_is_shown_and_only_2019_has_one(two_dialects):
    assert "No imported files" in (await two_dialects.ask(VERA, "list imports --account umail")).plain
    answer = await two_dialects.ask(VERA, "list imports --account old")
    assert "U-Mail has no call for that (account old). These can: --account umail (U-Mail)" in answer.plain
    assert {request.vendor for request in two_dialects.box.requests} == {"umail"}


# Out of lists


def table(file):
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"))))


@DIALECTS
async def test_a_list_is_exported_whole_to_the_asker_alone(two_dialects, account, target, size):
    answer = await two_dialects.ask(LIN, f"list export {target} --account {account}")
    assert f"{size:,} addresses of list {target}" in answer.plain
    assert "is in our direct messages" in answer.plain
    [(name, content)] = two_dialects.files(LIN)
    assert name.startswith(f"contacts-{account}-list-{target}-2026")
    found = table(content)
    assert found[0][:6] == ["address", "name", "birthday", "phone", "area", "added_at"]
    assert len(found) == size + 1
    assert found[1][:4] == [f"wang.wei.{target}-0@mail.example", "王伟", "1960-01-01", "13800000000"]
    assert found[1][5].endswith("+08:00")
    assert two_dialects.files(VERA) == []
    assert len(asked(two_dialects, "ml-addr-list")) == 1


async def test_an_export_has_other_formats(office):
    await office.ask(LIN, "list export 12 --format json")
    [(name, content)] = office.files(LIN)
    assert name.endswith(".json")
    assert len(json.loads(content)) == SIZE


async def test_an_empty_list_is_an_empty_file(office):
    office.box.world.umail["demo-umail"].lists[TARGET].size = 0
    assert "0 addresses of list 12" in (await office.ask(LIN, "list export 12")).plain
    assert len(table(office.files(LIN)[0][1])) == 1


@DIALECTS
async def test_unsubscribes_are_counted_and_the_latest_ten_shown(two_dialects, account, target, size):
    username = {"umail": "demo-umail", "old": "demo-umail-v3"}[account]
    two_dialects.box.world.umail[username].lists[target].left_before = 40
    answer = await two_dialects.ask(LIN, f"list unsubscribes {target} --account {account}")
    assert f"40 addresses left list {target}" in answer.plain
    assert "the latest:" in answer.plain
    assert answer.plain.count(".example") == 10
    file = await two_dialects.press(LIN, answer, "Export unsubscribes")
    assert "40 unsubscribes of list" in file.plain
    [(name, content)] = two_dialects.files(LIN)
    assert name.startswith(f"unsubscribes-{account}-list-{target}-")
    assert (table(content)[0], len(table(content))) == (["address", "at"], 41)


async def test_nobody_left(office):
    answer = await office.ask(LIN, "list unsubscribes 12")
    assert "0 addresses left list 12" in answer.plain
    assert list(answer.buttons) == []


@pytest.mark.parametrize("line", ["list export 5", "list unsubscribes 5", "list import 5"])
async def test_single_addresses_are_for_operators(office, line):
    before = office.shown(VERA)
    await office.type(VERA, line)
    assert "That needs the role operator" in (await office.answer(VERA, "C0GENERAL", before)).plain
    assert office.box.requests == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("list export all", "all is no list id"),
        ("list export 5 --format pdf", "pdf is none of the choices: csv, json, xlsx."),
        ("list unsubscribes x", "x is no list id"),
        ("list imports --page 0", "0 is no page"),
    ],
)
async def test_a_wrong_word_is_one_line_and_nothing_is_asked_of_the_vendor(office, line, words):
    assert words in (await office.ask(LIN, line)).plain
    assert office.box.requests == []


async def test_an_unknown_list_is_said(office):
    assert "U-Mail knows no list 99" in (await office.ask(LIN, "list export 99")).plain
    assert "U-Mail knows no list 99" in (await office.ask(LIN, "list unsubscribes 99")).plain


# Reading files


@pytest.mark.parametrize(
    ("line", "readable"),
    [
        ("a@shop.example", True),
        ("a@shop.example;A;M", True),
        ("a@shop.example\tA", True),
        ("name\na@shop.example;A", True),
        ("A,a@shop.example", False),
        ("a@shop.example,A", False),
    ],
)
def test_a_file_is_looked_at_before_it_is_handed_over(written, line, readable):
    assert looks_like_the_vendors(written(line)) is readable


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_encodings_and_separators_are_told_apart(written, encoding, mark):
    path = written(
        mark.join(("邮箱", "姓名", "地区")) + "\r\n" + mark.join(("a@shop.example", "王伟", "北京")) + "\r\n",
        "x",
        encoding,
    )
    with opened(path) as file:
        [row] = file.rows
    assert (row.line, row.form.address, row.form.name, row.form.area) == (2, "a@shop.example", "王伟", "北京")


def test_a_file_in_no_encoding_is_refused(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"email\n\xff\xff\xff")
    with pytest.raises(UnreadableFileError), opened(path):
        pass


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("email,name\na@shop.example,a;b\n", "separator"),
        ('email,name\na@shop.example,"a\nb"\n', "separator"),
        ("email,sex\na@shop.example,x\n", "sex"),
        ("email,birthday\na@shop.example,soon\n", "birthday"),
        ("email\na@shop\n", "address"),
    ],
)
def test_a_line_says_what_is_wrong_with_it(written, text, problem):
    with opened(written(text)) as file:
        assert [row.problem for row in file.rows] == [problem]
