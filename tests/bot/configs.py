"""An app.yaml of a test's own, read, or refused with all that is wrong with it."""

from pathlib import Path

import pytest

from bot.appyaml import ConfigError, Purpose, load, shipped
from bot.config import Config

SHIPPED = shipped()
SECRET = 'hunter2: #"'
DEMO = {
    "UMAIL_URL": "http://127.0.0.1:8001/mm-ms/apinew/",
    "UMAIL_USERNAME": "demo",
    "UMAIL_PASSWORD": SECRET,
    "EMAILCAR_URL": "http://127.0.0.1:8002/v1/",
    "EMAILCAR_USERNAME": "demo",
    "EMAILCAR_PASSWORD": SECRET,
    "ITNIO_URL": "http://127.0.0.1:8003/email/",
    "ITNIO_APP_ID": "demo",
    "ITNIO_API_KEY": SECRET,
    "ITNIO_API_SECRET": SECRET,
    "SLACK_API_URL": "http://127.0.0.1:8004/api/",
    "SLACK_BOT_TOKEN": SECRET,
    "SLACK_SIGNING_SECRET": SECRET,
    "EDM_DATABASE_URL": "sqlite:////tmp/demo.db",
    "EDM_PORT": "0",
}
TO_SET = [
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "UMAIL_USERNAME",
    "UMAIL_PASSWORD",
    "EMAILCAR_USERNAME",
    "EMAILCAR_PASSWORD",
    "ITNIO_APP_ID",
    "ITNIO_API_KEY",
    "ITNIO_API_SECRET",
]
WHOLE = """\
slack: {bot_token: "${TOKEN}", signing_secret: "${TOKEN}"}
accounts:
  umail: {provider: umail, username: demo, password: "${TOKEN}"}
"""


def loaded(tmp_path: Path, text: str, environ: dict[str, str] | None = None, purpose: Purpose = Purpose.RUN) -> Config:
    file = tmp_path / "app.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, {"TOKEN": SECRET} if environ is None else environ, purpose=purpose)


def mistakes(
    tmp_path: Path, text: str, environ: dict[str, str] | None = None, purpose: Purpose = Purpose.RUN
) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, environ, purpose)
    told = str(caught.value)
    assert "hunter2" not in told + repr(caught.value)
    assert caught.value.__context__ is None, "a traceback would show what pydantic was given"
    return told.replace(f"{tmp_path}/", "").splitlines()
