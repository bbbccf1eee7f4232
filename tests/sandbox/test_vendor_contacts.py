"""U-Mail's contact lists: what every call on them does, answers and refuses."""

import httpx
import pytest

from sandbox.contacts import ROOM, generated_address

DO = "mloperate.php"
PEOPLE = "a@new.example;Ann;F;1986-08-10;13800000000;北京;v1;v2;\n b@new.example; Bo;\nbroken\na@new.example;Twice\n"


@pytest.fixture
def listed(rows):
    """Contacts of a page, without the sample's `![CDATA[…]]`."""

    def read(answer):
        found = [row for row in rows(answer) if row]
        return [{k: v.removeprefix("![CDATA[").removesuffix("]]") for k, v in row.items()} for row in found]

    return read


async def create(post, fields, **form):
    answer = await post("umail", DO, {"do": "maillist-add"}, data={"subject": "新", "status": "enabled"} | form)
    return int(fields(answer)["data"])


async def test_a_list_is_made_shown_renamed_and_deleted(umail, post, rows, fields):
    number = await create(post, fields, descrīption="说明 & <more>")
    await post("umail", DO, {"do": "maillist-edit", "id": number}, data={"subject": "改", "status": "disabled"})
    shown = fields(await umail(DO, do="maillist-detail", id=number))

    assert shown == {
        "id": str(number),
        "subject": "改",
        "descrīption": "说明 & <more>",
        "count": "0",
        "input_status": "0",
        "status": "disabled",
    }
    assert shown in rows(await umail(DO, do="maillist-list"))
    assert fields(await umail(DO, do="maillist-del", id=number))["status"] == "success"
    assert fields(await umail(DO, do="maillist-detail", id=number))["status"] == "not_exist"


async def test_v3_does_not_say_the_new_id(umail_v3, post, rows, fields):
    form = {"subject": "老", "status": "enabled", "description": "d"}
    added = fields(await post("umail_v3", DO, {"do": "maillist-add"}, data=form))
    last = rows(await umail_v3(DO, do="maillist-list"))[-1]

    assert added == {"status": "success", "data": "添加联系人分类成功！"}
    assert (last["subject"], last["description"]) == ("老", "d")
    assert "input_status" not in last


@pytest.mark.parametrize(
    ("do", "query", "form", "word"),
    [
        ("maillist-add", {}, {"subject": "x"}, "add_maillist_error"),
        ("maillist-add", {"subject": "x", "status": "enabled"}, {}, "add_maillist_error"),
        ("maillist-add", {}, {"subject": "x", "status": "on"}, "add_maillist_error"),
        ("maillist-add", {}, {"subject": "x", "status": "enabled", "description": "d" * 256}, "add_describe_error"),
        ("maillist-edit", {"id": 99}, {"subject": "x"}, "update_maillist_error"),
        ("maillist-edit", {"id": 7}, {}, "update_maillist_error"),
        ("maillist-edit", {"id": 7}, {"descrīption": "d" * 256}, "update_describe_error"),
        ("maillist-edit", {}, {"id": 7, "subject": "x"}, "param_error"),
        ("maillist-del", {"id": 99}, {}, "delete_maillist_error"),
        ("maillist-del", {"id": 5}, {}, "delete_maillist_error"),
        ("unsubscribe-export", {}, {}, "param_error"),
        ("subscription-export", {"id": 7}, {}, "do_error"),
        ("ml-addr-list", {"list_id": 99}, {}, "not_exist"),
        ("ml-addr-list", {"list_id": 7, "page": 0}, {}, "param_error"),
        ("ml-addr-add", {"list_id": 7}, {}, "param_error"),
        ("ml-addr-add", {"address": "a@b.example"}, {}, "param_error"),
        ("ml-addr-add", {"list_id": 7, "address": "nobody"}, {}, "address_error"),
        ("ml-addr-add", {"list_id": 7, "address": generated_address(7, 3)}, {}, "exists_error"),
        ("ml-addr-add", {"list_id": 7, "address": "a@b.example", "sex": "男"}, {}, "param_error"),
        ("ml-addr-add", {"list_id": 7, "address": "a@b.example", "birthday": "1.2.1990"}, {}, "param_error"),
        ("ml-addr-add", {"list_id": 7, "addr_type": "array"}, {"ml_addr": "a@b.example"}, "param_error"),
        ("ml-addr-edit", {"id": 7 * ROOM + 1}, {}, "do_error"),
        ("ml-addr-del", {"id": 1}, {}, "not_exist"),
        ("ml-addr-del", {}, {}, "param_error"),
        ("ml-addr-empty", {}, {}, "param_error"),
        ("ml-addr-empty", {"list_id": 99}, {}, "not_exist"),
        ("ml-sub", {"list_id": 11}, {}, "param_error"),
        ("ml-sub", {"list_id": 11, "address": "nobody"}, {}, "address_error"),
        ("ml-unsub", {"list_id": 11}, {}, "param_error"),
        ("ml-addr-add-file", {"list_id": 7}, {}, "param_error"),
        ("ml-addr-add-file", {"list_id": 99}, {}, "not_exist"),
    ],
)
async def test_what_is_wrong_is_refused(post, fields, do, query, form, word):
    assert fields(await post("umail", DO, {"do": do, **query}, data=form))["status"] == word


async def test_addresses_come_in_pages_of_fifty(umail, listed, fields):
    first = await umail(DO, do="ml-addr-list", list_id=5, page=1)
    last = listed(await umail(DO, do="ml-addr-list", list_id=5, page=900, limit=100))

    assert fields(first)["total_num"] == "90000"
    assert [row["address"] for row in listed(first)] == [generated_address(5, index) for index in range(50)]
    assert [row["address"] for row in last] == [generated_address(5, index) for index in range(89_900, 90_000)]
    assert "</fullname >" in first.text


async def test_every_list_is_meant_when_none_is_named(umail, fields):
    counted = fields(await umail(DO, do="ml-addr-list", page=1, limit=1))["total_num"]

    assert counted == str(90_000 + 18_400 + 12_000 + 32_000 + 6_500 + 6_000)
    assert fields(await umail(DO, do="ml-addr-list", list_id=0))["total_num"] == "0"


async def test_a_contact_is_added_found_edited_and_deleted(umail_v3, listed, fields):
    said = {"fullname": "Ann", "sex": "F", "birthday": "1986-08-10", "area": "北京", "Var10": "ten", "return_id": 1}
    number = fields(await umail_v3(DO, do="ml-addr-add", list_id=7, address="ann@new.example", **said))["id"]
    await umail_v3(DO, do="ml-addr-edit", id=number, address="anna@new.example", var1="one")
    found = listed(await umail_v3(DO, do="ml-addr-list", list_id=7, keyword="anna@new"))

    assert len(found) == 1
    assert found[0] == found[0] | {
        "id": number,
        "address": "anna@new.example",
        "fullname": "Ann",
        "brithday": "1986-08-10",
        "var1": "one",
        "var10": "ten",
    }
    assert fields(await umail_v3(DO, do="ml-addr-del", id=number))["status"] == "success"
    assert listed(await umail_v3(DO, do="ml-addr-list", list_id=7, keyword="anna@new")) == []


async def test_a_computed_contact_can_be_edited_and_deleted(box, umail_v3, umail, listed):
    await umail_v3(DO, do="ml-addr-edit", id=7 * ROOM + 3, fullname="改名")
    await umail_v3(DO, do="ml-addr-del", id=7 * ROOM + 4)

    edited = listed(await umail_v3(DO, do="ml-addr-list", list_id=7, keyword="改名"))
    assert [(row["id"], row["address"]) for row in edited] == [(str(7 * ROOM + 3), generated_address(7, 2))]
    assert box.world.umail["demo-umail-v3"].lists[7].count == 18_399
    assert box.world.umail["demo-umail"].lists[7].count == 18_400


async def test_one_contact_can_be_asked_for(umail, listed):
    found = listed(await umail(DO, do="ml-addr-list", address_id=5 * ROOM + 8))

    assert [row["address"] for row in found] == [generated_address(5, 7)]


async def test_a_batch_passes_over_what_is_broken_or_there_already(umail, post, listed, fields):
    number = await create(post, fields)
    answer = await post("umail", DO, {"do": "ml-addr-add", "list_id": number}, data={"ml_addr": PEOPLE})
    found = listed(await umail(DO, do="ml-addr-list", list_id=number))

    assert fields(answer)["data"] == "成功添加2个地址！"
    assert [(row["address"], row["fullname"], row["var2"]) for row in found] == [
        ("a@new.example", "Ann", "v2"),
        ("b@new.example", "Bo", ""),
    ]


async def test_a_batch_may_have_a_separator_of_its_own(post, fields):
    number = await create(post, fields)
    query = {"do": "ml-addr-add", "list_id": number, "separate": "|"}
    answer = await post("umail", DO, query, data={"ml_addr": "a@new.example|b@new.example"})

    assert fields(answer)["data"] == "成功添加2个地址！"


async def test_a_list_is_emptied(umail, listed, fields):
    await umail(DO, do="ml-addr-add", list_id=5, address="a@new.example")
    assert fields(await umail(DO, do="maillist-detail", id=5))["count"] == "90001"
    await umail(DO, do="ml-addr-empty", list_id=5)

    assert fields(await umail(DO, do="maillist-detail", id=5))["count"] == "0"
    assert listed(await umail(DO, do="ml-addr-list", list_id=5)) == []


@pytest.mark.parametrize("pairs", ["a@new.example,Ann;b@new.example", "a@new.example\tAnn\nb@new.example\n"])
async def test_several_can_be_subscribed(umail, post, listed, pairs):
    await post("umail", DO, {"do": "ml-sub", "list_id": 11}, data={"maillist": pairs})
    found = listed(await umail(DO, do="ml-addr-list", list_id=11, keyword="@new.example"))

    assert [(row["address"], row["fullname"]) for row in found] == [("a@new.example", "Ann"), ("b@new.example", "b")]


async def test_who_is_unsubscribed_is_gone_and_in_the_export(umail, fields):
    await umail(DO, do="ml-sub", list_id=11, address="a@new.example", name="Ann")
    out = f"a@new.example,{generated_address(11, 0)},stranger@new.example"
    await umail(DO, do="ml-unsub", list_id=11, address=out)

    assert fields(await umail(DO, do="maillist-detail", id=11))["count"] == "6499"
    left = (await umail(DO, do="unsubscribe-export", id=11)).text.splitlines()
    assert left[-2:] == ["2026-11-20 10:04:00\ta@new.example", f"2026-11-20 10:04:00\t{generated_address(11, 0)}"]


async def test_mails_make_people_unsubscribe(box, umail):
    before = (await umail(DO, do="unsubscribe-export", id=5)).text.splitlines()
    box.clock.step(3_600)
    after = (await umail(DO, do="unsubscribe-export", id=5)).text.splitlines()

    assert set(before) < set(after)
    assert len(after) - len(before) in {17, 18}
    assert all(line[:10] <= "2026-11-20" and line[19] == "\t" for line in after)


async def test_v3_exports_a_list_as_text(umail_v3):
    lines = (await umail_v3(DO, do="subscription-export", id=11)).text.splitlines()

    assert len(lines) == 6_500
    assert lines[0] == f"{generated_address(11, 0)}\t王伟"


async def test_a_file_is_parsed_in_the_vendors_own_time(box, umail, post, fields, rows):
    number = await create(post, fields)
    files = {"file": ("people.txt", PEOPLE.encode(), "application/octet-stream")}
    sent = await post("umail", DO, {"do": "ml-addr-add-file", "list_id": number}, files=files)
    job = fields(sent)["data"]
    assert sent.text.endswith("</data>;</result>")
    assert fields(await umail(DO, do="ml-addr-add-file-query", id=job))["status"] == "no_complete"
    assert fields(await umail(DO, do="maillist-detail", id=number))["input_status"] == "1"
    assert fields(await umail(DO, do="maillist-del", id=number))["status"] == "delete_address_error"
    box.clock.step(11)

    assert fields(await umail(DO, do="ml-addr-add-file-query", id=job))["status"] == "success"
    assert fields(await umail(DO, do="maillist-detail", id=number))["count"] == "2"
    log = (await umail(DO, do="ml-addr-add-log")).text
    assert "<count_all>4</count_all><count_err_1>1</count_err_1><count_err_2>1</count_err_2><status>1</status>" in log
    assert "<filename>people.txt</filename>" in log


@pytest.mark.parametrize(("job", "word"), [("99", "not_exist"), ("x", "error"), ("", "error")])
async def test_an_import_that_is_not_there(umail, fields, job, word):
    assert fields(await umail(DO, do="ml-addr-add-file-query", id=job))["status"] == word


async def test_an_empty_file_fails(box, umail, post):
    await post("umail", DO, {"do": "ml-addr-add-file"}, data={"list_id": 7}, files={"file": ("none.csv", b"")})
    box.clock.step(11)

    assert "<status>-2</status>" in (await umail(DO, do="ml-addr-add-log")).text


async def test_v3_takes_files_and_says_no_id(box, umail_v3, post, fields):
    answer = await post(
        "umail_v3", DO, {"do": "ml-addr-add-file", "list_id": 7}, files={"file": ("a", PEOPLE.encode())}
    )
    box.clock.step(11)

    assert not fields(answer)["data"].isdecimal()
    assert fields(await umail_v3(DO, do="maillist-detail", id=7))["count"] == "18402"


async def test_large_files_take_longer(box, umail, post, fields):
    rows = "".join(f"p{index}@new.example\n" for index in range(45_000)).encode()
    await post("umail", DO, {"do": "ml-addr-add-file", "list_id": 7}, files={"file": ("a", rows)})
    counts = []
    for _ in range(3):
        box.clock.step(11 if not counts else 1)
        counts.append(int(fields(await umail(DO, do="maillist-detail", id=7))["count"]) - 18_400)

    assert counts == [20_000, 40_000, 45_000]


async def test_an_enlarged_world_streams(box, umail, fields):
    task = box.world.enlarge(30_000)
    exported = await umail("failexport.php", type="all", task_id=task.statistics_id)
    opened = await umail("track.php", do="open-detail", id=task.id)
    left = await umail(DO, do="unsubscribe-export", id=task.settings.list_ids[0])
    everyone = await umail(DO, do="ml-addr-list", list_id=task.settings.list_ids[0])

    assert exported.headers["Transfer-Encoding"] == "chunked"
    assert [len(exported.text.splitlines()), opened.text.count("<user>"), everyone.text.count("<addr>")] == [30_000] * 3
    assert len(left.text.splitlines()) >= 30_000
    assert fields(await umail("account.php", do="service-info"))["qty_available"] == "311016"


async def test_faults_spoil_streamed_answers_too(box, umail):
    box.faults.inject("umail", "truncated")
    whole = await umail("failexport.php", type=9, date="2026-11-20")
    assert 0 < len(whole.text.splitlines()) < 12
    box.faults.inject("umail", "lost_reply")
    with pytest.raises(httpx.RemoteProtocolError):
        await umail("failexport.php", type=9, date="2026-11-20")
