"""U-Mail's templates: made, checked, listed, edited, attached to and deleted."""

import pytest
from lxml import etree

DO = "template.php"
NEW = {"name": "冬季", "subject": "第一|第二", "content": "<p>冬 & ]]> 季</p>", "encoding": "base64"}
TASK = {"do": "add-task", "maillist_id": 7, "send_account": "all", "time": "2026-11-21 10:00"}


async def create(post, fields, files=None, **form):
    return int(fields(await post("umail", DO, {"do": "add-tpl"}, data=NEW | form, files=files))["data"])


async def shown(umail, number):
    return etree.fromstring((await umail(DO, do="list-tpl", tpl_id=number)).content)[0]


def attachments(template):
    return [(one.findtext("atta_id"), one.findtext("atta_name")) for one in template.iter("attachment")]


async def test_a_new_template_is_checked_before_it_can_be_sent(box, umail, post, fields):
    number = await create(post, fields)
    checking = fields(await umail(DO, do="get-tpl-status", tpl_id=number))
    assert (checking["status"], checking["colour"] or "", checking["size_status"]) == ("-1", "", "-1")
    assert fields(await umail("task.php", **TASK, tpl_id=number))["status"] == "tpl_error"
    box.clock.step(181)

    checked = fields(await umail(DO, do="get-tpl-status", tpl_id=number))
    assert (checked["status"], checked["colour"], checked["size_status"], checked["size"]) == ("1", "green", "1", "1")
    assert fields(await umail("task.php", **TASK, tpl_id=number))["status"] == "success"


@pytest.mark.parametrize(("subject", "status", "colour"), [("中奖通知", "0", "red"), ("免费试用", "1", "yellow")])
async def test_the_check_reads_the_words(box, umail, post, fields, subject, status, colour):
    number = await create(post, fields, subject=subject)
    box.clock.step(181)
    checked = fields(await umail(DO, do="get-tpl-status", tpl_id=number))

    assert (checked["status"], checked["colour"]) == (status, colour)


async def test_a_listed_template_has_every_subject_and_its_content(umail, post, fields):
    template = await shown(umail, await create(post, fields))

    assert template.findtext("name") == "\n冬季\n"
    assert [subject.findtext("name") for subject in template.findall("subject")] == ["第一", "第二"]
    assert template.findtext("content") == f"\n{NEW['content']}\n"
    assert template.findtext("created") == "2026-11-20 10:04:00"


async def test_all_templates_come_when_none_is_named(umail, umail_v3):
    assert (await umail(DO, do="list-tpl")).text.count("<template>") == 8
    assert (await umail_v3(DO, do="list-tpl")).text.count("<template>") == 3


async def test_an_edit_keeps_what_it_leaves_out_and_is_checked_again(box, umail, fields):
    assert fields(await umail(DO, do="edit-tpl", tpl_id=18, subject="改"))["status"] == "success"
    template = await shown(umail, 18)

    assert template.findtext("name").strip() == "新品上架通知"
    assert template.find("subject").findtext("name") == "改"
    assert fields(await umail(DO, do="get-tpl-status", tpl_id=18))["status"] == "-1"
    assert box.world.umail["demo-umail-v3"].templates[18].subject == "本周新品"


async def test_files_come_with_a_template_and_after_it(umail, post, fields):
    number = await create(post, fields, files={"file": ("a.pdf", b"x" * 3_000)})
    several = [("file[]", ("b.pdf", b"y")), ("file[]", ("c.pdf", b"z"))]
    await post("umail", DO, {"do": "tpl-attachment-add", "tpl_id": number}, files=several)
    names = attachments(await shown(umail, number))
    await umail(DO, do="tpl-attachment-del", tpl_id=number, attachment_id=names[1][0])

    assert [name for _, name in names] == ["a.pdf", "b.pdf", "c.pdf"]
    assert [name for _, name in attachments(await shown(umail, number))] == ["a.pdf", "c.pdf"]


async def test_deleting_no_attachment_in_particular_deletes_all(umail, post, fields):
    number = await create(post, fields, files=[("file[]", ("a", b"1")), ("file[]", ("b", b"2"))])
    await umail(DO, do="tpl-attachment-del", tpl_id=number)

    assert attachments(await shown(umail, number)) == []


async def test_a_template_is_deleted(umail, fields):
    assert fields(await umail(DO, do="del-tpl", tpl_id=19))["status"] == "success"
    assert fields(await umail(DO, do="list-tpl", tpl_id=19))["status"] == "not_exist"


@pytest.mark.parametrize(
    ("do", "query", "form", "word"),
    [
        ("add-tpl", {}, {"name": "n", "subject": "s"}, "param_error"),
        ("add-tpl", NEW, {}, "param_error"),
        ("add-tpl", {}, NEW | {"encoding": "8bit"}, "param_error"),
        ("edit-tpl", {"tpl_id": 18}, {}, "param_error"),
        ("edit-tpl", {"tpl_id": 99, "name": "n"}, {}, "not_exist"),
        ("get-tpl-status", {}, {}, "param_error"),
        ("get-tpl-status", {"tpl_id": 99}, {}, "not_exist"),
        ("del-tpl", {}, {}, "param_error"),
        ("del-tpl", {"tpl_id": 99}, {}, "not_exist"),
        ("tpl-attachment-add", {"tpl_id": 18}, {}, "param_error"),
        ("tpl-attachment-del", {"tpl_id": 18, "attachment_id": 9}, {}, "not_exist"),
        ("tpl-attachment-del", {"tpl_id": 18, "attachment_id": "x"}, {}, "param_error"),
    ],
)
async def test_what_is_wrong_is_refused(post, fields, do, query, form, word):
    assert fields(await post("umail", DO, {"do": do, **query}, data=form))["status"] == word


async def test_v3_makes_templates_but_tells_no_check(umail_v3, post, fields):
    assert fields(await post("umail_v3", DO, {"do": "add-tpl"}, data=NEW))["data"] == "21"
    assert fields(await umail_v3(DO, do="get-tpl-status", tpl_id=21))["status"] == "do_error"
