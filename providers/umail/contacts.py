"""mloperate.php, the addresses: 000 4.7 to 4.10 and 4.14; 001 4.8 to 4.11."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from providers import values
from providers.contacts import (
    MOST_AT_ONCE,
    VARIABLES,
    Contact,
    ContactForm,
    ContactId,
    ContactPage,
    ImportId,
    ImportRecord,
    ImportState,
    ImportStatus,
    ListId,
    Scope,
)
from providers.tables import Row, Table
from providers.umail.api import answered, result
from providers.umail.exports import row_batches
from providers.umail.part import Part, named
from providers.xml import Element, Reader, fields

SCRIPT = "mloperate.php"
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_EPOCH = date(1970, 1, 1)
PAGE_SIZE = 50
CONTACT_COLUMNS = (
    "address",
    "name",
    "birthday",
    "phone",
    "area",
    "added_at",
    *(f"var{number}" for number in range(1, VARIABLES + 1)),
)
"""Of `contact_table`."""
_SCOPES = {Scope.EVERY_LIST: None, Scope.NO_LIST: "0"}
# 000 4.8.4.
_QUERIED = {
    "success": ImportState.DONE,
    "no_complete": ImportState.PARSING,
    "not_exist": ImportState.NOT_FOUND,
    "error": ImportState.FAILED,
}
# 000 4.14: -1, -2 and -3 are failures, no document says of which kind.
_LOGGED = {"1": ImportState.DONE, **dict.fromkeys(("-1", "-2", "-3"), ImportState.FAILED)}


def _name(do: str) -> str:
    return f"{SCRIPT}?do={do}"


def _born(text: str | None) -> date | None:
    """A date of birth: `brithday`, sic, where the parameter is `birthday`. `0000-00-00` and PHP's epoch are none.

    `values.day` takes every day before 1971 for one that never was.
    """
    match = _DAY.fullmatch(text or "")
    try:
        found = date(*(int(group) for group in match.groups())) if match else None
    except ValueError:
        return None
    return None if found == _EPOCH else found


class Contacts(Part):
    """The addresses in the account's lists."""

    async def contacts(
        self, *, where: ListId | Scope, keyword: str | None = None, page: int = 1, limit: int = PAGE_SIZE
    ) -> ContactPage:
        """One page of the contacts of a list, or of a scope (ml-addr-list; 000 4.7, 001 4.8).

        keyword: found anywhere in address or name.
        """
        params = {"list_id": self.__where(where), "keyword": keyword, "page": str(page), "limit": str(limit)}
        return await self.__listed(params)

    def contact_table(self, *, where: ListId | Scope) -> Table:
        """All contacts of a list, or of a scope, as a table (ml-addr-list without a page; 000 4.7, 001 4.8)."""
        call = self._api.call(SCRIPT, "ml-addr-list", {"list_id": self.__where(where)})
        return Table(CONTACT_COLUMNS, row_batches(self._api, call, "data", "addr", self.__cells))

    async def contact(self, contact_id: ContactId) -> Contact | None:
        """One contact, or None when there is no such (ml-addr-list with address_id; 000 4.7, not in V3.0)."""
        self._api.needs_2019("look up a contact by its id; find it by address", _name("ml-addr-list"))
        address_id = self._api.checked(contact_id, _name("ml-addr-list"))
        found = await self.__listed({"address_id": address_id, "page": "1", "limit": str(PAGE_SIZE)})
        return next((contact for contact in found.contacts if contact.id == contact_id), None)

    async def add_contact(self, list_id: ListId, form: ContactForm) -> ContactId | None:
        """Add one contact (ml-addr-add; 000 4.8.1, 001 4.9.1). None when the answer, undocumented, names no id."""
        params = {"list_id": self._api.checked(list_id, _name("ml-addr-add")), "return_id": "1"}
        call = self._api.post(SCRIPT, "ml-addr-add", params, self.__fields(form, "ml-addr-add"))
        return named(ContactId, (await self._api.change(call, result)).id)

    async def add_contacts(self, list_id: ListId, forms: Sequence[ContactForm]) -> None:
        """Add up to 500 contacts (ml-addr-add with ml_addr; 000 4.8.2, 001 4.9.2).

        What the vendor leaves out, invalid or there already, it does not tell.

        Raises:
            RefusedError: none, too many, or a field with a semicolon or line break, which nothing escapes.
        """
        if not 1 <= len(forms) <= MOST_AT_ONCE:
            raise self._api.refused(f"U-Mail takes 1 to {MOST_AT_ONCE} contacts a call", _name("ml-addr-add"))
        params = {
            "list_id": self._api.checked(list_id, _name("ml-addr-add")),
            "addr_type": "string",
            "separate": "\n",
        }
        rows = "\n".join(self.__row(form) for form in forms)
        await self._api.change(self._api.post(SCRIPT, "ml-addr-add", params, {"ml_addr": rows}), result)

    async def import_contacts(self, list_id: ListId, file: Path, *, file_name: str | None = None) -> ImportId | None:
        """Hand over a file of contacts, streamed from disk (ml-addr-add-file; 000 4.8.3, 001 4.9.3).

        Each line `address;name;sex;birthday;mobile;area;var1;…;var10`. The vendor parses it later. None when the
        answer names no import, as on V3.0.

        file_name: what the import log shows; the file's own by default.

        Raises:
            RefusedError: the file cannot be read.
        """
        params = {"list_id": self._api.checked(list_id, _name("ml-addr-add-file"))}
        call = self._api.upload(SCRIPT, "ml-addr-add-file", params, {}, [("file", file, file_name or file.name)])
        return named(ImportId, (await self._api.change(call, result)).id)

    def can_follow_imports(self) -> bool:
        """In 2019 only."""
        return self._api.dialect.newer

    async def import_status(self, import_id: ImportId) -> ImportStatus:
        """Whether a file has been parsed (ml-addr-add-file-query; 000 4.8.4, not in V3.0)."""
        self._api.needs_2019("follow an import", _name("ml-addr-add-file-query"))
        params = {"id": self._api.checked(import_id, _name("ml-addr-add-file-query"))}
        call = self._api.call(SCRIPT, "ml-addr-add-file-query", params)
        word, said = await self._api.wire.read(call, lambda answer: answered(answer, frozenset(_QUERIED)))
        return ImportStatus(
            **self._api.about(call.name),
            raw={"status": word, "data": said},
            id=import_id,
            state=_QUERIED[word],
            raw_state=word,
            said=said,
        )

    async def imports(self) -> Sequence[ImportRecord]:
        """The import log (ml-addr-add-log; 000 4.14, not in V3.0). The server's own paths in it are left out."""
        self._api.needs_2019("tell past imports", _name("ml-addr-add-log"))
        call = self._api.call(SCRIPT, "ml-addr-add-log")
        found = await self._api.rows(call, "data", "address_log", lambda row: self.__record(row, call.name))
        return tuple(found)

    def can_edit_contacts(self) -> bool:
        """In V3.0 only."""
        return not self._api.dialect.newer

    async def edit_contact(self, contact_id: ContactId, form: ContactForm) -> None:
        """Write `form` over a contact (ml-addr-edit; 001 4.10, not in the API of 2019).

        Raises:
            UnsupportedError: on an account of 2019.
        """
        if self._api.dialect.newer:
            raise self._api.unsupported("cannot edit a contact; delete it and add it again", _name("ml-addr-edit"))
        params = {"id": self._api.checked(contact_id, _name("ml-addr-edit"))}
        call = self._api.post(SCRIPT, "ml-addr-edit", params, self.__fields(form, "ml-addr-edit"))
        await self._api.change(call, result)

    async def delete_contact(self, contact_id: ContactId) -> None:
        """Delete one contact (ml-addr-del; 000 4.10, 001 4.11). The answer is undocumented."""
        params = {"id": self._api.checked(contact_id, _name("ml-addr-del"))}
        await self._api.change(self._api.call(SCRIPT, "ml-addr-del", params), result)

    def __where(self, where: ListId | Scope) -> str | None:
        return _SCOPES[where] if isinstance(where, Scope) else self._api.checked(where, _name("ml-addr-list"))

    async def __listed(self, params: dict[str, str | None]) -> ContactPage:
        call = self._api.call(SCRIPT, "ml-addr-list", params)
        pages = await self._api.rows(call, "data", ".", lambda row: self.__page(row, call.name))
        return next(iter(pages), ContactPage(**self._api.about(call.name), contacts=()))

    def __page(self, row: Reader, source: str) -> ContactPage:
        found = (self.__contact(each, source) for each in row.each("addr") if not each.hollow)
        return ContactPage(
            **self._api.about(source),
            contacts=tuple(contact for contact in found if contact is not None),
            total=row.whole("total_num"),
        )

    def __contact(self, row: Reader, source: str) -> Contact | None:
        address = row.text("address")
        if address is None:
            return None
        return Contact(
            **self._api.about(source),
            raw=row.raw(),
            id=named(ContactId, row.identifier("id")),
            list_id=named(ListId, row.identifier("list_id")),
            address=address,
            name=row.text("fullname"),
            birthday=_born(row.text("brithday") or row.text("birthday")),
            phone=row.text("phone"),
            area=row.text("area"),
            added_at=row.moment("time"),
            variables=tuple(row.text(f"var{number}", f"Var{number}") for number in range(1, VARIABLES + 1)),
        )

    def __cells(self, row: Element) -> Row | None:
        """A contact as `CONTACT_COLUMNS`."""
        found = fields(row)
        address = found.get("address")
        if address is None:
            return None
        added = values.moment(found.get("time"), self._api.zone)
        return (
            address,
            found.get("fullname"),
            _born(found.get("brithday") or found.get("birthday")),
            found.get("phone"),
            found.get("area"),
            added.astimezone(self._api.zone) if added else None,
            *(found.get(f"var{number}") or found.get(f"Var{number}") for number in range(1, VARIABLES + 1)),
        )

    def __record(self, row: Reader, source: str) -> ImportRecord:
        raw_state = row.text("status") or ""
        return ImportRecord(
            **self._api.about(source),
            raw={name: value for name, value in row.raw().items() if name != "filepath"},
            file_name=row.text("filename"),
            list_name=row.text("subject"),
            imported_at=row.moment("time_import"),
            contacts=row.whole("count_all"),
            invalid=row.whole("count_err_1"),
            duplicates=row.whole("count_err_2"),
            state=_LOGGED.get(raw_state, ImportState.UNKNOWN),
            raw_state=raw_state,
        )

    def __fields(self, form: ContactForm, do: str) -> dict[str, str | None]:
        self.__check(form, do)
        variables = {f"var{number}": value or None for number, value in enumerate(form.variables, start=1)}
        return {
            "address": form.address,
            "fullname": form.name,
            "sex": form.sex,
            "birthday": form.birthday.isoformat() if form.birthday else None,
            "phone": form.phone,
            "area": form.area,
        } | variables

    def __row(self, form: ContactForm) -> str:
        """`email;name;sex;birthday;mobile;area;var1;…;var10;`, as the samples write it: ASCII, one at the end."""
        self.__check(form, "ml-addr-add")
        born = form.birthday.isoformat() if form.birthday else ""
        variables = (*form.variables, *[""] * (VARIABLES - len(form.variables)))
        fields = (form.address, form.name or "", form.sex or "", born, form.phone or "", form.area or "", *variables)
        if any(mark in field for field in fields for mark in ";\r\n"):
            raise self._api.refused("a field holds a semicolon or a line break", _name("ml-addr-add"))
        return ";".join(fields) + ";"

    def __check(self, form: ContactForm, do: str) -> None:
        if not form.address.strip():
            raise self._api.refused("a contact needs an address", _name(do))
        if len(form.variables) > VARIABLES:
            raise self._api.refused(f"a contact has {VARIABLES} variables", _name(do))
