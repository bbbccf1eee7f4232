"""The contract's rows for contacts and their imports (000 and 001, chapter 4)."""

from collections.abc import Callable
from typing import Any

from providers.capabilities import ImportsContacts, KeepsContacts
from providers.contacts import (
    Contact,
    ContactForm,
    ContactPage,
    ImportRecord,
    ImportState,
    ImportStatus,
)
from providers.http import EXPORT_DEADLINES
from tests.providers.contract.lists import SIZE, has
from tests.providers.contract.row import (
    NO_DATA,
    How,
    Names,
    Over,
    Row,
    done,
    several,
    single,
    tabled,
)

CONTACT = (
    "<addr><id>#</id><list_id>99</list_id><address>a#@mail.example</address><brithday>1988-04-08</brithday></addr>"
)
LOGGED = "<address_log><filename>f#.csv</filename><count_all>#</count_all><status>1</status></address_log>"
QUERIED = "<result><status>success</status><data><![CDATA[解析完成]]></data>;</result>"
NEW = ContactForm(address="neu@mail.example", name="新 & Neu", variables=("x",))


def can(capability: type, method: str, ask: Callable[[Any], bool], dialect: str) -> Row:
    """A question that the client answers by itself: yes in one dialect only."""

    async def asked(client: Any, names: Names) -> bool:
        return ask(client)

    return Row(
        endpoint="",
        capability=capability,
        method=method,
        ask=asked,
        said=done(),
        proof=lambda found, place: (found, place.dialect == dialect),
        over=Over.NOTHING,
        found=(bool,),
    )


ROWS = (
    Row(
        endpoint="mloperate.php?do=ml-addr-list",
        capability=KeepsContacts,
        method="contacts",
        ask=lambda client, names: client.contacts(where=names.list),
        said=several("data", CONTACT, counted=lambda page: len(page.contacts)),
        proof=lambda page, place: (
            ([one.address for one in page.contacts], page.total),
            (
                [one.person.address for one in place.account.contacts.all(99)][:50],
                SIZE if place.dialect == "umail" else None,
            ),
        ),
        found=(ContactPage,),
    ),
    Row(
        endpoint="mloperate.php?do=ml-addr-list",
        capability=KeepsContacts,
        method="contact_table",
        ask=lambda client, names: tabled(client.contact_table(where=names.list)),
        said=several("data", CONTACT),
        proof=lambda found, place: (
            [row["address"] for row in found],
            [one.person.address for one in place.account.contacts.all(99)],
        ),
        how=How.STREAM,
        found=(dict,),
    ),
    Row(
        endpoint="mloperate.php?do=ml-addr-list",
        capability=KeepsContacts,
        method="contact",
        kinds=("umail",),
        ask=lambda client, names: client.contact(names.contact),
        said=single(
            f"<data>{CONTACT.replace('<id>#', '<id>9900000001').replace('#', '1')}</data>",
            "<data/>",
            NO_DATA,
            f"<data>{CONTACT.replace('#', '2')}</data>",
        ),
        proof=lambda found, place: (
            (found.id, found.address),
            (place.names.contact, place.account.contacts.find(int(place.names.contact)).person.address),
        ),
        found=(Contact,),
    ),
    Row(
        endpoint="mloperate.php?do=ml-addr-add",
        capability=KeepsContacts,
        method="add_contact",
        ask=lambda client, names: client.add_contact(names.list, NEW),
        said=done("<result><status>success</status><id>9900000100</id></result>"),
        proof=lambda found, place: (place.account.contacts.find(int(found)).person.fullname, NEW.name),
        how=How.CHANGE,
        found=(str,),
    ),
    Row(
        endpoint="mloperate.php?do=ml-addr-add",
        capability=KeepsContacts,
        method="add_contacts",
        ask=lambda client, names: client.add_contacts(names.list, [NEW, ContactForm(address="b@mail.example")]),
        said=done(),
        proof=lambda found, place: (has(place, NEW.address, "b@mail.example"), [True, True]),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="mloperate.php?do=ml-addr-edit",
        capability=KeepsContacts,
        method="edit_contact",
        kinds=("umail-v3",),
        ask=lambda client, names: client.edit_contact(names.contact, NEW),
        said=done(),
        proof=lambda found, place: (has(place, NEW.address, "wang.wei.99-0@mail.example"), [True, False]),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="mloperate.php?do=ml-addr-del",
        capability=KeepsContacts,
        method="delete_contact",
        ask=lambda client, names: client.delete_contact(names.contact),
        said=done(),
        proof=lambda found, place: (place.account.contacts.find(int(place.names.contact)), None),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="mloperate.php?do=ml-addr-add-file",
        capability=ImportsContacts,
        method="import_contacts",
        kinds=("umail",),
        ask=lambda client, names: client.import_contacts(names.list, names.file),
        said=done("<result><status>success</status><data><![CDATA[11]]></data>;</result>"),
        proof=lambda found, place: (place.account.imports[int(found)].filename, place.names.file.name),
        how=How.CHANGE,
        deadlines=EXPORT_DEADLINES,
        found=(str,),
    ),
    Row(
        endpoint="mloperate.php?do=ml-addr-add-file",
        capability=ImportsContacts,
        method="import_contacts",
        kinds=("umail-v3",),
        ask=lambda client, names: client.import_contacts(names.list, names.file),
        said=done(),
        proof=lambda found, place: ((found, place.account.imports[11].filename), (None, place.names.file.name)),
        how=How.CHANGE,
        deadlines=EXPORT_DEADLINES,
        found=(type(None),),
    ),
    Row(
        endpoint="mloperate.php?do=ml-addr-add-file-query",
        capability=ImportsContacts,
        method="import_status",
        kinds=("umail",),
        ask=lambda client, names: client.import_status(names.imported),
        said=single(
            QUERIED,
            QUERIED.replace("success", "not_exist"),
            counted=lambda found: int(found.state is not ImportState.NOT_FOUND),
        ),
        proof=lambda found, place: ((found.id, found.state), (place.names.imported, ImportState.DONE)),
        found=(ImportStatus,),
    ),
    Row(
        endpoint="mloperate.php?do=ml-addr-add-log",
        capability=ImportsContacts,
        method="imports",
        kinds=("umail",),
        ask=lambda client, names: client.imports(),
        said=several("data", LOGGED, around="<result><status>success</status>{}</result>"),
        proof=lambda found, place: (
            [(one.file_name, one.contacts, one.invalid, one.list_name) for one in found],
            [("客户.csv", 2, 1, place.list.subject)],
        ),
        found=(ImportRecord,),
    ),
    can(KeepsContacts, "can_edit_contacts", lambda client: client.can_edit_contacts(), "umail-v3"),
    can(ImportsContacts, "can_follow_imports", lambda client: client.can_follow_imports(), "umail"),
)
