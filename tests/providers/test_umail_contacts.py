"""U-Mail's lists, contacts and imports: what is asked, exactly, and what the documents' samples mean."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from providers.contacts import ContactForm, ContactId, ImportId, ImportState, ListId, Scope, Sex
from providers.errors import (
    AuthenticationError,
    BadAnswerError,
    NoAnswerError,
    OutcomeUnknownError,
    RefusedError,
)
from providers.multipart import Multipart
from tests.providers.vendor import filled, hang_up, reply, sample

LIST, CONTACT = ListId("5"), ContactId("77")
DONE = "<result><status>success</status><data>ok</data></result>"
REFUSED = "<result><status>error</status><data>参数错误</data></result>"
NOTHING = "<result><status>error</status><data>没有数据</data></result>"
BASE = "/mm-ms/apinew/mloperate.php?do="
FORM = ContactForm(
    address="a@b.example",
    name="张 三",
    sex=Sex.FEMALE,
    birthday=date(1986, 8, 15),
    phone="13800000000",
    area="北京",
    variables=("一", "", "3"),
)
FIELDS = {
    "address": "a@b.example",
    "fullname": "张 三",
    "sex": "F",
    "birthday": "1986-08-15",
    "phone": "13800000000",
    "area": "北京",
    "var1": "一",
    "var3": "3",
}
# A change -> its request: method, target after BASE, form.
CHANGES = {
    "add list": (
        lambda client: client.add_list("名单", description="x"),
        ("POST", "maillist-add", {"subject": "名单", "status": "enabled", "description": "x"}),
    ),
    "edit list": (
        lambda client: client.edit_list(LIST, "名单", enabled=False),
        ("POST", "maillist-edit&id=5", {"subject": "名单", "status": "disabled"}),
    ),
    "delete list": (lambda client: client.delete_list(LIST), ("GET", "maillist-del&id=5", {})),
    "empty list": (lambda client: client.empty_list(list_id=LIST), ("GET", "ml-addr-empty&list_id=5", {})),
    "subscribe": (
        lambda client: client.subscribe(LIST, "a+b@c.example", name="A B"),
        ("GET", "ml-sub&list_id=5&address=a%2Bb%40c.example&name=A%20B", {}),
    ),
    "subscribe many": (
        lambda client: client.subscribe_many(LIST, [("a@b.example", "A"), ("c@d.example", None)]),
        ("POST", "ml-sub&list_id=5", {"maillist": "a@b.example,A\nc@d.example"}),
    ),
    "unsubscribe": (
        lambda client: client.unsubscribe(LIST, ["a@b.example", "c@d.example"]),
        ("POST", "ml-unsub&list_id=5", {"address": "a@b.example,c@d.example"}),
    ),
    "add contact": (
        lambda client: client.add_contact(LIST, FORM),
        ("POST", "ml-addr-add&list_id=5&return_id=1", FIELDS),
    ),
    "add contacts": (
        lambda client: client.add_contacts(LIST, [FORM, ContactForm(address="c@d.example")]),
        (
            "POST",
            "ml-addr-add&list_id=5&addr_type=string&separate=%0A",
            {"ml_addr": "a@b.example;张 三;F;1986-08-15;13800000000;北京;一;;3;;;;;;;;\nc@d.example;;;;;;;;;;;;;;;;"},
        ),
    ),
    "delete contact": (lambda client: client.delete_contact(CONTACT), ("GET", "ml-addr-del&id=77", {})),
}
EACH_CHANGE = pytest.mark.parametrize("change", [change for change, _ in CHANGES.values()], ids=CHANGES)
# What would mean something else, or everything, if it went out.
BLUNDERS = {
    "list 0": lambda client: client.empty_list(list_id=ListId("0")),
    "no list": lambda client: client.empty_list(list_id=ListId("")),
    "blank": lambda client: client.delete_list(ListId(" ")),
    "not a number": lambda client: client.delete_contact(ContactId("all")),
    "several": lambda client: client.delete_list(ListId("5,6")),
    "contacts of no list": lambda client: client.contacts(where=ListId("")),
    "contact of no id": lambda client: client.contact(ContactId("0")),
    "nameless list": lambda client: client.add_list(" "),
    "none to add": lambda client: client.add_contacts(LIST, []),
    "too many": lambda client: client.add_contacts(LIST, [FORM] * 501),
    "semicolon": lambda client: client.add_contacts(LIST, [replace(FORM, name="a;b")]),
    "line break": lambda client: client.add_contacts(LIST, [replace(FORM, area="a\nb")]),
    "no address": lambda client: client.add_contact(LIST, ContactForm(address="")),
    "11 variables": lambda client: client.add_contact(LIST, replace(FORM, variables=("x",) * 11)),
    "none to unsubscribe": lambda client: client.unsubscribe(LIST, []),
    "comma": lambda client: client.unsubscribe(LIST, ["a@b.example,c@d.example"]),
    "name with comma": lambda client: client.subscribe_many(LIST, [("a@b.example", "x,y")]),
    "no file": lambda client: client.import_contacts(LIST, Path("nowhere.csv")),
    "import 0": lambda client: client.import_status(ImportId("0")),
}


async def gathered(stream) -> list:
    return [one async for one in stream]


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
async def test_a_change_goes_out_as_documented(vendor, connect, change, expected):
    vendor.says(DONE)
    await change(connect())
    method, target, form = expected
    assert (vendor.asked.method, vendor.asked.target, vendor.asked.form) == (method, BASE + target, form)


@EACH_CHANGE
async def test_a_change_in_v3_signs_its_url_and_goes_out_once(vendor, connect, change):
    vendor.says(hang_up)
    with pytest.raises(OutcomeUnknownError):
        await change(connect("umail-v3"))
    assert vendor.asked.query["username"] == "demo"
    assert len(vendor.asked.query["password"]) == 32


@pytest.mark.parametrize("blunder", BLUNDERS.values(), ids=BLUNDERS)
async def test_an_empty_or_impossible_argument_is_refused_before_anything_is_sent(vendor, connect, blunder):
    with pytest.raises(RefusedError):
        await blunder(connect())
    assert vendor.requests == []


def test_what_empties_or_lists_everything_has_no_default(connect):
    client = connect()
    with pytest.raises(TypeError):
        client.empty_list()
    with pytest.raises(TypeError):
        client.contacts()


async def test_v3_edits_a_contact(vendor, connect):
    vendor.says(DONE)
    await connect("umail-v3").edit_contact(CONTACT, FORM)
    assert (vendor.asked.query["do"], vendor.asked.query["id"]) == ("ml-addr-edit", "77")
    assert vendor.asked.form == FIELDS


async def test_a_new_list_is_named_in_2019_and_not_in_v3(vendor, connect):
    vendor.says("<result><status>success</status><data>78</data></result>")
    assert await connect().add_list("x") == "78"
    vendor.says("<result><status>success</status><data>添加联系人分类成功</data></result>")
    assert await connect("umail-v3").add_list("x") is None


@pytest.mark.parametrize("word", ["add_maillist_error", "add_describe_error", "delete_maillist_error"])
async def test_the_documented_error_words_are_kept(vendor, connect, word):
    vendor.says(f"<result><status>{word}</status><data>发生错误</data></result>")
    with pytest.raises(RefusedError) as caught:
        await connect().add_list("x")
    assert (caught.value.vendor_code, caught.value.vendor_text) == (word, "发生错误")


@pytest.mark.parametrize(("said", "id_"), [("78", "78"), ("<result>78</result>", "78"), ("ok", None), ("", None)])
async def test_a_new_contact_is_named_where_the_undocumented_answer_does(vendor, connect, said, id_):
    vendor.says(said)
    assert await connect().add_contact(LIST, FORM) == id_


async def test_lists_are_read_in_both_spellings_of_description(vendor, connect):
    text = filled("umail-000-4.1-maillist-list.xml", id=5, count=90000, input_status=1, status="disabled")
    vendor.says(text, text.replace("descrīption", "description"))
    for kind in ("umail", "umail-v3"):
        [one] = await connect(kind).contact_lists()
        assert (one.id, one.name, one.description) == ("5", "联系人分类名称", "分类说明")
        assert (one.contacts, one.importing, one.enabled) == (90000, True, False)


async def test_one_list_is_read_through_the_documents_wrong_end_tag(vendor, connect):
    vendor.says(filled("umail-000-4.2-maillist-detail.xml", id=5, count=3, status="enabled"))
    one = await connect().contact_list(LIST)
    assert vendor.asked.target == BASE + "maillist-detail&id=5"
    assert (one.id, one.contacts, one.enabled, one.importing) == ("5", 3, True, None)


@pytest.mark.parametrize("said", [NOTHING, "<maillist></maillist>"])
async def test_a_list_that_is_not_there_is_none(vendor, connect, said):
    vendor.says(said)
    assert await connect().contact_list(LIST) is None


async def test_a_page_of_contacts_is_read_with_its_total(vendor, connect):
    vendor.says(filled("umail-000-4.7-ml-addr-list.xml", id=77, list_id=5, total_num=90000).replace(
        "<total_num>地址总数目</total_num >", "<total_num>90000</total_num >"))  # fmt: skip
    page = await connect().contacts(where=LIST, keyword="邮", page=2, limit=20)
    assert vendor.asked.target == BASE + "ml-addr-list&list_id=5&keyword=%E9%82%AE&page=2&limit=20"
    assert (page.total, len(page.contacts)) == (90000, 2)
    first = page.contacts[0]
    # `![CDATA[x]]` without its brackets, `brithday`, `</fullname >`: all as printed.
    assert (first.id, first.list_id, first.address, first.name) == ("77", "5", "邮箱地址", "名称")
    assert (first.birthday, first.area, first.variables[0], len(first.variables)) == (
        date(1986, 8, 15), "北京市丰台", "变量 1", 10,
    )  # fmt: skip


async def test_v3_prints_an_address_twice_and_no_total(vendor, connect):
    vendor.says(sample("umail-001-4.8-ml-addr-list.xml").replace("地址 id", "77").replace("邮件订阅 id", "5"))
    page = await connect("umail-v3").contacts(where=LIST)
    assert (page.total, [one.address for one in page.contacts]) == (None, ["邮箱地址"])


@pytest.mark.parametrize(("where", "said"), [(Scope.EVERY_LIST, None), (Scope.NO_LIST, "0")])
async def test_every_list_and_no_list_are_said_aloud(vendor, connect, where, said):
    vendor.says("<data></data>")
    page = await connect().contacts(where=where)
    assert (vendor.asked.query.get("list_id"), vendor.asked.query["page"], page.contacts) == (said, "1", ())


async def test_one_contact_is_looked_up_by_its_id(vendor, connect):
    row = "<data><total_num>1</total_num><addr><id>{}</id><address>a@b.example</address></addr></data>"
    vendor.says(row.format(77), row.format(78))
    assert (await connect().contact(CONTACT)).address == "a@b.example"
    assert vendor.asked.query == {"do": "ml-addr-list", "address_id": "77", "page": "1", "limit": "50"}
    assert await connect().contact(CONTACT) is None


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (REFUSED, RefusedError),
        ("<data><addr>", BadAnswerError),
        ("garbage", BadAnswerError),
        ("<html><form><input type='password'></form></html>", AuthenticationError),
        (reply("", 401), AuthenticationError),
    ],
)
async def test_what_is_no_page_of_contacts_says_what_it_is(vendor, connect, said, error):
    vendor.says(said)
    with pytest.raises(error):
        await connect().contacts(where=LIST)


async def test_a_file_goes_out_as_multipart_and_its_import_is_named(vendor, connect, tmp_path):
    file = tmp_path / "upload-1"
    content = b"a@b.example;A;M\r\n" * 20_000
    file.write_bytes(content)
    vendor.says(sample("umail-000-4.8.3-ml-addr-add-file.xml"))
    assert await connect().import_contacts(LIST, file, file_name='客户"x\r\n.csv') == "10"
    seen = vendor.asked
    assert (seen.method, seen.target) == ("POST", BASE + "ml-addr-add-file&list_id=5")
    boundary = seen.headers["Content-Type"].removeprefix("multipart/form-data; boundary=").encode()
    head, _, rest = seen.body.partition(b"\r\n\r\n")
    assert head.decode() == (
        f"--{boundary.decode()}\r\n"
        'Content-Disposition: form-data; name="file"; filename="客户_x__.csv"\r\n'
        "Content-Type: application/octet-stream"
    )
    assert rest == content + b"\r\n--" + boundary + b"--\r\n"
    assert "Transfer-Encoding" not in seen.headers


async def test_a_file_that_shrinks_on_its_way_is_no_whole_request(tmp_path):
    file = tmp_path / "shrinks.csv"
    file.write_bytes(b"x" * 100)
    form = Multipart([], [("file", file, "x.csv")])
    file.write_bytes(b"x" * 50)
    with pytest.raises(NoAnswerError):
        await gathered(form.body())


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("success", ImportState.DONE),
        ("no_complete", ImportState.PARSING),
        ("not_exist", ImportState.NOT_FOUND),
        ("error", ImportState.FAILED),
    ],
)
async def test_an_import_tells_where_it_stands(vendor, connect, word, state):
    vendor.says(filled("umail-000-4.8.4-ml-addr-add-file-query.xml", status=word))
    found = await connect().import_status(ImportId("10"))
    assert vendor.asked.target == BASE + "ml-addr-add-file-query&id=10"
    assert (found.state, found.raw_state, found.said) == (state, word, "解析完成")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("<result><status>login_error</status></result>", AuthenticationError),
        ("<result><status>other</status></result>", RefusedError),
        ("<result/>", RefusedError),
        ("<result>", BadAnswerError),
    ],
)
async def test_any_other_word_is_no_state_of_an_import(vendor, connect, said, error):
    vendor.says(said)
    with pytest.raises((error, BadAnswerError)):
        await connect().import_status(ImportId("10"))


async def test_the_import_log_keeps_the_servers_paths_to_itself(vendor, connect):
    vendor.says(sample("umail-000-4.14-ml-addr-add-log.xml"))
    [record] = await connect().imports()
    assert (record.file_name, record.list_name, record.state, record.raw_state) == (
        "emaillist2017.csv", "ddd", ImportState.FAILED, "-2",
    )  # fmt: skip
    assert (record.contacts, record.invalid, record.duplicates) == (0, 0, 0)
    assert "cache" not in repr(record.raw)


@pytest.mark.parametrize(
    ("said", "born"),
    [
        ("1960-01-31", date(1960, 1, 31)),
        ("1986-8-5", date(1986, 8, 5)),
        ("0000-00-00", None),
        ("1970-01-01", None),
        ("2026-02-30", None),
        ("", None),
    ],
)
async def test_people_were_born_before_1971_too(vendor, connect, said, born):
    row = f"<data><addr><id>1</id><address>a@b.example</address><brithday>{said}</brithday></addr></data>"
    vendor.says(row, row)
    assert (await connect().contacts(where=LIST)).contacts[0].birthday == born
    [batch] = [batch async for batch in connect().contact_table(where=LIST).batches if batch]
    assert batch[0][2] == born


@pytest.mark.parametrize(
    ("kind", "source"), [("umail", "umail-000-4.7-ml-addr-list.xml"), ("umail-v3", "umail-001-4.8-ml-addr-list.xml")]
)
async def test_a_whole_list_is_asked_for_without_a_page_and_read_as_a_table(vendor, connect, kind, source):
    vendor.says(sample(source).replace("添加时间", "2026-11-20 10:00:00"))
    table = connect(kind).contact_table(where=LIST)
    rows = [row async for batch in table.batches for row in batch]
    assert {name: vendor.asked.query.get(name) for name in ("do", "list_id", "page", "limit")} == {
        "do": "ml-addr-list", "list_id": "5", "page": None, "limit": None,
    }  # fmt: skip
    found = dict(zip(table.columns, rows[0], strict=True))
    assert (found["address"], found["name"], found["var1"]) == ("邮箱地址", "名称", "变量 1")
    assert found["added_at"].isoformat() == "2026-11-20T10:00:00+08:00"


async def test_a_table_that_ends_early_says_so_at_its_end(vendor, connect):
    vendor.says("<data><addr><id>1</id><address>a@b.example</address></addr><addr>")
    found = []

    async def read():
        async for batch in connect().contact_table(where=LIST).batches:
            found.extend(batch)

    with pytest.raises(BadAnswerError):
        await read()
    assert len(found) == 1


async def test_an_empty_list_is_an_empty_table(vendor, connect):
    vendor.says("<data><total_num>0</total_num ></data>", NOTHING)
    for _ in range(2):
        assert [row async for batch in connect().contact_table(where=LIST).batches for row in batch] == []


def test_a_table_of_contacts_says_whose(connect):
    with pytest.raises(TypeError):
        connect().contact_table()
    with pytest.raises(RefusedError):
        connect().contact_table(where=ListId(""))


@pytest.mark.parametrize(("kind", "newer"), [("umail", True), ("umail-v3", False)])
def test_a_dialect_tells_what_it_has_no_call_for(connect, kind, newer):
    client = connect(kind)
    assert (client.can_follow_imports(), client.can_edit_contacts()) == (newer, not newer)
