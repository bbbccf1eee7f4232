"""Single addresses: found, added, edited, deleted, subscribed and unsubscribed, by list and address."""

import json
from datetime import date

import pytest

LIN, MEI, VERA = "U0LIN", "U0MEI", "U0VIEW"
CHANGES = {"ml-addr-add", "ml-addr-edit", "ml-addr-del", "ml-sub", "ml-unsub"}
DIALECTS = pytest.mark.parametrize(("account", "username"), [("umail", "demo-umail"), ("old", "demo-umail-v3")])
ANNA = "anna.8-8@mail.example"
"""The ninth address of list 8."""
NEW = "neu@shop.example"


def changes(office):
    return [request for request in office.box.requests if request.call in CHANGES]


def person(office, address, username="demo-umail", number=8):
    """What the vendor knows of an address of a list."""
    account = office.box.world.umail[username]
    found = account.contacts.by_address(account.lists[number], address)
    return found.person if found else None


def count(office, username="demo-umail", number=8):
    return office.box.world.umail[username].lists[number].count


# Looking


@DIALECTS
async def test_addresses_are_found_by_a_part_and_shown_with_their_list(two_dialects, account, username):
    answer = await two_dialects.ask(LIN, f"contact find 8 anna.8-88@ --account {account}")
    words = " ".join(answer.plain.split())
    assert '1 address found · "anna.8-88@" · list 8 "Newsletter EN"' in words
    assert "anna.8-88@inbox.example Anna 8 13800000088" in words
    assert f"{account} · U-Mail, " in words


async def test_a_long_answer_has_pages(office):
    first = await office.ask(LIN, "contact find 8 Anna")
    assert "1,200 addresses found" in first.plain
    assert first.plain.count("@") == 20
    second = await office.press(LIN, first, "Next page")
    assert ("page 2" in second.plain, second.plain.count("anna.8-")) == (True, 20)
    assert [button.text for button in second.buttons] == ["Previous page", "Next page"]


async def test_v3_has_no_total_and_says_that_there_may_be_more(two_dialects):
    answer = await two_dialects.ask(LIN, "contact find 8 Anna --account old")
    assert "20 addresses found · and there may be more" in answer.plain


async def test_every_list_is_looked_through_only_when_it_is_said(office):
    answer = await office.ask(LIN, "contact find all 0-7@")
    assert "all lists" in answer.plain
    [request] = office.box.requests
    assert (request.params.get("list_id"), request.params["keyword"], request.params["page"]) == (None, "0-7@", "1")


async def test_nothing_found_is_said(office):
    assert "0 addresses found" in (await office.ask(LIN, "contact find 8 nobody")).plain


# Adding


@DIALECTS
async def test_an_address_is_added_with_what_is_known_of_it(two_dialects, account, username):
    line = (
        f'contact add 8 {NEW} --name "Neu, A" --sex female --birthday 1986-08-15 --phone 138 --area 北京 --var 3=gold'
    )
    answer = await two_dialects.ask(LIN, f"{line} --account {account}")
    assert f'{NEW} is in list 8 "Newsletter EN"' in answer.plain
    found = person(two_dialects, NEW, username)
    assert (found.fullname, found.sex, found.birthday, found.phone, found.area, found.vars[2]) == (
        "Neu, A",
        "F",
        "1986-08-15",
        "138",
        "北京",
        "gold",
    )
    assert [request.call for request in changes(two_dialects)] == ["ml-addr-add"]


async def test_the_channel_learns_how_many_and_never_which(office):
    await office.ask(LIN, f"contact add 8 {NEW}")
    said = await office.slack.wait(VERA, "C0GENERAL", lambda m: "added an address" in m.plain)
    assert said.plain == '@lin added an address to list 8 "Newsletter EN" (umail)'


async def test_an_address_that_is_there_is_not_added_again(office):
    answer = await office.ask(LIN, f"contact add 8 {ANNA.upper()}")
    # U-Mail's search minds the case; the vendor itself has the last word.
    assert "is in list 8" in answer.plain or "exists_error" in answer.plain
    office.box.requests.clear()
    assert f'{ANNA} is in list 8 "Newsletter EN" already' in (await office.ask(LIN, f"contact add 8 {ANNA}")).plain
    assert changes(office) == []


# Editing


async def test_v3_edits_and_keeps_what_is_not_given(two_dialects):
    answer = await two_dialects.ask(LIN, f"contact edit 8 {ANNA} --name Änne --var 2=gold --account old")
    assert f'{ANNA} in list 8 "Newsletter EN" is changed' in answer.plain
    assert "Name: Anna → Änne" in answer.plain
    assert "Variable 2: — → gold" in answer.plain
    assert "could not be checked: sex" in answer.plain
    [edit] = changes(two_dialects)
    sent = {
        name: edit.params.get(name)
        for name in ("address", "fullname", "birthday", "phone", "area", "var1", "var2", "sex")
    }
    assert sent == {
        "address": ANNA,
        "fullname": "Änne",
        "birthday": "1968-09-09",
        "phone": "13800000008",
        "area": "深圳市",
        "var1": "V1",
        "var2": "gold",
        "sex": None,
    }
    found = person(two_dialects, ANNA, "demo-umail-v3")
    assert (found.fullname, found.sex, found.phone) == ("Änne", "M", "13800000008")


async def test_v3_gives_a_contact_another_address(two_dialects):
    answer = await two_dialects.ask(LIN, f"contact edit 8 {ANNA} --new-address {NEW} --account old")
    assert f"Address: {ANNA} → {NEW}" in answer.plain
    assert person(two_dialects, ANNA, "demo-umail-v3") is None
    taken = await two_dialects.ask(LIN, f"contact edit 8 {NEW} --new-address tom.8-9@mail.example --account old")
    assert "tom.8-9@mail.example is in list 8" in taken.plain
    assert len(changes(two_dialects)) == 1


async def test_2019_has_no_edit_and_the_account_that_has_is_named(two_dialects):
    answer = await two_dialects.ask(LIN, f"contact edit 8 {ANNA} --name X --account umail")
    assert "U-Mail has no call for that (account umail). These can: --account old (U-Mail)" in answer.plain
    assert two_dialects.box.requests == []


# Deleting


@DIALECTS
async def test_a_delete_asks_first_and_shows_what_goes(two_dialects, account, username):
    before = count(two_dialects, username)
    question = await two_dialects.ask(LIN, f"contact delete 8 {ANNA} --account {account}")
    assert f'Delete {ANNA} from list 8 "Newsletter EN"?' in question.plain
    assert "Anna · 13800000008 · 9 Sep 1968 · 深圳市" in question.plain
    assert changes(two_dialects) == []
    answer = await two_dialects.press(LIN, question, "Delete address")
    assert f'{ANNA} is deleted from list 8 "Newsletter EN"' in answer.plain
    assert count(two_dialects, username) == before - 1
    again = await two_dialects.press(LIN, question, "Delete address")
    assert f'{ANNA} is not in list 8 "Newsletter EN"; I changed nothing' in again.plain
    assert len(changes(two_dialects)) == 1


async def test_an_address_is_not_taken_for_a_longer_one_that_holds_it(office):
    await office.ask(LIN, "contact add 8 xneu@shop.example")
    office.box.requests.clear()
    assert f"{NEW} is not in list 8" in (await office.ask(LIN, f"contact delete 8 {NEW}")).plain
    assert changes(office) == []


# Subscribing


@DIALECTS
async def test_one_address_subscribes_with_a_name_and_unsubscribes(two_dialects, account, username):
    on = await two_dialects.ask(LIN, f"contact subscribe 11 {NEW} --name Neu --account {account}")
    assert f'{NEW} now subscribes to list 11 "官网订阅"' in on.plain
    assert person(two_dialects, NEW, username, 11).fullname == "Neu"
    off = await two_dialects.ask(LIN, f"contact unsubscribe 11 {NEW} --account {account}")
    assert f'{NEW} no longer subscribes to list 11 "官网订阅"' in off.plain
    assert person(two_dialects, NEW, username, 11) is None
    assert [request.call for request in changes(two_dialects)] == ["ml-sub", "ml-unsub"]


async def test_a_few_are_told_apart_by_whether_they_are_there(office):
    await office.ask(LIN, f"contact subscribe 11 {NEW}")
    answer = await office.ask(LIN, f"contact subscribe 11 {NEW},b@shop.example c@shop.example, b@shop.example")
    assert "b@shop.example, c@shop.example now subscribe to list 11" in answer.plain
    assert f"There already: {NEW}" in answer.plain
    gone = await office.ask(LIN, f"contact unsubscribe 11 {NEW} nobody@shop.example")
    assert "Not in the list: nobody@shop.example" in gone.plain
    assert (
        "nobody@shop.example is not in list 11"
        in (await office.ask(LIN, "contact unsubscribe 11 nobody@shop.example")).plain
    )
    assert [request.call for request in changes(office)] == ["ml-sub", "ml-sub", "ml-unsub"]


@DIALECTS
async def test_five_hundred_go_in_one_call_and_the_lists_count_tells(two_dialects, edmbot, account, username):
    addresses = " ".join(f"s{n}@shop.example" for n in range(499))
    line = f"contact {{}} 11 {addresses} {{}} --account {account}"
    config = str(two_dialects.app_yaml)

    async def run(verb, last):
        text = line.format(verb, last)
        return (await edmbot("exec", "--config", config, text, environ=two_dialects.environ)).out

    there = "wang.wei.11-0@mail.example"
    on = await run("subscribe", there)
    assert ("500 addresses now subscribe to list 11" in on, "The list had 6,500 addresses and has 6,999" in on) == (
        True,
        True,
    )
    off = await run("unsubscribe", "nobody@shop.example")
    assert ("500 addresses no longer subscribe" in off, "The list had 6,999 addresses and has 6,500" in off) == (
        True,
        True,
    )
    assert [request.call for request in changes(two_dialects)] == ["ml-sub", "ml-unsub"]
    assert count(two_dialects, username, 11) == 6_500


async def test_more_than_five_hundred_are_refused(office, edmbot):
    addresses = " ".join(f"s{n}@shop.example" for n in range(501))
    finished = await edmbot("exec", f"contact subscribe 11 {addresses}", environ=office.terminal())
    assert (finished.status, "501 addresses are too many at once: 500 at most" in finished.out) == (2, True)
    assert office.box.requests == []


# Answers that never came


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("line", "call"),
    [
        (f"contact add 8 {NEW}", "ml-addr-add"),
        (f"contact subscribe 8 {NEW}", "ml-sub"),
        (f"contact unsubscribe 8 {ANNA}", "ml-unsub"),
    ],
)
async def test_a_time_out_is_an_unknown_outcome_and_is_asked_for_once(office, line, call):
    office.box.faults.inject("umail", "timeout", call=call)
    answer = await office.ask(LIN, line)
    assert "It may or may not have happened. /edm contact find 8 " in answer.plain
    assert [request.call for request in changes(office)] == [call]


@pytest.mark.parametrize(
    ("line", "call", "words"),
    [
        (f"contact add 8 {NEW}", "ml-addr-add", f"{NEW} is in list 8"),
        (f"contact edit 8 {ANNA} --name X", "ml-addr-edit", "Name: Anna → X"),
        (f"contact subscribe 8 {NEW}", "ml-sub", f"{NEW} now subscribes"),
        (f"contact unsubscribe 8 {ANNA}", "ml-unsub", f"{ANNA} no longer subscribes"),
    ],
)
async def test_a_lost_reply_is_settled_by_looking(two_dialects, line, call, words):
    two_dialects.box.faults.inject("umail_v3", "lost_reply", call=call)
    assert words in (await two_dialects.ask(LIN, f"{line} --account old")).plain
    assert len(changes(two_dialects)) == 1


@pytest.mark.usefixtures("impatient")
async def test_a_time_out_of_many_is_unknown_and_not_looked_up_one_by_one(office):
    office.box.faults.inject("umail", "timeout", call="ml-sub")
    addresses = " ".join(f"s{n}@shop.example" for n in range(9))
    answer = await office.ask(LIN, f"contact subscribe 11 {addresses}")
    assert "It may or may not have happened" in answer.plain
    assert [request.call for request in office.box.requests] == ["maillist-detail", "ml-sub"]


# Bad input


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("contact find 5", "Something is missing."),
        ("contact find", "Something is missing."),
        ('contact find 5 " "', "I cannot use"),
        ("contact find VIP anna", "VIP is no list id"),
        ("contact find 5 anna --page 0", "0 is no page: the first is 1."),
        ("contact add 5 anna", "anna is no e-mail address."),
        (f"contact add x {NEW}", "x is no list id"),
        (f"contact add 5 {NEW} --sex maybe", "I cannot use maybe there."),
        (f"contact add 5 {NEW} --birthday soon", "I cannot use soon there."),
        (f"contact add 5 {NEW} --var 11=x", "I cannot use 11=x there."),
        (f"contact edit 5 {NEW}", "What should change?"),
        (f"contact edit 5 {NEW} --new-address x", "x is no e-mail address."),
        ("contact delete 5 77", "77 is no e-mail address."),
        ("contact subscribe 5", "Something is missing."),
        (f"contact unsubscribe 5 {NEW} nonsense", "nonsense is no e-mail address."),
        (f"contact subscribe 5 {NEW} b@shop.example --name X", "One name cannot be that of 2 addresses."),
    ],
)
async def test_a_wrong_word_is_one_line_and_nothing_is_asked_of_the_vendor(office, line, words):
    assert words in (await office.ask(LIN, line)).plain
    assert office.box.requests == []


@pytest.mark.parametrize(
    "line",
    [f"contact find 99 {NEW}", f"contact add 99 {NEW}", f"contact delete 99 {NEW}", f"contact subscribe 99 {NEW}"],
)
async def test_an_unknown_list_is_said(office, line):
    assert "U-Mail knows no list 99" in (await office.ask(LIN, line)).plain
    assert changes(office) == []


@pytest.mark.parametrize(
    "line", ["contact find all x", f"contact add 5 {NEW}", f"contact delete 5 {NEW}", f"contact subscribe 5 {NEW}"]
)
async def test_single_addresses_are_for_operators(office, line):
    assert "That needs the role operator" in (await office.ask(VERA, line)).plain
    assert office.box.requests == []


async def test_who_may_change_one_account_only_changes_nothing_elsewhere(two_dialects):
    assert (
        "That needs the role operator" in (await two_dialects.ask(VERA, f"contact add 8 {NEW} --account umail")).plain
    )
    assert "is in list 8" in (await two_dialects.ask(VERA, f"contact add 8 {NEW} --account old")).plain


async def test_json_has_the_contacts_as_the_model_names_them(office, edmbot):
    told = json.loads((await edmbot("exec", "--json", f"contact find 8 {ANNA}", environ=office.terminal())).out)
    [found] = told["facts"]["contacts"]
    assert (found["address"], found["name"], found["birthday"]) == (ANNA, "Anna", str(date(1968, 9, 9)))
