"""The contract's rows for contact lists and who subscribes to them (000 and 001, chapter 4)."""

from providers.capabilities import KeepsLists, KeepsSubscriptions
from providers.contacts import ContactList
from tests.providers.contract.place import LEFT, LIST_SIZE, Place
from tests.providers.contract.row import (
    NO_DATA,
    NOT_EXIST,
    How,
    Row,
    done,
    lines,
    several,
    single,
    tabled,
)

LIST = "<item><id>#</id><subject>VIP #</subject><count>#</count><status>enabled</status></item>"
SIZE = LIST_SIZE + 1
"""With the one whom the import brought."""
GONE = ["wang.wei.99-0@mail.example", "li.na.99-1@mail.example"]
SEVERAL = [("a@mail.example", "甲"), ("b@mail.example", None)]


def detail(number: str) -> str:
    return f"<maillist>{LIST.replace('#', number).removeprefix('<item>').removesuffix('</item>')}</maillist>"


def has(place: Place, *addresses: str) -> list[bool]:
    contacts = place.account.contacts
    return [contacts.by_address(place.list, address) is not None for address in addresses]


def newest(place: Place) -> object:
    return place.account.lists[max(place.account.lists)].subject


ROWS = (
    Row(
        endpoint="mloperate.php?do=maillist-list",
        capability=KeepsLists,
        method="contact_lists",
        ask=lambda client, names: client.contact_lists(),
        said=several("maillist", LIST),
        proof=lambda found, place: (
            [(one.id, one.name, one.contacts) for one in found],
            [(str(one.id), one.subject, one.count) for one in place.account.lists.values()],
        ),
        found=(ContactList,),
    ),
    Row(
        endpoint="mloperate.php?do=maillist-detail",
        capability=KeepsLists,
        method="contact_list",
        ask=lambda client, names: client.contact_list(names.list),
        said=single(detail("99"), "<maillist/>", NO_DATA, NOT_EXIST),
        proof=lambda found, place: ((found.name, found.contacts), (place.list.subject, SIZE)),
        found=(ContactList,),
    ),
    Row(
        endpoint="mloperate.php?do=maillist-add",
        capability=KeepsLists,
        method="add_list",
        kinds=("umail",),
        ask=lambda client, names: client.add_list("新客 & <neu>", description="x"),
        said=done(
            "<result><status>success</status><data>100</data></result>",
            refusals=("add_maillist_error", "add_describe_error"),
        ),
        proof=lambda found, place: ((found, newest(place)), (str(max(place.account.lists)), "新客 & <neu>")),
        how=How.CHANGE,
        found=(str,),
    ),
    Row(
        endpoint="mloperate.php?do=maillist-add",
        capability=KeepsLists,
        method="add_list",
        kinds=("umail-v3",),
        ask=lambda client, names: client.add_list("新客 & <neu>"),
        said=done(refusals=("add_maillist_error", "add_describe_error")),
        # 001 4.3 answers in words only.
        proof=lambda found, place: ((found, newest(place)), (None, "新客 & <neu>")),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="mloperate.php?do=maillist-edit",
        capability=KeepsLists,
        method="edit_list",
        ask=lambda client, names: client.edit_list(names.list, "改名", enabled=False),
        said=done(refusals=("update_maillist_error", "update_describe_error")),
        proof=lambda found, place: ((place.list.subject, place.list.enabled), ("改名", False)),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="mloperate.php?do=maillist-del",
        capability=KeepsLists,
        method="delete_list",
        ask=lambda client, names: client.delete_list(names.list),
        said=done(refusals=("delete_address_error", "delete_describe_error", "delete_maillist_error")),
        proof=lambda found, place: (99 in place.account.lists, False),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="mloperate.php?do=ml-addr-empty",
        capability=KeepsLists,
        method="empty_list",
        ask=lambda client, names: client.empty_list(list_id=names.list),
        said=done(),
        proof=lambda found, place: (place.list.count, 0),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="mloperate.php?do=ml-sub",
        capability=KeepsSubscriptions,
        method="subscribe",
        ask=lambda client, names: client.subscribe(names.list, "neu@mail.example", name="新"),
        said=done(),
        proof=lambda found, place: (has(place, "neu@mail.example"), [True]),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="mloperate.php?do=ml-sub",
        capability=KeepsSubscriptions,
        method="subscribe_many",
        ask=lambda client, names: client.subscribe_many(
            names.list, [("a@mail.example", "甲"), ("b@mail.example", None)]
        ),
        said=done(),
        proof=lambda found, place: (has(place, "a@mail.example", "b@mail.example"), [True, True]),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="mloperate.php?do=ml-unsub",
        capability=KeepsSubscriptions,
        method="unsubscribe",
        ask=lambda client, names: client.unsubscribe(names.list, GONE),
        said=done(),
        proof=lambda found, place: (place.list.count, SIZE - 2),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="mloperate.php?do=unsubscribe-export",
        capability=KeepsSubscriptions,
        method="unsubscribe_table",
        ask=lambda client, names: tabled(client.unsubscribe_table(names.list)),
        said=lines("2026-11-19 10:00:00\ta#@mail.example"),
        proof=lambda found, place: ((len(found), all(row["at"] for row in found)), (LEFT, True)),
        how=How.STREAM,
        found=(dict,),
    ),
    Row(
        endpoint="mloperate.php?do=subscription-export",
        capability=KeepsSubscriptions,
        method="subscriber_table",
        kinds=("umail-v3",),
        ask=lambda client, names: tabled(client.subscriber_table(names.list)),
        said=lines("a#@mail.example\t张三"),
        proof=lambda found, place: (
            [(row["address"], row["name"]) for row in found],
            [(one.person.address, one.person.fullname or None) for one in place.account.contacts.all(99)],
        ),
        how=How.STREAM,
        found=(dict,),
    ),
)
