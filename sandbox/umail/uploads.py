"""mloperate.php: files of addresses (000 4.8.3, 4.8.4 and 4.14; 001 4.9.3).

000 ends its `<data>` with a stray `;`. In 001, whose answer no document shows, there is no import id.
"""

from aiohttp import web

from sandbox.clock import vendor_time
from sandbox.imports import Import
from sandbox.umail import parameters as read
from sandbox.umail.call import UMailCall
from sandbox.umail.lists import MOST
from sandbox.umail.markup import PROLOG, RefusedError, cdata, document, element, fields, result

FIRST_ID = 10
CACHE = "/usr/local/umail/data/web/mm-ms/cache"


def ml_addr_add_file(call: UMailCall) -> web.Response:
    """A form's `file`; `list_id` by GET or POST. It is parsed later, see `sandbox.imports`."""
    read.required(call.params, "list_id")
    target = call.account.lists.get(read.whole(call.params, "list_id", 0, 1, MOST))
    if target is None:
        raise RefusedError("not_exist", "联系人分类不存在！")
    upload = next((one for one in call.wire.files if one.name == "file"), None)
    if upload is None:
        raise read.refuse("file", "必须传入")
    number = max(call.account.imports, default=FIRST_ID - 1) + 1
    job = Import.received(number, target, upload.filename, call.now, upload.file)
    call.account.imports[number] = job
    return result("success", "导入任务已提交！") if call.v3 else _stray("success", str(number))


def ml_addr_add_file_query(call: UMailCall) -> web.Response:
    """000 4.8.4: success, not_exist, error or no_complete."""
    text = call.wire.query.get("id", "")
    if not text.isdecimal():
        return _stray("error", "参数错误")
    job = call.account.imports.get(int(text))
    if job is None:
        return _stray("not_exist", "不存在id")
    return _stray("success", "解析完成") if job.done else _stray("no_complete", "正在解析")


def ml_addr_add_log(call: UMailCall) -> web.Response:
    """000 4.14: the files that have been parsed, newest first."""
    done = [job for job in call.account.imports.values() if job.done]
    return document(
        element("result", fields(status="success"), element("data", *(_logged(job) for job in reversed(done))))
    )


def _logged(job: Import) -> str:
    return element(
        "address_log",
        fields(
            filename=job.filename,
            filepath=f"{CACHE}/{int(job.at.timestamp())}_{71_000 + job.id}.csv",
            time_import=vendor_time(job.at),
            count_all=job.rows,
            count_err_1=job.invalid,
            count_err_2=job.duplicate,
            status=job.status,
            subject=job.target.subject,
        ),
    )


def _stray(status: str, text: str) -> web.Response:
    body = element("result", fields(status=status), f"{element('data', cdata(text))};")
    return web.Response(text=PROLOG + body, content_type="text/xml", charset="utf-8")
