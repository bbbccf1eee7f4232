"""account.php: whose account it is, and what is left to send with (000 1.1, 1.2; 001 the same)."""

from providers.model import AccountInfo, Balance
from providers.umail.api import Api
from providers.xml import Reader

_ENABLED = {"enabled": True, "disabled": False}
# 000's sample has lost `service_type`, while its notes still explain it; 001's has it.
_DAILY = {"day": True, "all": False}


class Account:
    """The account itself."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def info(self) -> AccountInfo:
        call = self._api.call("account.php", "customer-info")
        return await self._api.read(call, "customer", lambda row: self._info(row, call.name))

    async def balance(self) -> Balance:
        call = self._api.call("account.php", "service-info")
        return await self._api.read(call, "service", lambda row: self._balance(row, call.name))

    def _info(self, row: Reader, source: str) -> AccountInfo:
        return AccountInfo(
            **self._api.about(source),
            raw=row.raw(),
            id=row.identifier("id"),
            username=row.text("username"),
            company=row.text("company"),
            contact=row.text("contact"),
            phone=row.text("phone"),
            mobile=row.text("mobile"),
            email=row.text("email"),
            im=row.text("im"),
            address=row.text("address"),
        )

    def _balance(self, row: Reader, source: str) -> Balance:
        return Balance(
            **self._api.about(source),
            raw=row.raw(),
            emails_left=row.whole("qty_available"),
            emails_bought=row.whole("qty_buytotal"),
            enabled=_ENABLED.get((row.text("service_status") or "").lower()),
            service_from=row.day("beginning_date"),
            service_until=row.day("expiration_date"),
            daily_allowance=_DAILY.get((row.text("service_type") or "").lower()),
        )
