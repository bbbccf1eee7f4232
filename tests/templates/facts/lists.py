"""Contact lists, and the files that go into them and come out."""

from dataclasses import replace

from bot.commands.rows import Batch, Tally
from bot.contactfile import Row
from providers.contacts import ContactForm, ContactList, ImportId, ImportRecord, ImportState, ImportStatus, ListId
from tests.templates.facts.shared import AT, ERRORS, NASTY

SEEN = {"account": "umail", "observed_at": AT, "source": "mloperate.php?do=maillist-list"}
LIST = ContactList(
    **SEEN, id=ListId("5"), name=NASTY, description=NASTY, contacts=90_000, importing=False, enabled=True
)
UNKNOWN_LIST = ContactList(**SEEN, id=ListId("9" * 20))
IMPORTING = replace(LIST, contacts=1, importing=True, enabled=False)
EMPTY = replace(LIST, contacts=0)
LISTS = (LIST, UNKNOWN_LIST, IMPORTING, EMPTY)
OF_LIST = {"account": "umail", "title": "U-Mail"}
BY = {**OF_LIST, "user": "U0LIN"}
RECORD = ImportRecord(
    **SEEN,
    file_name=NASTY,
    list_name=NASTY,
    imported_at=AT,
    contacts=12_345,
    invalid=300,
    duplicates=45,
    state=ImportState.DONE,
    raw_state="1",
)
RECORDS = [RECORD, *(ImportRecord(**SEEN, state=state, raw_state="-2") for state in ImportState)]
STATUSES = [ImportStatus(**SEEN, id=ImportId("10"), state=state, raw_state="x", said=NASTY) for state in ImportState]
GOOD = Row(2, ContactForm(address="anna@shop.example"))
BAD = [Row(n, problem=problem, cell=NASTY) for n, problem in enumerate(("address", "sex", "birthday", "separator"), 3)]
FILE = {"headed": True, "unread": 0, "ignored": ()}
HANDED = {"name": "contacts-umail-list-5-2026-11-21.csv", "columns": ("address", "name")}
CHANGED = {**BY, "name": NASTY, "alike": 1, "redescribed": False, "error": None}


def tally(**about):
    return Tally(**about)


MESSAGES = {
    "list/list": [
        {**OF_LIST, "lists": lists, "total": total, "contacts": contacts, "page": page, "more": more}
        for lists, total, contacts, page, more in (
            ([], 0, 0, 1, False),
            ([LIST], 1, 1, 1, False),
            (LISTS * 5, 45, None, 2, True),
        )
    ],
    "list/show": [{**OF_LIST, "list": one} for one in LISTS],
    "list/missing": [{**OF_LIST, "list_id": "9" * 20}],
    "list/confirm": [{**OF_LIST, "list": one, "action": action} for one in LISTS for action in ("empty", "delete")],
    "list/changed": [
        *(
            {**CHANGED, "action": action, "before": before, "after": after, "redescribed": after is UNKNOWN_LIST}
            for action in ("rename", "enable", "disable", "empty")
            for before in LISTS
            for after in (LIST, UNKNOWN_LIST)
        ),
        *({**CHANGED, "action": "delete", "before": one, "after": None} for one in LISTS),
        {**CHANGED, "action": "create", "before": None, "after": LIST},
        *({**CHANGED, "action": "create", "before": None, "after": None, "alike": n} for n in (0, 1, 2)),
        {**CHANGED, "action": "enable", "before": LIST, "after": LIST, "error": ERRORS[1]},
        {**CHANGED, "action": "empty", "before": LIST, "after": None, "error": ERRORS[1]},
    ],
    "list/unchanged": [
        {**OF_LIST, "list": one, "why": why}
        for one in LISTS
        for why in ("enabled", "disabled", "named", "taken", "empty", "importing", "unclear")
    ],
    "list/not_changed": [
        {**OF_LIST, "action": action, "name": NASTY, "list": None if action == "create" else LIST}
        for action in ("create", "rename", "enable", "disable", "delete", "empty")
    ],
    "list/announcement": [
        {**BY, "action": action, "name": NASTY, "before": before, "after": LIST, "added": added}
        for action in ("create", "rename", "enable", "disable", "delete", "import", "empty")
        for before, added in ((LIST, 12_000), (UNKNOWN_LIST, None))
    ],
    "list/form": [{**OF_LIST, "list": one, "rows": rows} for one in LISTS for rows in (True, False)],
    "list/progress": [
        {**OF_LIST, "list": LIST, "seconds": 11, "added": None},
        {**OF_LIST, "list": LIST, "seconds": None, "added": 500},
    ],
    "list/imported": [
        *(
            {
                **BY,
                "before": LIST,
                "after": after,
                "added": added,
                "import_id": ImportId("10"),
                "state": status.state,
                "status": status,
                "record": record,
                "error": None,
            }
            for status in STATUSES
            for after, added, record in ((LIST, 12_000, RECORD), (None, None, None), (UNKNOWN_LIST, None, RECORDS[-1]))
        ),
        *(
            {
                **BY,
                "before": before,
                "after": None,
                "added": None,
                "import_id": None,
                "state": None,
                "status": None,
                "record": None,
                "error": fault,
            }
            for before in LISTS
            for fault in (None, ERRORS[1])
        ),
    ],
    "list/rows": [
        {**BY, "before": LIST, "after": after, "added": found.added, "tally": found, **file}
        for after in (LIST, None)
        for found, file in (
            (tally(added=1_200), FILE),
            (tally(added=1, bad=40, shown=BAD), {**FILE, "unread": 2, "ignored": (NASTY, "x")}),
            (tally(added=500, cut=7), {**FILE, "headed": False, "unread": 1}),
            (
                tally(added=500, stopped=Batch(2, (GOOD,) * 500), unknown=True, error=ERRORS[-1], untried=3_998),
                FILE,
            ),
            (tally(stopped=Batch(1, (GOOD,)), error=ERRORS[7], untried=1, bad=1, shown=BAD[:1]), FILE),
        )
    ],
    "list/bad_file": [
        {"problem": problem, "name": NASTY, "line": 7, "rows": tuple(rows), "count": count}
        for problem in (
            "one_file",
            "terminal_only",
            "no_path",
            "not_there",
            "empty",
            "nothing",
            "encoding",
            "no_address_column",
            "cut",
            "not_the_vendors",
        )
        for rows, count in (((), 0), (BAD, 4), (BAD, 2_000))
    ],
    "list/imports": [
        {**OF_LIST, "records": records, "total": total, "page": page, "more": more}
        for records, total, page, more in (([], 0, 1, False), ([RECORD], 1, 1, False), (RECORDS * 3, 60, 2, True))
    ],
    "list/exported": [
        {**OF_LIST, "list": one, "what": what, "rows": rows, **HANDED}
        for one in LISTS
        for what in ("contacts", "unsubscribes")
        for rows in (0, 90_000)
    ],
    "list/unsubscribes": [
        {**OF_LIST, "list": LIST, "total": total, "newest": newest}
        for total, newest in ((0, []), (1, [(NASTY, AT)]), (90_000, [("a@b.example", AT), ("c@d.example", None)] * 5))
    ],
}
