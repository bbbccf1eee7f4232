"""U-Mail's templates, domains and mailboxes: what is asked, exactly, and what the documents' samples mean."""

import logging

import pytest
from pydantic import SecretStr, ValidationError

from providers.domains import DomainState
from providers.errors import (
    AuthenticationError,
    BadAnswerError,
    OutcomeUnknownError,
    RefusedError,
    UnsupportedError,
)
from providers.mailtemplates import (
    AllAttachments,
    Attachment,
    AttachmentId,
    BodyEncoding,
    CheckState,
    TemplateForm,
    TemplateId,
)
from providers.umail.settings import UMailSettings
from tests.providers.vendor import filled, reply, sample

TEMPLATE = TemplateId("53")
DONE = "<result><status>success</status><data>ok</data></result>"
REFUSED = "<result><status>error</status><data>参数错误</data></result>"
NOTHING = "<result><status>error</status><data>没有数据</data></result>"
BASE = "/mm-ms/apinew/"
FORM = TemplateForm(
    name="双十一", subjects=("一", "二"), content="<p>&</p>", text_content="x", encoding=BodyEncoding.BASE64
)
FIELDS = {"name": "双十一", "subject": "一|二", "content": "<p>&</p>", "text_content": "x", "encoding": "base64"}
SECRET = "p&ss 密/word"
MANAGER = {"user_type": "manager", "customer_id": "2369"}
CHANGES = {
    "edit": (
        lambda client: client.edit_template(TEMPLATE, TemplateForm(content="<p>&</p>")),
        ("template.php?do=edit-tpl&tpl_id=53", {"content": "<p>&</p>"}),
    ),
    "delete": (lambda client: client.delete_template(TEMPLATE), ("template.php?do=del-tpl&tpl_id=53", {})),
    "detach one": (
        lambda client: client.detach(TEMPLATE, attachment=AttachmentId("1")),
        ("template.php?do=tpl-attachment-del&tpl_id=53&attachment_id=1", {}),
    ),
    "detach all": (
        lambda client: client.detach(TEMPLATE, attachment=AllAttachments.ALL),
        ("template.php?do=tpl-attachment-del&tpl_id=53&attachment_id=all", {}),
    ),
    "add mailbox": (
        lambda client: client.add_mailbox("a@b.example", SecretStr("x y")),
        ("bs.php?do=mailbox-add&mailbox=a%40b.example&pwd=x%20y", {}),
    ),
    "edit mailbox": (
        lambda client: client.edit_mailbox("a@b.example", SecretStr("xy")),
        ("bs.php?do=mailbox-edit&mailbox=a%40b.example&pwd=xy", {}),
    ),
    "delete mailbox": (
        lambda client: client.delete_mailbox("a@b.example"),
        ("bs.php?do=mailbox-del&mailbox=a%40b.example", {}),
    ),
    "delete domain": (
        lambda client: client.delete_domain("b.example"),
        ("bs.php?do=customer-domain-del&domain=b.example", {}),
    ),
}
MANAGED = {
    "add domain": (
        lambda client: client.add_domain("b.example"),
        "domain-add&customer_id=2369&domain=b.example",
    ),
    "delete domain": (
        lambda client: client.delete_domain("b.example"),
        "domain-del&customer_id=2369&domain=b.example",
    ),
    "domains": (lambda client: client.domains(), "domain-list&customer_id=2369&user_type=manager"),
    "mailboxes": (
        lambda client: client.mailboxes("b.example", page=2, limit=10),
        "mailbox-list&domain=b.example&customer_id=2369&user_type=manager&page=2&limit=10",
    ),
    "add mailbox": (
        lambda client: client.add_mailbox("a@b.example", SecretStr("xy")),
        "mailbox-add&mailbox=a%40b.example&pwd=xy&customer_id=2369&user_type=manager",
    ),
    "delete mailbox": (
        lambda client: client.delete_mailbox("a@b.example"),
        "mailbox-del&mailbox=a%40b.example&customer_id=2369&user_type=manager",
    ),
}
BLUNDERS = {
    "no template": lambda client: client.delete_template(TemplateId("")),
    "no attachment": lambda client: client.detach(TEMPLATE, attachment=AttachmentId("")),
    "word for all": lambda client: client.detach(TEMPLATE, attachment=AttachmentId("all")),
    "nothing to edit": lambda client: client.edit_template(TEMPLATE, TemplateForm(text_content="x")),
    "no content": lambda client: client.add_template(TemplateForm(name="x", subjects=("y",))),
    "separator": lambda client: client.edit_template(TEMPLATE, TemplateForm(subjects=("a|b",))),
    "no files": lambda client: client.attach(TEMPLATE, []),
    "no domain": lambda client: client.delete_domain(""),
    "two domains": lambda client: client.add_domain("a.example,b.example"),
    "no domains": lambda client: client.check_domains([]),
    "no mailbox": lambda client: client.delete_mailbox(" "),
    "no password": lambda client: client.add_mailbox("a@b.example", SecretStr("")),
}


async def gathered(stream) -> list:
    return [one async for one in stream]


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
async def test_a_change_goes_out_as_documented(vendor, connect, change, expected):
    vendor.says(DONE)
    await change(connect())
    assert (vendor.asked.target, vendor.asked.form) == (BASE + expected[0], expected[1])


@pytest.mark.parametrize(("call", "expected"), MANAGED.values(), ids=MANAGED)
@pytest.mark.parametrize("kind", ["umail", "umail-v3"])
async def test_a_manager_acts_for_the_customer_of_the_settings(vendor, connect, kind, call, expected):
    vendor.says(DONE if "list" not in expected else NOTHING)
    await call(connect(kind, **MANAGER))
    asked = "&".join(part for part in vendor.asked.target.split("&") if not part.startswith(("username=", "password=")))
    assert asked == f"{BASE}bs.php?do={expected}"


@pytest.mark.parametrize("kind", ["umail", "umail-v3"])
async def test_a_manager_cannot_check_domains_and_nothing_is_sent(vendor, connect, kind):
    with pytest.raises(UnsupportedError):
        await connect(kind, **MANAGER).check_domains(["b.example"])
    assert vendor.requests == []


def test_v3_lets_managers_only_change_domains(connect):
    can = [connect(kind, **who).can_change_domains for kind in ("umail", "umail-v3") for who in ({}, MANAGER)]
    assert can == [True, True, False, True]


@pytest.mark.parametrize("blunder", BLUNDERS.values(), ids=BLUNDERS)
async def test_an_empty_or_impossible_argument_is_refused_before_anything_is_sent(vendor, connect, blunder):
    with pytest.raises(RefusedError):
        await blunder(connect())
    assert vendor.requests == []


def test_detaching_has_no_default(connect):
    with pytest.raises(TypeError):
        connect().detach(TEMPLATE)


@pytest.mark.parametrize("said", ["67", DONE.replace("ok", "67"), "<result>67</result>", '{"id": 67}'])
async def test_a_new_template_is_named_whatever_the_shape(vendor, connect, said):
    vendor.says(said)
    assert await connect().add_template(FORM) == "67"
    assert (vendor.asked.target, vendor.asked.form) == (BASE + "template.php?do=add-tpl", FIELDS)


async def test_a_new_template_without_an_id_may_or_may_not_be_there(vendor, connect):
    vendor.says(DONE)
    with pytest.raises(OutcomeUnknownError):
        await connect().add_template(FORM)


@pytest.mark.parametrize(("count", "field"), [(1, b'name="file"'), (2, b'name="file[]"')])
async def test_files_go_out_from_disk_beside_the_fields(vendor, connect, tmp_path, count, field):
    file = tmp_path / "x"
    file.write_bytes(b"PDF")
    vendor.says("67")
    await connect().add_template(FORM, attachments=[(file, "报价.pdf")] * count)
    body = vendor.asked.body
    assert body.count(field) == body.count(b"\r\n\r\nPDF\r\n") == body.count("报价.pdf".encode()) == count
    assert b'name="subject"\r\n\r\n' + "一|二".encode() + b"\r\n" in body
    assert int(vendor.asked.headers["Content-Length"]) == len(body)


async def test_attaching_names_the_template_in_the_query(vendor, connect, tmp_path):
    file = tmp_path / "x"
    file.write_bytes(b"PDF")
    vendor.says(DONE)
    await connect().attach(TEMPLATE, [(file, "x.pdf")])
    assert vendor.asked.target == BASE + "template.php?do=tpl-attachment-add&tpl_id=53"


async def test_templates_are_streamed_with_subjects_and_files(vendor, connect):
    vendor.says(sample("umail-000-5.4-list-tpl.xml").replace("53 模板 id", "53").replace("附件 id", "9"))
    [found] = await gathered(connect().mail_templates())
    assert (found.id, found.name, found.subjects, found.content) == (
        "53", "模板名称", ("模板主题 1", "模板主题 2"), "模板内容",
    )  # fmt: skip
    assert found.attachments == (Attachment(AttachmentId("9"), "附件文件名"),)
    assert "content" not in found.raw


@pytest.mark.parametrize("kind", ["umail", "umail-v3"])
async def test_one_template_is_asked_by_its_id(vendor, connect, kind):
    vendor.says(sample("umail-000-5.4-list-tpl.xml").replace("53 模板 id", "53"), NOTHING)
    client = connect(kind)
    assert (await client.mail_template(TEMPLATE)).name == "模板名称"
    assert vendor.asked.query["tpl_id"] == "53"
    assert await client.mail_template(TEMPLATE) is None


@pytest.mark.parametrize(
    ("status", "state"),
    [("1", CheckState.PASSED), ("0", CheckState.REJECTED), ("-1", CheckState.CHECKING), ("9", CheckState.UNKNOWN)],
)
async def test_a_template_tells_whether_it_passed(vendor, connect, status, state):
    vendor.says(filled("umail-000-5.3-get-tpl-status.xml", status=status))
    found = await connect().check_template(TEMPLATE)
    assert vendor.asked.target == BASE + "template.php?do=get-tpl-status&tpl_id=53"
    assert (found.state, found.colour, found.size_kb, found.subject) == (state, "green", 78, "模板主题")


async def test_a_size_that_is_still_counted_is_unknown(vendor, connect):
    vendor.says(filled("umail-000-5.3-get-tpl-status.xml", size_status=-1, colour=""), NOTHING)
    found = await connect().check_template(TEMPLATE)
    assert (found.size_kb, found.colour) == (None, None)
    assert await connect().check_template(TEMPLATE) is None


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (REFUSED, RefusedError),
        ("<template_list><template><id>1</id></template>", BadAnswerError),
        ("<template_list><template><name>x</name></template></template_list>", BadAnswerError),
        ("garbage", BadAnswerError),
        (reply("", 401), AuthenticationError),
    ],
)
async def test_what_is_no_list_of_templates_says_what_it_is(vendor, connect, said, error):
    vendor.says(said)
    with pytest.raises(error) as caught:
        await gathered(connect().mail_templates())
    assert (caught.value.account, caught.value.call) == ("umail", "template.php?do=list-tpl")


async def test_domains_are_listed_with_whose_they_are(vendor, connect):
    vendor.says(filled("umail-000-7.1-domain-list.xml", customer_id=0, domain="b.example"))
    [domain] = await connect().domains()
    assert (domain.name, domain.system, vendor.asked.target) == ("b.example", True, BASE + "bs.php?do=domain-list")


@pytest.mark.parametrize(("word", "verified"), [("success_and_check_ok", True), ("success", False)])
async def test_an_added_domain_says_whether_its_dns_is_right(vendor, connect, word, verified):
    vendor.says(filled("umail-000-7.2-customer-domain-add.xml", status=word))
    added = await connect().add_domain("b.example")
    assert vendor.asked.target == BASE + "bs.php?do=customer-domain-add&domain=b.example"
    assert (added.id, added.verified) == ("23", verified)


async def test_a_check_tells_the_four_states_apart(vendor, connect):
    vendor.says(sample("umail-000-7.3-domain-check.xml"))
    found = await connect().check_domains(["test.example", "we.example", "me.example"])
    assert vendor.asked.form == {"domains": "test.example,we.example,me.example"}
    assert [(one.name, one.id, one.state) for one in found] == [
        ("test.example", "3213", DomainState.VERIFIED),
        ("we.example", "6731", DomainState.ADDED),
        ("me.example", None, DomainState.MISSING),
    ]
    assert (found[0].dkim, found[0].said) == ("xxx", "添加成功并验证通过")


async def test_mailboxes_are_listed_page_by_page(vendor, connect):
    vendor.says(sample("umail-000-7.7-mailbox-list.xml").replace("完整账号", "a@b.example"))
    [mailbox] = await connect().mailboxes("b.example")
    assert vendor.asked.target == BASE + "bs.php?do=mailbox-list&domain=b.example&page=1&limit=30"
    assert (mailbox.address, mailbox.name, mailbox.domain) == ("a@b.example", "账号", "域名")


@pytest.mark.parametrize("kind", ["umail", "umail-v3"])
@pytest.mark.parametrize("echo", [SECRET, "p%26ss%20%E5%AF%86%2Fword", "p&amp;ss 密/word", "p%26ss+%E5%AF%86%2Fword"])
async def test_a_mailboxs_password_is_in_no_error_and_no_log(vendor, connect, caplog, capsys, kind, echo):
    caplog.set_level(logging.DEBUG)
    vendor.says(f"<result><status>error</status><data><![CDATA[pwd={echo} too weak]]></data></result>")
    with pytest.raises(RefusedError) as caught:
        await connect(kind).add_mailbox("a@b.example", SecretStr(SECRET))
    shown = f"{caught.value!r} {caught.value.vendor_text} {caught.value.__cause__!r}"
    assert "pwd=" in shown
    for text in (shown, caplog.text, *capsys.readouterr()):
        assert echo not in text
        assert SECRET not in text


async def test_a_mailboxs_password_is_not_kept_for_other_calls(vendor, connect):
    vendor.says(DONE, "<result><status>error</status><data>xy</data></result>")
    client = connect()
    await client.add_mailbox("a@b.example", SecretStr("xy"))
    with pytest.raises(RefusedError) as caught:
        await client.delete_mailbox("a@b.example")
    assert caught.value.vendor_text == "xy"


@pytest.mark.parametrize(("settings", "user_type"), [({}, ""), (MANAGER, "manager")])
def test_the_console_is_reached_by_a_form_without_the_password(vendor, connect, settings, user_type):
    login = connect(**settings).console_login()
    origin = vendor.url.removesuffix(BASE)
    assert login.action == f"{origin}/sendstat/?module=base&action=login"
    assert (login.username, login.user_type) == ("demo", user_type)


@pytest.mark.parametrize(
    "settings",
    [
        {"user_type": "manager"},
        {"user_type": "agents"},
        {"customer_id": "0"},
        {"customer_id": "x"},
        {"smtp_host": "smtp.example", "smtp_username": "x"},
        {"smtp_username": "x", "smtp_password": "y"},
        {"smtp_port": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused_without_repeating_them(settings):
    with pytest.raises(ValidationError) as caught:
        UMailSettings(username="demo", password="s3cret", **settings)
    assert "s3cret" not in str(caught.value)
