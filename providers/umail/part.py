"""What every part of the U-Mail client stands on."""

from collections.abc import Callable
from typing import TypeVar

from providers.umail.api import Api

I = TypeVar("I")  # noqa: E741  # an id's type


class Part:
    """Some of an account's calls; `UMail` is made of all of them. Private names are mangled, so that none clash."""

    _api: Api


def named(kind: Callable[[str], I], found: str | None) -> I | None:
    """An id in its own type, where there is one."""
    return kind(found) if found else None
