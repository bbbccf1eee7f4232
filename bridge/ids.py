"""Slack's ids, as app.yaml writes them: what is said of one that is wrong reads `problem; remedy`."""

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator


def shaped(pattern: str, what: str) -> AfterValidator:
    """Accepts what `pattern` describes whole; `what` says what it is not, and after `; ` the remedy."""

    def checked(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"is not {what}")
        return text

    return AfterValidator(checked)


Receiver: TypeAlias = Annotated[
    str, shaped(r"[CGDUW][A-Z0-9]+", "the id of a channel or a person; write it as in C0ALERTS or U0MEI")
]
Mentioned: TypeAlias = Annotated[
    str, shaped(r"[UWS][A-Z0-9]+", "the id of a person or a user group; write it as in U0MEI or S0ONCALL")
]
