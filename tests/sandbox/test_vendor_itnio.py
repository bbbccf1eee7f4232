"""ITNIO's door."""

import pytest

CALL = "getSendEmailRcd"


@pytest.fixture
def itnio(box, http, sign):
    async def ask(ids, *, headers=None, app_id="demoapp1"):
        params = {"appId": app_id, "emailId": ids}
        answer = await http.get(box.itnio.url + CALL, params=params, headers=headers or sign())
        return answer.json()

    return ask


async def test_messages_are_found_in_every_stage(box, itnio):
    answer = await itnio(",".join(box.world.itnio.messages))

    assert {key: answer[key] for key in ("status", "success", "fail", "sending", "nofound")} == {
        "status": "0",
        "success": "3",
        "fail": "2",
        "sending": "2",
        "nofound": "2",
    }
    assert [row["status"] for row in answer["array"]] == ["0"] * 3 + ["-1"] * 2 + ["1"] * 2


async def test_a_message_moves_from_queue_to_outcome(box, itnio):
    number = box.world.itnio.submit("anna@mail.example", box.clock.now(), fails=False)
    queued = await itnio(number)
    box.clock.step(30)
    sending = await itnio(number)
    box.clock.step(30)
    delivered = await itnio(number)

    assert number.startswith("261120100400")
    assert len(number) == 19
    assert (queued["nofound"], queued["array"]) == ("1", [])
    assert [row["status"] for row in sending["array"]] == ["-1"]
    assert delivered["array"] == [
        {
            "emailId": number,
            "toAddress": "anna@mail.example",
            "receiveTime": "2026-11-20T10:04:00+08:00",
            "status": "0",
        }
    ]


async def test_a_message_that_fails_has_no_time(box, itnio):
    number = box.world.itnio.submit("bounce@mail.example", box.clock.now())
    box.clock.step(60)

    assert [(row["status"], row["receiveTime"]) for row in (await itnio(number))["array"]] == [("1", "")]


async def test_an_id_that_never_was_is_not_found(itnio):
    answer = await itnio("2208031112341000001")

    assert (answer["status"], answer["nofound"], answer["array"]) == ("0", "1", [])


async def test_post_with_a_json_body_answers_the_same(box, http, sign, itnio):
    ids = ",".join(box.world.itnio.messages)
    body = {"appId": "demoapp1", "emailId": ids}
    posted = await http.post(box.itnio.url + CALL, json=body, headers=sign())

    assert posted.json() == await itnio(ids)
    assert box.requests[0].params["emailId"] == ids


async def test_200_ids_are_the_most(itnio):
    assert (await itnio(",".join(["2208031112341000001"] * 200)))["status"] == "0"
    assert (await itnio(",".join(["2208031112341000001"] * 201)))["status"] == "-28"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Sign": "0" * 32}, "-1"),
        ({"Api-Key": "nobody"}, "-1"),
        ({"Timestamp": "1"}, "-1"),
        ({"Content-Type": "text/plain"}, "-5"),
    ],
)
async def test_wrong_headers_are_refused(sign, itnio, change, status):
    answer = await itnio("2208031112341000001", headers=sign() | change)

    assert answer["status"] == status
    assert (answer["success"], answer["array"]) == ("0", [])


async def test_the_sign_is_lower_case(sign, itnio):
    headers = sign()

    assert (await itnio("2208031112341000001", headers=headers | {"Sign": headers["Sign"].upper()}))["status"] == "-1"


async def test_a_sign_of_another_secret_is_refused(sign, itnio):
    assert (await itnio("2208031112341000001", headers=sign(secret="other")))["status"] == "-1"


async def test_an_old_timestamp_is_refused(sign, itnio):
    assert (await itnio("2208031112341000001", headers=sign(late=301)))["status"] == "-6"
    assert (await itnio("2208031112341000001", headers=sign(late=299)))["status"] == "0"


@pytest.mark.parametrize("ids", ["", "abc", "1,2", "2208031112341000001,"])
async def test_a_bad_id_is_refused(itnio, ids):
    assert (await itnio(ids))["status"] == "-5"


async def test_another_application_is_refused(itnio):
    assert (await itnio("2208031112341000001", app_id="other"))["status"] == "-1"


async def test_a_locked_user_is_told(box, itnio):
    box.world.itnio.locked = True

    assert (await itnio("2208031112341000001"))["status"] == "-4"


async def test_a_body_that_is_no_json_is_an_empty_field(box, http, sign):
    answer = await http.post(box.itnio.url + CALL, content=b'{"appId": "demoapp1",}', headers=sign())

    assert answer.json()["status"] == "-5"
