"""Patterns with stars, as routes, silences and subscriptions write them."""

import re
from collections.abc import Iterable


def fits(pattern: str, text: str) -> bool:
    """Whether the whole of `text` is what `pattern` describes. Only `*` is special; upper and lower case are the same.

    People name campaigns `[双11] 50 % off?`: what other globs read as ranges and placeholders means itself here.
    """
    wanted = ".*".join(map(re.escape, pattern.split("*")))
    return re.fullmatch(wanted, text, re.IGNORECASE | re.DOTALL) is not None


def any_fits(patterns: Iterable[str], texts: Iterable[str]) -> bool:
    """Whether one of `texts` is what one of `patterns` describes."""
    known = tuple(texts)
    return any(fits(pattern, text) for pattern in patterns for text in known)
