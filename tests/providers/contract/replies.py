"""What a vendor's server may send that is not the answer: refusals, pages, damage, silence; and what each must mean."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass

from providers.errors import (
    AnswerTooLargeError,
    AuthenticationError,
    BadAnswerError,
    NoAnswerError,
    ProviderError,
    RateLimitedError,
    RefusedError,
    ServerFaultError,
)
from providers.http import ATTEMPTS
from tests.providers.contract.row import How, Row
from tests.providers.vendor import Act, hang_up, reply, reset

HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>"
LOGIN = '<html><body><form action="login.php"><input type="password"></form></body></html>'
BOMB = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
CRASH = "PHP Fatal error: Maximum execution time of 30 seconds exceeded"
NEVER = b"HTTP/1.1 200 OK\r\nContent-Length: 600000000\r\n\r\n<"
"""The beginning of more than any answer may have."""

CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<serv"

Made = Callable[[Row], bytes | Act]


@dataclass(frozen=True)
class Mishap:
    """One thing that comes instead of an answer."""

    made: Made
    error: type[ProviderError]
    again: bool = False
    """Whether a read is worth repeating."""
    after_change: type[ProviderError] | None = None
    """What a change reports; None when it may have happened: an OutcomeUnknownError of `error`."""

    def attempts(self, how: How) -> int:
        return ATTEMPTS if self.again and how is How.READ else 1


def whole(body: str | bytes, status: int = 200, **headers: str) -> Made:
    return lambda _: reply(body, status, **headers)


def cut(row: Row) -> bytes:
    """The first half of a good answer, as a whole HTTP message."""
    return reply(row.said.one[: len(row.said.one) // 2])


def broken_off(row: Row) -> bytes:
    """The same, ended by the connection instead."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + row.said.one[: len(row.said.one) // 2].encode()


def in_gbk(row: Row) -> bytes:
    """A good answer with Chinese in it, in GBK, though it says that it is UTF-8."""
    text = row.said.one
    if text.startswith("<"):
        text = f'<?xml version="1.0" encoding="UTF-8"?>{text}<!--结束-->'
    elif text.startswith("{"):
        text = text[:-1] + ', "备注": "结束"}'
    else:
        text += "结束@mail.example\n"
    return reply(text.encode("gbk"), Content_Type="text/plain; charset=utf-8")


MISHAPS: dict[str, Mishap] = {
    "an HTML page": Mishap(whole(HTML), BadAnswerError),
    "a log-in page": Mishap(whole(LOGIN), AuthenticationError, after_change=AuthenticationError),
    "half an answer": Mishap(cut, BadAnswerError),
    "GBK that says UTF-8": Mishap(in_gbk, BadAnswerError),
    "bytes of no encoding": Mishap(whole(b"\xff\xfe\xfd<result>"), BadAnswerError),
    "a document type": Mishap(whole(f"{BOMB}<result>&b;</result>"), BadAnswerError),
    "a program's last words": Mishap(whole(CRASH), BadAnswerError),
    "damaged gzip": Mishap(whole(b"\x1f\x8bnonsense", Content_Encoding="gzip"), BadAnswerError),
    "a gzip without its end": Mishap(
        lambda row: reply(gzip.compress(row.said.one.encode())[:-12], Content_Encoding="gzip"), BadAnswerError
    ),
    "an unasked compression": Mishap(whole(b"x", Content_Encoding="br"), BadAnswerError),
    "more than there may be": Mishap(lambda _: NEVER, AnswerTooLargeError),
    "a way elsewhere": Mishap(whole("", 302, Location="https://elsewhere.example/"), BadAnswerError),
    "a way to the log-in": Mishap(
        whole("", 302, Location="/sendstat/?action=login"), AuthenticationError, after_change=AuthenticationError
    ),
    "401": Mishap(whole("", 401), AuthenticationError, after_change=AuthenticationError),
    "403": Mishap(whole(HTML, 403), AuthenticationError, after_change=AuthenticationError),
    "404": Mishap(whole(HTML.replace("502", "404"), 404), RefusedError, after_change=RefusedError),
    "429": Mishap(whole("", 429), RateLimitedError, again=True, after_change=RateLimitedError),
    "429 for an hour": Mishap(whole("", 429, Retry_After="3600"), RateLimitedError, after_change=RateLimitedError),
    "500": Mishap(whole(HTML, 500), ServerFaultError, again=True),
    "503": Mishap(whole("", 503), ServerFaultError, again=True),
    "a connection that breaks off": Mishap(broken_off, NoAnswerError, again=True),
    "a chunk that breaks off": Mishap(lambda _: CHUNK, NoAnswerError, again=True),
    "a hang-up": Mishap(lambda _: hang_up, NoAnswerError, again=True),
    "a reset": Mishap(lambda _: reset, NoAnswerError, again=True),
    "another protocol": Mishap(lambda _: b"220 smtp.example ESMTP\r\n", NoAnswerError, again=True),
}
"""Whatever the vendor, whatever the call."""

UNTOLD = frozenset({"half an answer"})
"""What a plain text cannot show: it has no mark of its end."""


def xml(word: str, said: str, status: int = 200) -> bytes:
    return reply(f"<result><status>{word}</status><data><![CDATA[{said}]]></data></result>", status)


def words(said: str, status: int = 200) -> bytes:
    return reply(f'{{"msg": "{said}", "status": "error"}}', status)


def coded(status: str, reason: str) -> bytes:
    return reply(f'{{"status": "{status}", "reason": "{reason}", "array": []}}')


WRONG, OFTEN = "用户名或密码错误", "1小时调用次数不能超过100次"
REFUSALS: dict[str, dict[str, tuple[bytes, type[ProviderError], bool]]] = {
    "umail": {
        "an error word": (xml("param_error", "参数错误"), RefusedError, False),
        "an error word under HTTP 400": (xml("param_error", "参数错误", 400), RefusedError, False),
        "wrong credentials in words": (xml("auth_error", WRONG), AuthenticationError, False),
        "too many calls in words": (xml("limit_error", OFTEN), RateLimitedError, True),
        "a refusal in JSON": (words("参数错误"), RefusedError, False),
        "wrong credentials in a line": (reply(WRONG), AuthenticationError, False),
    },
    "emailcar": {
        "a sentence": (words("发件人不在事务性发件人平台中"), RefusedError, False),
        "a sentence under HTTP 400": (words("一次最多提交50个收件人地址", 400), RefusedError, False),
        "wrong credentials in words": (words(WRONG), AuthenticationError, False),
        "too many calls in words": (words("请求过于频繁，接口每秒钟只能提交1次"), RateLimitedError, True),
    },
    "itnio": {
        "-1": (coded("-1", "身份验证错误"), AuthenticationError, False),
        "-4": (coded("-4", "用户锁定"), AuthenticationError, False),
        "-5": (coded("-5", "字段为空或查询ID异常"), RefusedError, False),
        "-6": (coded("-6", "时间戳过期"), AuthenticationError, False),
        "-8": (coded("-8", "IP限制"), AuthenticationError, False),
        "-23": (coded("-23", "端口或程序异常"), ServerFaultError, True),
        "-24": (coded("-24", "账号未认证"), AuthenticationError, False),
        "-28": (coded("-28", "超过最大查询限制"), RefusedError, False),
    },
}
"""Each documented way to say no, and those that no document shows: the answer, what it is, whether a read goes on."""
