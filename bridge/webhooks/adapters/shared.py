"""What senders that sign nothing show: a secret in the path, or a name and a password."""

from typing import Self

from pydantic import SecretStr, field_validator, model_validator

from bridge.webhooks.adapters.settings import Secret

_SHORTEST = 16
"""Characters of what stands alone between anybody and us."""


class Settings(Secret):
    """One of both is needed."""

    username: str = ""
    password: SecretStr = SecretStr("")

    @field_validator("secret", "secret_before", "password")
    @classmethod
    def _is_long(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < _SHORTEST:
            raise ValueError(f"is so short that it can be guessed; give it at least {_SHORTEST} characters")
        return value

    @model_validator(mode="after")
    def _proves(self) -> Self:
        if not self.secrets and not (self.username and self.password.get_secret_value()):
            raise ValueError("shows nothing that proves who sends; give it a secret, or a username and a password")
        return self
