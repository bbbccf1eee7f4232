"""bs.php: domains and mailboxes (000 7.1 to 7.10, 001 7.1 to 7.7), and the console's log-in form (8.1).

An account with `user_type: manager` acts for the customer that its settings name; both go along where the documents
have them.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from pydantic import SecretStr

from providers.domains import ConsoleLogin, Domain, DomainAdded, DomainCheck, DomainId, DomainState, Mailbox
from providers.umail.api import Result, result
from providers.umail.part import Part, named
from providers.umail.settings import UMailSettings
from providers.xml import Reader

SCRIPT = "bs.php"
PAGE_SIZE = 30
_STATES = {
    "3": DomainState.VERIFIED,
    "2": DomainState.ADDED,
    "1": DomainState.READY,
    "0": DomainState.MISSING,
}
_VERIFIED = {"success_and_check_ok": True, "success": False}


def _name(do: str) -> str:
    return f"{SCRIPT}?do={do}"


class Domains(Part):
    """The account's sender domains and mailboxes."""

    _settings: UMailSettings

    async def domains(self) -> Sequence[Domain]:
        """All of them, the vendor's own among them (domain-list; 000 7.1, 001 7.1)."""
        call = self._api.call(SCRIPT, "domain-list", self.__who())
        found = await self._api.rows(call, "domain_list", "data", lambda row: self.__domain(row, call.name))
        return tuple(domain for domain in found if domain is not None)

    @property
    def can_change_domains(self) -> bool:
        """Whether `add_domain` and `delete_domain` are there: V3.0 has them for managers only."""
        return self.__manager or self._api.dialect.newer

    async def add_domain(self, name: str) -> DomainAdded:
        """Add a domain (customer-domain-add, 000 7.2; as a manager domain-add, 000 7.4, 001 7.2).

        Raises:
            UnsupportedError: V3.0, which lets managers only.
        """
        do = self.__do("customer-domain-add", "domain-add", "add a domain; a manager's account can")
        call = self._api.call(SCRIPT, do, self.__where(name, do))
        added = await self._api.change(call, result)
        # 000 7.4 documents no answer, so that its `success` says nothing of the DNS.
        verified = None if self.__manager else _VERIFIED.get((added.word or "").lower())
        raw = {"status": added.word, "data": added.said}
        return DomainAdded(
            **self._api.about(call.name), raw=raw, name=name, id=named(DomainId, added.id), verified=verified
        )

    async def check_domains(self, names: Sequence[str]) -> Sequence[DomainCheck]:
        """Whether the DNS of domains is right (domain-check; 000 7.3, not in V3.0).

        Raises:
            UnsupportedError: a manager's account: the document gives this call neither `customer_id` nor `user_type`.
        """
        do = "domain-check"
        self._api.needs_2019("check a domain", _name(do))
        if self.__manager:
            raise self._api.unsupported("lets a customer check domains, and no manager", _name(do))
        if not names:
            raise self._api.refused("name at least one domain", _name(do))
        joined = ",".join(self.__checked(name, do) for name in names)
        call = self._api.post(SCRIPT, do, {}, {"domains": joined})
        found = await self._api.rows(call, "domain_list", "domain", lambda row: self.__check(row, call.name))
        return tuple(check for check in found if check is not None)

    async def delete_domain(self, name: str) -> None:
        """Delete a domain (customer-domain-del, 000 7.6, none that is verified; managers domain-del, 000 7.5, 001 7.3).

        Raises:
            UnsupportedError: V3.0, which lets managers only.
        """
        do = self.__do("customer-domain-del", "domain-del", "delete a domain; a manager's account can")
        await self.__change(do, self.__where(name, do))

    async def mailboxes(self, domain: str, *, page: int = 1, limit: int = PAGE_SIZE) -> Sequence[Mailbox]:
        """One page of a domain's mailboxes (mailbox-list; 000 7.7, 001 7.4)."""
        do = "mailbox-list"
        params = {"domain": self.__checked(domain, do), **self.__who(), "page": str(page), "limit": str(limit)}
        call = self._api.call(SCRIPT, do, params)
        found = await self._api.rows(call, "mailbox_list", "data", lambda row: self.__mailbox(row, call.name))
        return tuple(mailbox for mailbox in found if mailbox is not None)

    async def add_mailbox(self, address: str, password: SecretStr) -> None:
        """Create a mailbox (mailbox-add; 000 7.8, 001 7.5). The password travels in the URL, as documented."""
        await self.__mailbox_change("mailbox-add", address, password)

    async def edit_mailbox(self, address: str, password: SecretStr) -> None:
        """Give a mailbox a new password (mailbox-edit; 000 7.10, 001 7.7). It travels in the URL, as documented."""
        await self.__mailbox_change("mailbox-edit", address, password)

    async def delete_mailbox(self, address: str) -> None:
        """Delete a mailbox (mailbox-del; 000 7.9, 001 7.6)."""
        await self.__change("mailbox-del", {"mailbox": self.__checked(address, "mailbox-del"), **self.__who()})

    def console_login(self) -> ConsoleLogin:
        """The console's log-in form (000 8.1, 001 8.1). Nothing is asked; the password is for people to type."""
        parts = urlsplit(self._settings.base_url)
        user_type = "manager" if self.__manager else ""
        action = f"{parts.scheme}://{parts.netloc}/sendstat/?module=base&action=login"
        return ConsoleLogin(action, self._settings.username, user_type)

    @property
    def __manager(self) -> bool:
        return self._settings.user_type == "manager"

    def __who(self) -> dict[str, str | None]:
        return {
            "customer_id": self._settings.customer_id,
            "user_type": self._settings.user_type if self.__manager else None,
        }

    def __do(self, customer: str, manager: str, what: str) -> str:
        if self.__manager:
            return manager
        self._api.needs_2019(what, _name(customer))
        return customer

    def __where(self, domain: str, do: str) -> dict[str, str | None]:
        customer = {"customer_id": self._settings.customer_id} if self.__manager else {}
        return {**customer, "domain": self.__checked(domain, do)}

    def __checked(self, name: str, do: str) -> str:
        if not name.strip() or any(mark in name for mark in ", \t\r\n"):
            raise self._api.refused("a domain or mailbox is empty, or holds a comma or space", _name(do))
        return name

    async def __mailbox_change(self, do: str, address: str, password: SecretStr) -> None:
        secret = password.get_secret_value()
        if not secret:
            raise self._api.refused("the password is empty", _name(do))
        params = {"mailbox": self.__checked(address, do), "pwd": secret, **self.__who()}
        call = self._api.call(SCRIPT, do, params, secrets=(secret,))
        await self._api.change(call, result)

    async def __change(self, do: str, params: dict[str, str | None]) -> Result:
        return await self._api.change(self._api.call(SCRIPT, do, params), result)

    def __domain(self, row: Reader, source: str) -> Domain | None:
        name, customer_id = row.text("domain"), row.identifier("customer_id")
        if name is None:
            return None
        return Domain(
            **self._api.about(source),
            raw=row.raw(),
            name=name,
            customer_id=customer_id,
            system=None if customer_id is None else customer_id == "0",
        )

    def __check(self, row: Reader, source: str) -> DomainCheck | None:
        name, domain_id, raw_state = row.text("val"), row.identifier("domain_id"), row.text("status") or ""
        if name is None:
            return None
        return DomainCheck(
            **self._api.about(source),
            raw=row.raw(),
            name=name,
            # 0: the system knows no such domain.
            id=named(DomainId, None if domain_id == "0" else domain_id),
            customer_id=row.identifier("customer_id"),
            state=_STATES.get(raw_state, DomainState.UNKNOWN),
            raw_state=raw_state,
            said=row.text("info"),
            dkim=row.text("dkim"),
        )

    def __mailbox(self, row: Reader, source: str) -> Mailbox | None:
        address = row.text("mailbox")
        if address is None:
            return None
        return Mailbox(
            **self._api.about(source),
            raw=row.raw(),
            address=address,
            name=row.text("name"),
            domain=row.text("domain"),
            customer_id=row.identifier("customer_id"),
        )
