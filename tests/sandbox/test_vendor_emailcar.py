"""EmailCar's door."""

from hashlib import md5

import pytest

LETTER = {
    "from": "support@shop.example",
    "fromname": "客服",
    "to": "anna@mail.example",
    "subject": "您好",
    "html": "<p>您好</p>",
}


async def test_the_demo_has_the_points_of_the_samples(emailcar):
    answer = (await emailcar("user/balance")).json()

    assert answer["data"]["points"] == {"ad": "0", "email": "1024", "sms": "7"}


async def test_the_demo_has_today_of_the_samples(emailcar):
    answer = await emailcar("mail/stats", start_date="2026-11-20", end_date="2026-11-20")

    assert answer.json()["data"]["total"] == {"failure": 84, "request": 436, "success": 352}


@pytest.mark.parametrize("change", [{"api_user": "nobody"}, {"api_pwd": "wrong"}, {"api_pwd": ""}])
async def test_wrong_credentials_are_an_error(emailcar, change):
    answer = await emailcar("user/balance", **change)

    assert answer.json() == {"msg": "用户名或密码错误", "status": "error"}


@pytest.mark.parametrize("upper", [False, True])
async def test_the_password_may_be_an_md5_and_the_user_an_address(box, emailcar, upper):
    digest = md5(box.world.emailcar.password.encode(), usedforsecurity=False).hexdigest()
    answer = await emailcar("user/balance", api_user="demo@shop.example", api_pwd=digest.upper() if upper else digest)

    assert answer.json()["status"] == "success"


async def test_a_second_call_in_the_same_second_is_too_many(box, http, emailcar):
    await emailcar("user/balance")
    account = box.world.emailcar
    form = {"api_user": account.username, "api_pwd": account.password}
    hasty = await http.post(box.emailcar.url + "user/balance", data=form)

    assert hasty.status_code == 429
    assert hasty.headers["Retry-After"] == "1"
    assert hasty.json()["status"] == "error"
    assert (await emailcar("user/balance")).json()["status"] == "success"


async def test_only_post_is_answered(box, http):
    assert (await http.get(box.emailcar.url + "user/balance")).status_code == 405
    assert (await http.post(box.emailcar.url + "user/nothing")).status_code == 404


async def test_a_letter_costs_a_point_and_arrives(box, emailcar):
    sent = (await emailcar("mail/send", **LETTER, open=1)).json()
    number = sent["data"]["return"]["id"]
    under_way = (await emailcar("mail/lists", send_id=number)).json()["data"]
    box.clock.step(60)
    arrived = (await emailcar("mail/lists", send_id=number)).json()["data"]
    box.clock.step(600)
    opened = (await emailcar("mail/lists", send_id=number)).json()["data"]

    assert number > 2**53
    assert under_way["return"] == {"id": number}
    assert [each["0"]["status"] for each in (under_way, arrived, opened)] == ["1", "2", "2"]
    assert [each["0"]["guest_count"] for each in (under_way, arrived, opened)] == ["0", "0", "1"]
    assert arrived["0"]["replyto"] == "support@shop.example"
    assert (await emailcar("user/balance")).json()["data"]["points"]["email"] == "1023"


async def test_a_letter_that_fails_says_why(box, emailcar):
    number = (await emailcar("mail/send", **LETTER | {"to": "bounce@mail.example"})).json()["data"]["return"]["id"]
    box.clock.step(60)
    row = (await emailcar("mail/lists", send_id=number)).json()["data"]["0"]
    total = (await emailcar("mail/stats", send_id=number, start_date="1999-01-01")).json()["data"]["total"]

    assert row["status"] == "3"
    assert row["failure_msg"].startswith("550")
    assert total == {"failure": 1, "request": 1, "success": 0}


@pytest.mark.parametrize(
    ("shape", "read"),
    [
        ("list", lambda ids: len(ids) == 2 and ids[0] + 1 == ids[1]),
        ("map", lambda ids: set(ids) == {"anna@mail.example", "tom@mail.example"}),
        ("scalar", lambda ids: isinstance(ids, int)),
    ],
)
async def test_several_recipients_have_ids_in_the_chosen_shape(box, emailcar, shape, read):
    box.world.emailcar.id_shape = shape
    sent = (await emailcar("mail/send", **LETTER | {"to": "anna@mail.example;tom@mail.example"})).json()

    assert read(sent["data"]["return"]["id"])


async def test_one_id_for_two_recipients_finds_both(box, emailcar):
    box.world.emailcar.id_shape = "scalar"
    number = (await emailcar("mail/send", **LETTER | {"to": "a@mail.example;b@mail.example"})).json()["data"]["return"][
        "id"
    ]

    assert set((await emailcar("mail/lists", send_id=number)).json()["data"]) == {"0", "1", "return"}


@pytest.mark.parametrize(
    "change",
    [
        {"from": "stranger@shop.example"},
        {"from": ""},
        {"fromname": ""},
        {"to": ""},
        {"to": "not an address"},
        {"to": ";".join(f"a{n}@mail.example" for n in range(51))},
        {"subject": " "},
        {"html": ""},
        {"open": "yes"},
    ],
)
async def test_a_letter_that_breaks_the_rules_is_refused_and_costs_nothing(emailcar, change):
    answer = (await emailcar("mail/send", **LETTER | change)).json()

    assert answer["status"] == "error"
    assert "data" not in answer
    assert (await emailcar("user/balance")).json()["data"]["points"]["email"] == "1024"


async def test_fifty_recipients_are_allowed_but_not_more_than_there_are_points(box, emailcar):
    to = ";".join(f"a{n}@mail.example" for n in range(50))
    assert (await emailcar("mail/send", **LETTER | {"to": to})).json()["status"] == "success"
    box.world.emailcar.points_email = 49

    assert (await emailcar("mail/send", **LETTER | {"to": to})).json()["status"] == "error"


async def test_pages_hold_twenty_and_at_most_forty(emailcar):
    today = {"start_date": "2026-11-20", "end_date": "2026-11-20"}
    pages = [(await emailcar("mail/lists", **today, p=page, page_size=40)).json() for page in (1, 11, 12)]

    assert len(pages[0]["data"]) == 40
    assert len(pages[1]["data"]) == 36
    assert pages[2] == {"msg": "没有找到数据", "status": "error"}
    assert (await emailcar("mail/lists", **today, page_size=41)).json()["status"] == "error"
    assert (await emailcar("mail/lists", start_date="2026-1-2")).json()["status"] == "error"


async def test_rows_may_come_as_php_makes_them_of_an_array(box, emailcar):
    box.world.emailcar.rows_shape = "array"
    data = (await emailcar("mail/lists", page_size=3)).json()["data"]

    assert isinstance(data, list)
    assert len(data) == 3


async def test_an_id_that_never_was_is_no_data(emailcar):
    assert (await emailcar("mail/lists", send_id=1)).json() == {"msg": "没有找到数据", "status": "error"}
    assert (await emailcar("mail/stats", send_id=1)).json()["data"]["total"]["request"] == 0
