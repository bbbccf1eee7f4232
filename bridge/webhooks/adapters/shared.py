"""What senders that sign nothing show: a secret in the path, or a name and a password."""

from typing import Self

from pydantic import SecretStr, model_validator

from bridge.webhooks.adapters.settings import Secret


class Settings(Secret):
    """One of both is needed."""

    username: str = ""
    password: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _proves(self) -> Self:
        if not self.secrets and not (self.username and self.password.get_secret_value()):
            raise ValueError("shows nothing that proves who sends; give it a secret, or a username and a password")
        return self
