"""U-Mail's section in app.yaml."""

from typing import Literal

from pydantic import SecretStr

from providers.settings import BaseUrl, VendorSettings


class UMailSettings(VendorSettings):
    """How to reach one U-Mail account."""

    base_url: BaseUrl = "http://www.bestedm.org/mm-ms/apinew/"
    auth: Literal["basic", "md5"] = "basic"
    """`basic`: the API of 2019; `md5`: V3.0, which puts the password's MD5 into each URL."""
    username: str
    password: SecretStr
    """In clear; V3.0's hash is made of it here."""
