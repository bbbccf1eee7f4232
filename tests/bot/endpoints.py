"""Webhook endpoints in Slack: what is shown of them, and the secrets that are shown once."""

import re
from contextlib import asynccontextmanager

from sqlmodel import select

from bot.appyaml import shipped

LIN, MEI, OPS, VERA = "U0LIN", "U0MEI", "U0OPS", "U0VIEW"
URL = "https://hooks.partner.example/services/T0/s3cr3t?token=s3cr3t"
OUT = """\
  out:
    - {name: ours, url: "https://ours.example/in", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
"""


@asynccontextmanager
async def with_endpoints(closed_office, tmp_path):
    """An office where Lin is an admin as well, and one endpoint stands in app.yaml."""
    text = shipped().read_text("utf-8")
    for before, after in (("admin: [U0MEI]", "admin: [U0MEI, U0LIN]"), ("  out: []\n", OUT)):
        assert before in text
        text = text.replace(before, after, 1)
    closed_office.app_yaml = tmp_path / "app.yaml"
    closed_office.app_yaml.write_text(text, "utf-8")
    async with closed_office.open():
        yield closed_office


async def rows(office, table):
    return await office.store.transact(lambda session, _now: session.exec(select(table)).all())


async def keep(office, *made):
    await office.store.transact(lambda session, _now: session.add_all(type(one)(**one.model_dump()) for one in made))


async def revealed(office, line, user=LIN):
    """Type a line that shows a secret; the secret, and the answer beside it."""
    before = office.shown(user)
    await office.type(user, line)
    answer = await office.answer(user, "C0GENERAL", before)
    return secret_in(office, user), answer


def secret_in(office, user=LIN):
    [secret] = re.findall(r"whsec_[A-Za-z0-9+/]+=*", in_modal(office, user))
    return secret


def in_modal(office, user=LIN):
    """What stands in the modal on top."""

    def texts(value):
        if isinstance(value, dict):
            own = value.get("text")
            return ([own] if isinstance(own, str) else []) + [one for item in value.values() for one in texts(item)]
        return [one for item in value for one in texts(item)] if isinstance(value, list) else []

    view = office.slack.modal(user)
    return "".join(texts(view.definition["blocks"])) if view else ""


def everywhere(office, user=LIN):
    """All that somebody sees in #general, and in the modal."""
    return "\n".join([*(message.plain for message in office.slack.visible(user, "C0GENERAL")), in_modal(office, user)])


def said(office, words):
    return any(words in message.plain for message in office.slack.visible(LIN, "C0GENERAL"))
