"""template.php (000 5.2-5.8; 001 5.2-5.7).

No document shows the answers of adding, editing, deleting and attaching; here they are maillist-add's for a new id
(a template's, an attachment's) and the generic result. A new or changed template is checked anew, and cannot be sent
until it has passed.
"""

from aiohttp import web

from sandbox.clock import vendor_time
from sandbox.material import Template
from sandbox.umail import parameters as read
from sandbox.umail.call import UMailCall
from sandbox.umail.markup import RefusedError, cdata, document, element, fields, result, rows

MOST = 10**18
ENCODINGS = frozenset({"base64", "quoted-printable"})


def add_tpl(call: UMailCall) -> web.Response:
    """5.2: name, subject and content are posted; files come along as attachments."""
    form = call.wire.form
    name, subject, content = (read.required(form, key) for key in ("name", "subject", "content"))
    number = max(call.account.templates, default=0) + 1
    one = Template(number, name, subject, content, form.get("text_content", ""), _encoding(call) or "base64", call.now)
    _attach(call, one)
    one.edited(call.now)
    call.account.templates[number] = one
    return _id(number)


def get_tpl_status(call: UMailCall) -> web.Response:
    """000 5.3: -1 while it is checked, then 0 or 1; the size is -1 until it has been counted."""
    one = _known(call, call.wire.query)
    return document(
        element(
            "template",
            fields(id=one.id, name=one.name, status=one.status(call.now), colour=one.colour(call.now)),
            fields(update_date=vendor_time(one.updated)),
            fields(size_status=1 if one.size_known(call.now) else -1),
            fields(size=one.kilobytes if one.size_known(call.now) else 0, subject=one.subject),
        )
    )


def list_tpl(call: UMailCall) -> web.Response:
    """000 5.4, 001 5.3: one, or all with their whole content; names and content stand on lines of their own."""
    chosen = [_known(call, call.wire.query)] if call.wire.query.get("tpl_id") else list(call.account.templates.values())
    return rows("template_list", (_listed(call, one) for one in chosen))


def del_tpl(call: UMailCall) -> web.Response:
    """000 5.5, 001 5.4."""
    del call.account.templates[_known(call, call.wire.query).id]
    return result("success", "删除模板成功！")


def edit_tpl(call: UMailCall) -> web.Response:
    """000 5.6, 001 5.5: at least one of name, subject and content; what is left out stays."""
    one, params = _known(call, call.params), call.params
    read.one_of(params, "name", "subject", "content")
    encoding = _encoding(call)
    one.name, one.subject = params.get("name") or one.name, params.get("subject") or one.subject
    one.content, one.text = params.get("content") or one.content, params.get("text_content", one.text)
    one.encoding = encoding or one.encoding
    one.edited(call.now)
    return result("success", "修改模板成功！")


def tpl_attachment_add(call: UMailCall) -> web.Response:
    """000 5.7, 001 5.6: `file`, or several `file[]`; the answer has the last one's id."""
    one = _known(call, call.params)
    if not _attach(call, one):
        raise read.refuse("file", "必须传入")
    one.edited(call.now)
    return _id(max(one.attachments))


def tpl_attachment_del(call: UMailCall) -> web.Response:
    """000 5.8, 001 5.7: without `attachment_id`, every attachment goes."""
    one = _known(call, call.params)
    if call.wire.query.get("attachment_id", "all") == "all":
        one.attachments.clear()
    elif one.attachments.pop(read.whole(call.wire.query, "attachment_id", 0, 1, MOST), None) is None:
        raise RefusedError("not_exist", "附件不存在！")
    one.edited(call.now)
    return result("success", "删除模板附件成功！")


def _known(call: UMailCall, params: read.Params) -> Template:
    read.required(params, "tpl_id")
    one = call.account.templates.get(read.whole(params, "tpl_id", 0, 1, MOST))
    if one is None:
        raise RefusedError("not_exist", "模板不存在！")
    return one


def _encoding(call: UMailCall) -> str:
    encoding = call.params.get("encoding", "")
    if encoding and encoding not in ENCODINGS:
        raise read.refuse("encoding", "base64或者quoted-printable")
    return encoding


def _attach(call: UMailCall, one: Template) -> int:
    """Take the call's files; how many there were. Only name and size are kept."""
    number = max((max(other.attachments, default=0) for other in call.account.templates.values()), default=0)
    files = [file for file in call.wire.files if file.name in {"file", "file[]"}]
    for index, file in enumerate(files, max([number, *one.attachments]) + 1):
        one.attachments[index] = (file.filename, file.file.seek(0, 2))
    return len(files)


def _id(number: int) -> web.Response:
    return document(element("result", fields(status="success", data=number)))


def _listed(call: UMailCall, one: Template) -> str:
    subjects = (
        element("subject", fields(id=one.id * 10 + index), element("name", cdata(subject)))
        for index, subject in enumerate(one.subject.split("|"), 1)
    )
    attachments = (
        element("attachment", fields(atta_id=number, atta_name=name)) for number, (name, _) in one.attachments.items()
    )
    return element(
        "template",
        fields(id=one.id, user_id=call.account.customer_id),
        element("name", f"\n{cdata(one.name)}\n"),
        *subjects,
        element("content", f"\n{cdata(one.content)}\n"),
        fields(content_type="html"),
        element("attachments", *attachments),
        fields(created=vendor_time(one.created), updated=vendor_time(one.updated)),
    )
