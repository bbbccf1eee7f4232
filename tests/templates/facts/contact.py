"""Single addresses in lists."""

from dataclasses import replace
from datetime import date

from providers.contacts import Contact, ContactId, ContactPage
from tests.templates.facts.lists import BY, LIST, OF_LIST, SEEN, UNKNOWN_LIST
from tests.templates.facts.shared import AT, ERRORS, NASTY

CONTACT = Contact(
    **SEEN,
    id=ContactId("77"),
    list_id=LIST.id,
    address="anna@shop.example",
    name=NASTY,
    birthday=date(1986, 8, 15),
    phone=NASTY,
    area=NASTY,
    added_at=AT,
    variables=("V1", None, NASTY, *[None] * 7),
)
OTHER = replace(CONTACT, address="li@shop.example", name=None, birthday=None, phone="1", area=None, variables=())
UNKNOWN = Contact(**SEEN, address="anna@shop.example")
MANY = tuple(f"a{number}@shop.example" for number in range(500))
CHANGED = {**BY, "list": LIST, "before": None, "after": None, "left_out": (), "size": None, "error": None}
ACTIONS = ("add", "edit", "delete", "subscribe", "unsubscribe")


def page(contacts, total):
    return ContactPage(**SEEN, contacts=tuple(contacts), total=total)


MESSAGES = {
    "contact/list": [
        {**OF_LIST, "found": found, "where": where, "list": of, "keyword": '"' + NASTY, "page": number, "more": more}
        for where, of in (("5", LIST), ("all", None), ("none", None))
        for found, number, more in (
            (page([], 0), 1, False),
            (page([], None), 1, False),
            (page([CONTACT], 1), 1, False),
            (page([CONTACT, UNKNOWN] * 10, 90_000), 2, True),
            (page([CONTACT, UNKNOWN] * 10, None), 2, True),
        )
    ],
    "contact/confirm": [{**OF_LIST, "list": LIST, "contact": one} for one in (CONTACT, UNKNOWN)],
    "contact/changed": [
        *({**CHANGED, "action": "add", "addresses": MANY[:1], "after": after} for after in (CONTACT, UNKNOWN, None)),
        *(
            {**CHANGED, "action": "edit", "addresses": MANY[:1], "before": before, "after": after}
            for before in (CONTACT, UNKNOWN)
            for after in (OTHER, UNKNOWN, CONTACT, None)
        ),
        *({**CHANGED, "action": "delete", "addresses": MANY[:1], "before": one} for one in (CONTACT, UNKNOWN)),
        *(
            {**CHANGED, "action": action, "addresses": addresses, "left_out": left_out, "size": size}
            for action in ("subscribe", "unsubscribe")
            for addresses, left_out, size in ((MANY[:1], MANY[:2], None), (MANY[:3], (), None), (MANY, (), 90_498))
        ),
        {**CHANGED, "action": "add", "addresses": MANY[:1], "error": ERRORS[1]},
    ],
    "contact/unchanged": [
        {**OF_LIST, "list": LIST, "action": action, "addresses": addresses}
        for action in ("subscribe", "unsubscribe")
        for addresses in (MANY[:1], MANY[:5], MANY)
    ],
    "contact/not_changed": [
        {**CHANGED, "action": action, "addresses": MANY[:1], "after": after}
        for action in ACTIONS
        for after in (CONTACT, None)
    ],
    "contact/announcement": [
        {**CHANGED, "action": action, "list": one, "addresses": addresses}
        for action in ACTIONS
        for one in (LIST, UNKNOWN_LIST)
        for addresses in (MANY[:1], MANY)
    ],
    "contact/missing": [
        {**OF_LIST, "list": LIST, "address": "anna@shop.example", "count": count} for count in (0, 1, 2)
    ],
    "contact/bad": [{"problem": problem, "count": 501} for problem in ("nothing", "one_name", "many")],
}
