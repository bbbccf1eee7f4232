"""The vendors, in one vocabulary.

`PROVIDERS` is all there is: a vendor is a module and a line here. `providers.base` is the contract of each,
`providers.model` what they say, `providers.errors` what goes wrong.
"""

from collections.abc import Mapping
from types import MappingProxyType

from providers.base import ProviderType
from providers.emailcar import EmailCar
from providers.itnio import Itnio
from providers.umail import UMail

PROVIDERS: Mapping[str, ProviderType] = MappingProxyType({"umail": UMail, "emailcar": EmailCar, "itnio": Itnio})
"""The word after `provider:` in app.yaml -> the client's class."""
