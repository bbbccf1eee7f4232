"""Mail templates: looked at with their checks, written over without losing anything, deleted after asking."""

import json

import pytest

from bot.htmltext import text_of
from sandbox.material import Template

LIN, MEI, OPS, VIEW = "U0LIN", "U0MEI", "U0OPS", "U0VIEW"
CHANGING = {"add-tpl", "edit-tpl", "del-tpl", "tpl-attachment-add", "tpl-attachment-del"}
PAGE = "<html><head><style>p {}</style></head><body><h1>十一月 &amp; more</h1><p>Dear\n<b>you</b></p></body></html>"
BOTH = pytest.mark.parametrize("account", ["umail", "old"])
SPOKEN_BY = {"umail": "demo-umail", "old": "demo-umail-v3"}


def changes(office):
    return [request for request in office.box.requests if request.call in CHANGING]


def templates(office, account="umail"):
    return office.box.world.umail[SPOKEN_BY[account]].templates


async def form(office, user, line, title):
    """Type a command and see its form."""
    await office.type(user, line)
    await office.until(lambda: (view := office.slack.modal(user)) and view.definition["title"]["text"] == title)
    return office.slack.modal(user)


def initial(view, name):
    block = next(block for block in view.blocks if block.get("block_id") == name)
    return block["element"].get("initial_value")


# Looking


async def test_templates_are_listed_with_their_checks_the_newest_first(office):
    office.box.world.umail["demo-umail"].templates[17].attachments[3] = ("a.pdf", 90_000)
    answer = await office.ask(VIEW, "template ls")
    assert "8 templates" in answer.plain
    lines = [line.split("  ") for line in answer.plain.split("\n")[2:-1]]
    rows = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert [row[0] for row in rows] == ["23", "22", "21", "20", "19", "18", "17", "16"]
    assert rows[0][2] == "🔴 refused · red"
    assert rows[1][1] == "<@U0EDM> *50 %* off & _more_ `now` <https://evil.example|here>"
    assert rows[6] == ["17", "十一月大促", "✅ passed · green", "88 kB", "1"]
    assert [request.call for request in office.box.requests].count("get-tpl-status") == 8


async def test_a_long_list_is_turned_page_by_page(office):
    templates(office).update({n: Template(n, f"number {n}", "hello") for n in range(100, 117)})
    first = await office.ask(VIEW, "template ls --account umail")
    assert "25 templates" in first.plain
    assert "number 116" in first.plain
    assert "number 106" not in first.plain
    second = await office.press(VIEW, first, "Next page")
    assert "25 templates · page 2" in second.plain
    assert "number 106" in second.plain
    third = await office.press(VIEW, second, "Next page")
    assert "十一月大促 A/B" in third.plain
    assert "Next page" not in str(third.blocks)


async def test_v3_has_no_checks_and_the_list_says_so(two_dialects):
    answer = await two_dialects.ask(VIEW, "template ls --account old")
    assert "3 templates" in answer.plain
    assert "asked about checks, U-Mail has no call for it" in answer.plain
    shown = await two_dialects.ask(MEI, "template show 17 --account old")
    assert '模板 17 "十一月大促": —' in shown.plain
    refused = await two_dialects.ask(VIEW, "template check 17 --account old")
    assert "U-Mail has no call for that (account old)" in refused.plain


@BOTH
async def test_one_template_is_shown_as_a_reader_sees_it(two_dialects, account):
    one = templates(two_dialects, account)[18]
    one.subject, one.content, one.attachments[4] = "本周新品|新品 *来了*", PAGE, ("目录.pdf", 10)
    answer = await two_dialects.ask(VIEW, f"template show 18 --account {account}")
    assert 'Template 18 "新品上架通知"' in answer.plain
    assert '"本周新品" / "新品 *来了*"' in answer.plain
    assert '4 "目录.pdf"' in answer.plain
    assert "十一月 & more\nDear you" in answer.plain
    assert "p {}" not in answer.plain
    assert f"{len(PAGE)} characters of HTML" in answer.plain


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("no html at all", "no html at all"),
        ("<p>a<br>b</p>c <!-- d --> <script>e</script>", "a\nb\nc"),
        ("<?xml version='1.0' encoding='gbk'?><p>汉\x00字</p>", "汉字"),
        ("<img alt='Sale'><img src='x.png'><td>1</td><td>2</td>", "Sale12"),
        ("<p>" + "x" * 700 + "</p>", "x" * 9 + "…"),
        ("<div>" * 5_000 + "deep", ""),
        ("\ud800<p>x", "?\nx"),
    ],
)
def test_html_reads_as_its_words(html, text):
    most = 600 if len(text) < 600 and not text.endswith("…") else 10
    found = text_of(html, most)
    assert found == text or html.startswith("<div>")


async def test_a_check_tells_passed_refused_and_under_way_apart(office):
    passed = await office.ask(VIEW, "template check 16")
    assert 'Template 16 "十一月大促 A/B" has passed its check · green' in passed.plain
    assert "U-Mail reports 1 (green) at" in passed.plain
    refused = await office.ask(MEI, "template check 23")
    assert '模板 23 "抽奖活动" 未通过检测' in refused.plain
    assert "报告 0（red）" in refused.plain
    templates(office)[16].edited(office.box.clock.now())
    checking = await office.ask(VIEW, "template check 16")
    assert 'Template 16 "十一月大促 A/B" is being checked' in checking.plain
    assert "its size is being counted" in checking.plain
    assert "U-Mail reports -1 at" in checking.plain


# What is wrong in a line

WRONG = [
    ("template show abc", "abc is no template id: that is digits only."),
    ("template check", "Something is missing."),
    ("template detach 16", "Something is missing. /edm template detach 16 3"),
    ("template detach 16 every", "every is no attachment: give its id, or all."),
    ("template ls --page 0", "0 is no page: the first is 1."),
    ("template delte 16", "Did you mean template delete?"),
    ("template show 16 --account emailcar", "EmailCar has no call for that"),
    ("template delete x", "x is no template id"),
]


async def test_a_wrong_line_is_explained_and_asks_no_vendor(office):
    for line, words in WRONG:
        assert words in (await office.ask(LIN, line)).plain, line
    assert office.box.requests == []


@BOTH
async def test_an_unknown_template_is_named_and_nothing_is_changed(two_dialects, account):
    for line in ("show 99", "detach 99 all", "detach 99 3"):
        answer = await two_dialects.ask(LIN, f"template {line} --account {account}")
        assert f"U-Mail knows no template 99 (account {account})" in answer.plain
    for line in ("edit 99", "attach 99"):
        await two_dialects.type(LIN, f"template {line} --account {account}")
        await two_dialects.until(lambda: " knows no template " in str(two_dialects.slack.modal(LIN)))
        await two_dialects.slack.close(LIN)
    assert changes(two_dialects) == []


@pytest.mark.parametrize("line", ["template create", "template edit 16", "template attach 16", "template detach 16 3"])
async def test_a_viewer_changes_nothing(office, line):
    answer = await office.ask(VIEW, line)
    assert "needs the role operator" in answer.plain
    assert office.box.requests == []


async def test_only_an_admin_deletes(office):
    assert "needs the role admin" in (await office.ask(LIN, "template delete 16")).plain
    assert office.box.requests == []


# Creating


@BOTH
async def test_a_template_is_created_from_a_form(two_dialects, account):
    await form(two_dialects, LIN, f"template create --account {account}", "New template")
    values = {"name": "双十二", "subjects": "一号主题\n\n二号主题 ", "content": PAGE}
    await two_dialects.slack.submit(LIN, values)
    answer = await two_dialects.told(LIN, "is created")
    new = max(templates(two_dialects, account))
    assert f'Template {new} "双十二" is created · it is being checked' in answer.plain
    one = templates(two_dialects, account)[new]
    assert (one.name, one.subject, one.content) == ("双十二", "一号主题|二号主题", PAGE)
    assert [request.call for request in changes(two_dialects)] == ["add-tpl"]
    said = await two_dialects.slack.wait(VIEW, "C0GENERAL", lambda m: "created template" in m.plain)
    assert said.plain == f'@lin created template {new} "双十二" ({account})'


async def test_a_file_may_hold_the_content_in_the_charset_that_it_names(office):
    await form(office, LIN, "template create", "New template")
    page = '<meta charset="gb2312"><p>双十二快到了</p>' + "<p>更多</p>" * 1_000
    await office.slack.attach(LIN, "file", "mail.html", page.encode("gb18030"))
    await office.slack.submit(LIN, {"name": "n", "subjects": "s"})
    await office.told(LIN, 'Template 24 "n" is created')
    assert templates(office)[24].content == page


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe\x00broken", "The file is no HTML that I can read"),
        ("<p>汉字</p>".encode("gbk"), "The file is no HTML that I can read"),
        (b" \n ", "The content is empty"),
        (b"x" * (512 * 1024 + 1), "The file is too large"),
    ],
)
async def test_a_file_that_will_not_do_is_refused_and_nothing_is_sent(office, content, words):
    await form(office, LIN, "template create", "New template")
    await office.slack.attach(LIN, "file", "mail.html", content)
    await office.slack.submit(LIN, {"name": "n", "subjects": "s"})
    await office.told(LIN, words)
    assert changes(office) == []


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"name": "n", "subjects": "a|b", "content": "x"}, "subjects", "A subject cannot hold |"),
        ({"name": "n", "subjects": " \n ", "content": "x"}, "subjects", "A template needs a subject"),
        ({"name": " ", "subjects": "s", "content": "x"}, "name", "A template needs a name"),
        ({"name": "n", "subjects": "s"}, "content", "Type the content, or hand over a file"),
    ],
)
async def test_each_field_says_what_is_wrong_with_it(office, values, field, words):
    await form(office, LIN, "template create", "New template")
    await office.slack.submit(LIN, values)
    assert words in office.slack.modal(LIN).errors[field]
    assert office.box.requests == []


@BOTH
async def test_a_lost_answer_to_a_creation_is_settled_by_a_look(two_dialects, account):
    two_dialects.box.faults.inject("umail" if account == "umail" else "umail_v3", "lost_reply", call="add-tpl")
    await form(two_dialects, LIN, f"template create --account {account}", "New template")
    await two_dialects.slack.submit(LIN, {"name": "新模板", "subjects": "s", "content": "x"})
    await two_dialects.told(LIN, '"新模板" is created')
    assert [request.call for request in changes(two_dialects)] == ["add-tpl"]


async def test_a_creation_that_nobody_answers_stays_unknown_and_is_asked_once(impatient, two_dialects):
    two_dialects.box.faults.inject("umail", "timeout", call="add-tpl")
    await form(two_dialects, LIN, "template create --account umail", "New template")
    await two_dialects.slack.submit(LIN, {"name": "n", "subjects": "s", "content": "x"})
    answer = await two_dialects.told(LIN, "It may or may not have happened")
    assert "template ls --account umail" in answer.plain
    assert [request.call for request in changes(two_dialects)] == ["add-tpl"]


# Changing


@BOTH
async def test_an_edit_begins_with_what_is_there_and_keeps_the_rest(two_dialects, account):
    one = templates(two_dialects, account)[17]
    one.subject, one.content, one.text, one.attachments[3] = "甲|乙", PAGE, "plain", ("a.pdf", 5)
    view = await form(two_dialects, LIN, f"template edit 17 --account {account}", "Edit template")
    assert [initial(view, name) for name in ("name", "subjects", "content")] == ["十一月大促", "甲\n乙", PAGE]
    await two_dialects.slack.submit(LIN, {"name": "改名"})
    answer = await two_dialects.told(LIN, 'Template 17 "改名" is changed')
    assert 'Attachments: 3 "a.pdf"' in answer.plain
    assert "could not be checked: the plain-text version, the encoding" in answer.plain
    assert "The vendor holds something other" not in answer.plain
    (edit,) = changes(two_dialects)
    assert {name: edit.params[name] for name in ("name", "subject", "content")} == {
        "name": "改名",
        "subject": "甲|乙",
        "content": PAGE,
    }
    assert (one.name, one.subject, one.content, one.text) == ("改名", "甲|乙", PAGE, "plain")
    assert one.attachments == {3: ("a.pdf", 5)}


async def test_content_too_long_for_a_form_is_kept_or_replaced_by_a_file(office):
    one = templates(office)[17]
    one.content = long = "<p>很长</p>" * 500
    view = await form(office, LIN, "template edit 17", "Edit template")
    assert "3,000 characters: hand over a file to replace it" in str(view.blocks)
    assert "content" not in [block.get("block_id") for block in view.blocks]
    await office.slack.submit(LIN, {"name": "改名"})
    await office.told(LIN, 'Template 17 "改名" is changed')
    assert one.content == long
    await form(office, LIN, "template edit 17", "Edit template")
    await office.slack.attach(LIN, "file", "new.htm", PAGE.encode())
    await office.slack.submit(LIN, {"subjects": "新主题"})
    await office.until(lambda: one.content == PAGE)
    assert (one.name, one.subject) == ("改名", "新主题")


async def test_an_edit_that_changes_nothing_asks_for_nothing(office):
    await form(office, LIN, "template edit 17", "Edit template")
    await office.slack.submit(LIN, {})
    await office.told(LIN, 'Template 17 "十一月大促" is just so already')
    assert changes(office) == []


async def test_what_the_vendor_made_of_an_edit_is_told(office, monkeypatch):
    one = templates(office)[17]
    one.attachments[3] = ("a.pdf", 5)
    view = await form(office, LIN, "template edit 17", "Edit template")
    assert view
    monkeypatch.setattr(type(one), "edited", lambda self, now: self.attachments.clear())
    await office.slack.submit(LIN, {"name": "改名"})
    answer = await office.told(LIN, 'Template 17 "改名" is changed')
    assert "The vendor holds something other than I sent, or changed more: attachments" in answer.plain


@pytest.mark.parametrize(("fault", "words"), [("lost_reply", "is changed"), ("reset", "It may or may not have")])
async def test_an_edit_without_an_answer_is_asked_once_and_looked_at(office, fault, words):
    await form(office, LIN, "template edit 17", "Edit template")
    office.box.faults.inject("umail", fault, call="edit-tpl")
    await office.slack.submit(LIN, {"name": "改名"})
    await office.told(LIN, words)
    assert [request.call for request in changes(office)] == ["edit-tpl"]


# Files


@BOTH
async def test_files_are_attached_from_a_form(two_dialects, account):
    one = templates(two_dialects, account)[17]
    await form(two_dialects, LIN, f"template attach 17 --account {account}", "Attach files")
    await two_dialects.slack.attach(LIN, "files", "目录.pdf", b"x" * 70_000)
    await two_dialects.slack.attach(LIN, "files", "b.txt", b"y")
    await two_dialects.slack.submit(LIN, {})
    answer = await two_dialects.told(LIN, 'carries "目录.pdf", "b.txt" now')
    assert "b.txt" in answer.plain
    assert sorted(one.attachments.values()) == [("b.txt", 1), ("目录.pdf", 70_000)]
    assert [request.call for request in changes(two_dialects)] == ["tpl-attachment-add"]


@BOTH
async def test_one_file_goes_and_the_others_stay(two_dialects, account):
    one = templates(two_dialects, account)[17]
    one.attachments |= {3: ("a.pdf", 5), 4: ("b.pdf", 6)}
    answer = await two_dialects.ask(LIN, f"template detach 17 3 --account {account}")
    assert 'Template 17 "十一月大促" has lost "a.pdf"' in answer.plain
    assert one.attachments == {4: ("b.pdf", 6)}
    missing = await two_dialects.ask(LIN, f"template detach 17 3 --account {account}")
    assert 'has no file 3; I changed nothing\nAttachments: 4 "b.pdf"' in missing.plain
    assert len(changes(two_dialects)) == 1


@BOTH
async def test_all_files_go_only_after_a_confirm_that_names_them(two_dialects, account):
    one = templates(two_dialects, account)[17]
    one.attachments |= {3: ("a.pdf", 5), 4: ("b.pdf", 6)}
    asked = await two_dialects.ask(LIN, f"template detach 17 all --account {account}")
    assert 'Delete all 2 files of template 17 "十一月大促"?' in asked.plain
    assert '3 "a.pdf", 4 "b.pdf"' in asked.plain
    assert changes(two_dialects) == []
    gone = await two_dialects.press(LIN, asked, "Delete all files")
    assert 'has lost "a.pdf", "b.pdf"' in gone.plain
    assert one.attachments == {}
    assert [request.params["attachment_id"] for request in changes(two_dialects)] == ["all"]
    again = await two_dialects.ask(LIN, f"template detach 17 all --account {account}")
    assert "has no files: there is nothing to delete" in again.plain


# Deleting


async def test_a_delete_names_what_goes_and_who_uses_it(office):
    templates(office)[16].attachments[3] = ("a.pdf", 5)
    asked = await office.ask(MEI, "template delete 16")
    assert '要删除模板 16 "十一月大促 A/B" 吗？' in asked.plain
    assert '附件会一并删除：3 "a.pdf"' in asked.plain
    assert "19124 🟢 正在发送" in asked.plain
    assert changes(office) == []
    gone = await office.press(MEI, asked, "删除模板")
    assert '模板 16 "十一月大促 A/B" 已删除' in gone.plain
    assert 16 not in templates(office)
    said = await office.slack.wait(VIEW, "C0GENERAL", lambda m: "deleted template" in m.plain)
    assert said.plain == '🗑️ @mei deleted template 16 "十一月大促 A/B" (umail)'


async def test_tasks_that_cannot_be_read_are_said_and_hinder_nothing(office):
    office.box.faults.inject("umail", "http_500", call="task-list", times=30)
    asked = await office.ask(MEI, "template delete 20")
    assert "未能查看全部任务" in asked.plain
    await office.press(MEI, asked, "删除模板")
    assert 20 not in templates(office)


@pytest.mark.parametrize("account", ["umail", "old"])
@pytest.mark.parametrize(("fault", "words"), [("lost_reply", "已删除"), ("reset", "可能")])
async def test_a_delete_without_an_answer_is_asked_once_and_looked_at(two_dialects, account, fault, words):
    asked = await two_dialects.ask(MEI, f"template delete 20 --account {account}")
    two_dialects.box.faults.inject("umail" if account == "umail" else "umail_v3", fault, call="del-tpl")
    answer = await two_dialects.press(MEI, asked, "删除模板")
    assert words in answer.plain
    assert [request.call for request in changes(two_dialects)] == ["del-tpl"]
    assert (20 in templates(two_dialects, account)) is (fault == "reset")


# The terminal


async def test_a_path_is_for_the_terminal_and_nobody_in_slack_reads_the_machine(office, tmp_path):
    secret = tmp_path / "secret.html"
    secret.write_text("<p>not for you</p>")
    for line in ("create --name n --subject s", "edit 16", "attach 16"):
        await office.type(LIN, f"template {line} --file {secret}")
        await office.until(lambda: "--file" in str((view := office.slack.modal(LIN)) and view.blocks))
        await office.slack.close(LIN)
    assert office.box.requests == []


async def test_a_template_lives_its_life_from_the_terminal(closed_office, edmbot, tmp_path):
    environ = closed_office.terminal()
    (tmp_path / "mail.html").write_text(PAGE, "utf-8")
    (tmp_path / "a.pdf").write_bytes(b"x" * 9)

    async def run(line, *options):
        finished = await edmbot("exec", "--json", *options, line, environ=environ)
        return finished.status, json.loads(finished.out)

    status, made = await run('template create --name "n" --subject "a" --subject "b" --file mail.html')
    assert (status, made["facts"]["id"], made["facts"]["subjects"]) == (0, "24", ["a", "b"])
    assert (await run('template edit 24 --name "m"'))[1]["facts"]["name"] == "m"
    status, attached = await run("template attach 24 --file a.pdf")
    assert (status, attached["facts"]["files"]) == (0, ["a.pdf"])
    status, shown = await run("template show 24")
    assert (status, shown["facts"]["preview"]) == (0, "十一月 & more\nDear you")
    assert shown["facts"]["check"]["state"] == "checking"
    number = shown["facts"]["attachments"][0]["id"]
    assert (await run("template detach 24 all"))[0] == 1
    assert (await run(f"template detach 24 {number}"))[0] == 0
    assert (await run("template delete 24"))[0] == 1
    assert (await run("template delete 24", "--yes"))[1]["facts"]["deleted"] is True
    assert 24 not in templates(closed_office)


async def test_without_a_file_the_terminal_says_that_forms_are_slacks(closed_office, edmbot):
    environ = closed_office.terminal()
    for line in ("template create", "template edit 16", "template attach 16"):
        finished = await edmbot("exec", line, environ=environ)
        assert (finished.status, "only Slack has forms" in finished.out) == (1, True)
    lost = await edmbot("exec", 'template create --name n --subject s --file "no such file"', environ=environ)
    assert (lost.status, "The file cannot be read" in lost.out) == (1, True)
    assert changes(closed_office) == []
