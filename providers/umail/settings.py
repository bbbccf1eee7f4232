"""U-Mail's section in app.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from providers.settings import BaseUrl, VendorSettings


class UMailSettings(VendorSettings):
    """How to reach one U-Mail account. A sub-account that a manager looks after is an account of its own."""

    base_url: BaseUrl = "http://www.bestedm.org/mm-ms/apinew/"
    auth: Literal["basic", "md5"] = "basic"
    """`basic`: the API of 2019; `md5`: V3.0, which puts the password's MD5 into each URL."""
    username: str
    password: SecretStr
    """In clear; V3.0's hash is made of it here."""
    user_type: Literal["customer", "manager"] = "customer"
    """`manager`: `username` is a manager's, who acts for the customer of `customer_id`."""
    customer_id: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,18}$", coerce_numbers_to_str=True)] | None = None
    smtp_host: str | None = None
    """Such as `smtp.bestedm.org`; without it the account sends no single messages."""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 25
    smtp_tls: Literal["required", "implicit", "optional"] = "required"
    """How the connection is secured; the certificate is verified in any case.

    `required`: from the first byte on port 465, by STARTTLS on any other, and never without.
    `implicit`: from the first byte, on whichever port.
    `optional`: by STARTTLS where the server offers it; else password and mail travel in clear.
    """
    smtp_username: str | None = None
    """SMTP accounts are made in the vendor's console (000 chapter 10)."""
    smtp_password: SecretStr | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.user_type == "manager" and self.customer_id is None:
            raise ValueError("user_type: manager needs customer_id, the customer to act for")
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("smtp_username and smtp_password go together")
        if self.smtp_username is not None and self.smtp_host is None:
            raise ValueError("smtp_username needs smtp_host, the server to log in to")
        return self
