"""Reading U-Mail's parameters, as strictly as the documents state their forms. A bad one is `param_error`."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime

from sandbox.clock import SHANGHAI
from sandbox.umail.markup import RefusedError

Params = Mapping[str, str]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)?")


def refuse(name: str, why: str) -> RefusedError:
    return RefusedError("param_error", f"参数{name}错误：{why}")


def required(params: Params, name: str) -> str:
    """A parameter that must be there and not empty."""
    if not params.get(name):
        raise refuse(name, "必须传入")
    return params[name]


def one_of(params: Params, *names: str) -> None:
    """At least one of several must be given."""
    if not any(params.get(name) for name in names):
        raise refuse("/".join(names), "必须传一个")


def day(params: Params, name: str) -> date | None:
    """A date, None when it is left out."""
    return required_day(params, name) if params.get(name) else None


def required_day(params: Params, name: str) -> date:
    """A date that must be there, strictly `YYYY-MM-DD` (000 2.3.1: "not 2012-3-2")."""
    text = required(params, name)
    if not _DAY.fullmatch(text):
        raise refuse(name, "格式是YYYY-MM-DD")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refuse(name, "没有这一天") from None


def moment(params: Params, name: str) -> datetime | None:
    """A time in one of the three forms of 000 6.2, Shanghai's, as aware UTC; None when it is left out."""
    text = params.get(name)
    if not text:
        return None
    match = _TIME.fullmatch(text)
    if match is None:
        raise refuse(name, "格式是2017-7-4 16:08:56")
    try:
        year, month, of_month, hour, minute, second = (int(group or 0) for group in match.groups())
        return datetime(year, month, of_month, hour, minute, second, tzinfo=SHANGHAI).astimezone(UTC)
    except ValueError:
        raise refuse(name, "没有这个时间") from None


def whole(params: Params, name: str, default: int, low: int, high: int) -> int:
    """A whole number between bounds."""
    text = params.get(name)
    if not text:
        return default
    if not re.fullmatch(r"-?\d{1,18}", text) or not low <= int(text) <= high:
        raise refuse(name, f"取值{low}至{high}")
    return int(text)


def choice(params: Params, name: str, default: int, allowed: frozenset[int]) -> int:
    """One of a few numbers."""
    value = whole(params, name, default, -99, 99)
    if value not in allowed:
        raise refuse(name, "取值不在范围内")
    return value


def ids(params: Params, name: str, *, several: bool = True) -> list[int]:
    """A number, or several separated by commas (000 5.1); `several=False` takes the single form only (001)."""
    text = required(params, name)
    if not re.fullmatch(r"\d{1,18}(,\d{1,18})*" if several else r"\d{1,18}", text):
        raise refuse(name, "格式是1,2,3" if several else "只能是一个数字")
    return [int(part) for part in text.split(",")]
