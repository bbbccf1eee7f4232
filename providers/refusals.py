"""Saying no without a documented shape: how a vendor's words, pages and lines become errors.

No document says what a failed log-in or a limit looks like (U-Mail: not at all; EmailCar: Chinese text without a
code). So the words decide, and what no row of the table explains is a plain refusal.
"""

import re

from providers.errors import AuthenticationError, BadAnswerError, ProviderError, RateLimitedError, RefusedError

_WORDS: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = (
    (
        re.compile(
            # EmailCar 002: 用户名或密码错误. "验证失败" alone is left out: domains are verified, too.
            r"用户名或密码|账号或密码|帐号或密码|密码(错误|不正确|有误|不对)|用户(名|账号|帐号)?(错误|不存在|无效)"
            r"|未登[录陆]|请(先|重新)?登[录陆]|登[录陆](失败|超时)|(身份|用户|账号|帐号|密码|登[录陆]|接口)(认证|验证|鉴权)"
            r"|^认证(失败|错误)|^鉴权"
            r"|unauthori[sz]ed|not authori[sz]ed|authenticat|\bauth[_ -]?(error|fail|invalid|required)|access denied"
            r"|^40[13]\b|authori[sz]ation[_ ](required|failed)"
            # Not `send_account_error`, which is about a task's sender.
            r"|(?<![a-z_])(user(name)?|account|password|passwd|pwd|login|credentials?)[_ ](or[_ ]password[_ ])?"
            r"(is[_ ])?(error|wrong|incorrect|invalid|fail(ed|ure)?|required)"
            r"|(wrong|invalid|bad|incorrect)[_ ](user|account|password|passwd|pwd|login|credentials?)"
            r"|not[_ ]log(ged)?[_ ]?in|no[_ ]login|need[_ ]login|login[_ ]first",
            re.IGNORECASE,
        ),
        AuthenticationError,
    ),
    (
        re.compile(
            # 000 5.1: "1小时调用次数不呢超过 100 次"; EmailCar: once a second.
            r"频繁|频率|次数.{0,6}(超|限|达)|超(过|出).{0,12}次|每秒|too[_ ](many|fast|often|frequent)|rate[_ ]?limit",
            re.IGNORECASE,
        ),
        RateLimitedError,
    ),
)
_NOTHING = re.compile(
    r"没有(找到|查到|查询到)?(相关|符合条件的)?(数据|记录|任务)|(暂无|无)(数据|记录|任务)|任务不存在|不存在(该|此)任务"
    r"|^(task[_ ])?not[_ ](exist|found)s?$|^no[_ ](data|task|record|result)s?$|^empty$",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(
    r"失败|错误|不允许|不能|无效|不存在|拒绝|\b(error|fail|failed|failure|invalid|denied|refused|bad request)\b",
    re.IGNORECASE,
)
_CRASH = re.compile(
    r"\b(fatal|parse|internal) error|uncaught|exception|stack trace|gone away|lost connection|time(d)?[ -]?out|超时",
    re.IGNORECASE,
)
_SUCCESS = re.compile(r"(success|succeed)\w*|ok|true|done", re.IGNORECASE)
_HTML = re.compile(r"\s*(<!doctype\s+html|<html|<head|<body|<br\b|<div|<center|<h1)", re.IGNORECASE)
_LOGIN = re.compile(r"type\s*=\s*[\"']?password|登[录陆]|log[ -]?in\b|sign[ -]?in\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,100}>([^<]{1,2000})", re.IGNORECASE)

_SENTENCES: dict[type[ProviderError], str] = {
    AuthenticationError: "the vendor did not take the credentials",
    RateLimitedError: "the vendor says that calls come too fast or too often",
    RefusedError: "the vendor declined",
    BadAnswerError: "the answer is neither data nor a refusal in words that are known",
}
_LINE = 500
"""A plain text up to this long may be one of the vendor's sentences."""


def is_success(word: str | None) -> bool:
    """Whether a `status` says yes: `success`, and its kin such as `success_and_check_ok` (000 7.2)."""
    return bool(word and _SUCCESS.fullmatch(word))


def says_nothing_found(error: ProviderError) -> bool:
    """Whether a refusal only says that there are no rows."""
    words = (error.vendor_code, error.vendor_text)
    return isinstance(error, RefusedError) and any(word and _NOTHING.search(word) for word in words)


def refusal(word: str | None, said: str | None) -> ProviderError:
    """The error for a status word and the sentence that came with it; both are kept."""
    kind = _kind(word, said) or RefusedError
    return kind(_SENTENCES[kind], vendor_code=word, vendor_text=said)


def page(text: str) -> ProviderError | None:
    """The error for an HTML page that came instead of data; None when `text` is none."""
    if not _HTML.match(text):
        return None
    start = text[:20_000]
    if "<form" in start.lower() and _LOGIN.search(start):
        return AuthenticationError("a log-in page came instead of data", vendor_text=gist(text))
    if _kind(None, gist(text)) is AuthenticationError:
        return AuthenticationError(_SENTENCES[AuthenticationError], vendor_text=gist(text))
    return BadAnswerError("an HTML page came instead of data", vendor_text=gist(text))


def line(text: str) -> ProviderError:
    """The error for a plain text that came instead of data."""
    kind = (_kind(None, text) if len(text) <= _LINE else None) or BadAnswerError
    return kind(_SENTENCES[kind], vendor_text=gist(text))


def is_crash(text: str) -> bool:
    """Whether a plain text is a program's last words: after a change they do not tell how far it had come."""
    return bool(_CRASH.search(text[:20_000]))


def is_negative(text: str) -> bool:
    """Whether a plain text after a change plainly says no."""
    return len(text) <= _LINE and bool(_NEGATIVE.search(text) or _kind(None, text))


def gist(text: str) -> str | None:
    """A text in one line: of a page its title. `Wire` redacts it before it cuts it: half a secret is not found."""
    if _HTML.match(text):
        title = _TITLE.search(text[:20_000])
        return title.group(1).strip() if title else None
    return " ".join(text[:20_000].split()) or None


def _kind(word: str | None, said: str | None) -> type[ProviderError] | None:
    matches = (kind for pattern, kind in _WORDS for part in (word, said) if part and pattern.search(part))
    return next(matches, None)
