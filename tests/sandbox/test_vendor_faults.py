"""Faults: each does what it is called, to the calls it is meant for, as often as it was asked to."""

import asyncio

import httpx
import pytest

from sandbox.mailing import Status

ADD = {"do": "add-task", "tpl_id": "18", "maillist_id": "7", "send_account": "all", "time": "2026-11-21 10:00"}


async def test_a_timeout_does_nothing_and_says_nothing(box, http, umail):
    box.faults.inject("umail", "timeout", call="add-task")
    http.timeout = 0.05
    with pytest.raises(httpx.ReadTimeout):
        await umail("task.php", **ADD)

    assert 19132 not in box.world.umail["demo-umail"].tasks
    assert (await umail("account.php", do="service-info")).status_code == 200


async def test_a_held_answer_is_let_go_when_the_faults_are_cleared(box, umail):
    box.faults.inject("umail", "timeout")
    asked = asyncio.create_task(umail("account.php", do="service-info"))
    while not box.requests:
        await asyncio.sleep(0.001)
    box.faults.clear()

    with pytest.raises(httpx.RemoteProtocolError):
        await asked


async def test_a_lost_reply_has_done_the_work(box, umail):
    box.faults.inject("umail", "lost_reply", call="add-task")
    with pytest.raises(httpx.RemoteProtocolError):
        await umail("task.php", **ADD)

    assert 19132 in box.world.umail["demo-umail"].tasks


async def test_a_reset_has_not(box, umail):
    box.faults.inject("umail", "reset")
    with pytest.raises(httpx.ReadError):
        await umail("task.php", **ADD)

    assert 19132 not in box.world.umail["demo-umail"].tasks


async def test_down_stays_until_it_is_cleared(box, umail, umail_v3):
    box.faults.inject("umail", "down")
    for _ in range(3):
        with pytest.raises(httpx.ReadError):
            await umail("account.php", do="service-info")
    assert (await umail_v3("account.php", do="service-info")).status_code == 200
    box.faults.clear("umail")

    assert (await umail("account.php", do="service-info")).status_code == 200


async def test_a_door_can_refuse_connections_and_open_again(box, umail):
    url = box.umail.url
    await box.umail.refuse_connections()
    with pytest.raises(httpx.ConnectError):
        await umail("account.php", do="service-info")
    await box.umail.accept_connections()

    assert (await umail("account.php", do="service-info")).status_code == 200
    assert box.umail.url == url


async def test_statuses_and_their_headers(box, umail):
    box.faults.inject("umail", "http_500")
    box.faults.inject("umail", "http_429", seconds=7)
    first, second = await umail("statistic.php"), await umail("statistic.php")

    assert first.status_code == 500
    assert (second.status_code, second.headers["Retry-After"]) == (429, "7")


async def test_bodies_that_are_not_what_they_should_be(box, umail, emailcar):
    whole = (await umail("task.php", do="task-list", id=19124)).content
    answers = {}
    for kind in ("html", "truncated", "gbk"):
        box.faults.inject("umail", kind)
        answers[kind] = await umail("task.php", do="task-list", id=19124)
    box.faults.inject("emailcar", "garbage_json")
    garbage = await emailcar("user/balance")

    assert "用户登录" in answers["html"].text
    assert whole.startswith(answers["truncated"].content)
    assert len(answers["truncated"].text) == len(whole.decode()) // 2
    assert answers["gbk"].content == whole.decode().encode("gbk")
    assert answers["gbk"].headers["Content-Type"] == "text/xml; charset=utf-8"
    with pytest.raises(ValueError, match="Extra data"):
        garbage.json()


async def test_gbk_is_never_readable_as_utf8(box, umail):
    box.faults.inject("umail", "gbk")

    with pytest.raises(UnicodeDecodeError):
        (await umail("account.php", do="service-info")).content.decode()


async def test_slow_answers_late_but_well(box, umail):
    box.faults.inject("umail", "slow", seconds=0.02)
    before = asyncio.get_running_loop().time()
    answer = await umail("account.php", do="service-info")

    assert answer.status_code == 200
    assert asyncio.get_running_loop().time() - before >= 0.02


async def test_a_silent_accept_changes_nothing(box, umail, fields):
    box.faults.inject("umail", "silent_accept")
    await umail("account.php", do="service-info")
    answer = await umail("task.php", do="edit-task", id=19124, send_status=-2)
    assert fields(answer)["status"] == "success"
    assert box.world.task(19124).status is Status.SENDING
    await umail("task.php", do="edit-task", id=19124, send_status=-2)

    assert box.world.task(19124).status is Status.PAUSED


async def test_a_late_apply_comes_in_its_time(box, umail):
    box.faults.inject("umail", "late_apply", seconds=90)
    await umail("task.php", do="edit-task", id=19124, send_status=-2)
    box.clock.step(89)
    assert box.world.task(19124).status is Status.SENDING
    box.clock.step(3_600)
    task = box.world.task(19124)

    assert task.status is Status.PAUSED
    assert task.position(box.clock.now()) == 41_550 + 300


@pytest.mark.parametrize(("kind", "left"), [("silent_accept", 1), ("late_apply", 0)])
async def test_a_deletion_can_be_silent_or_late_too(box, umail, rows, kind, left):
    box.faults.inject("umail", kind, seconds=10)
    await umail("task.php", do="del-task", id=19128)
    assert len(rows(await umail("task.php", do="task-list", id=19128))) == 1
    box.clock.step(10)

    assert len(rows(await umail("task.php", do="task-list", id=19128))) == left


async def test_a_fault_strikes_its_own_call_as_often_as_asked(box, umail, umail_v3):
    box.faults.inject("umail", "http_500", call="task-list", times=2)
    statuses = [(await umail("task.php", do="task-list")).status_code for _ in range(3)]

    assert (await umail("account.php", do="service-info")).status_code == 200
    assert statuses == [500, 500, 200]
    box.faults.inject("umail_v3", "http_500")
    assert (await umail("statistic.php")).status_code == 200
    assert (await umail_v3("statistic.php")).status_code == 500


async def test_faults_come_in_the_order_they_were_put_in(box, umail):
    box.faults.inject("umail", "http_429")
    box.faults.inject("umail", "http_500")

    assert [(await umail("statistic.php")).status_code for _ in range(3)] == [429, 500, 200]


async def test_itnio_and_emailcar_can_fail_too(box, http, sign, emailcar):
    box.faults.inject("itnio", "http_500", call="getSendEmailRcd")
    box.faults.inject("emailcar", "lost_reply", call="mail/send")
    assert (await http.get(box.itnio.url + "getSendEmailRcd", headers=sign())).status_code == 500
    letter = {"from": "support@shop.example", "fromname": "x", "to": "a@b.example", "subject": "s", "html": "h"}
    with pytest.raises(httpx.RemoteProtocolError):
        await emailcar("mail/send", **letter)

    assert box.world.emailcar.points_email == 1_023


async def test_a_struck_request_is_recorded_too(box, umail):
    box.faults.inject("umail", "http_500")
    await umail("statistic.php", date="2026-11-20")

    assert [one.call for one in box.requests] == ["statistic"]


async def test_a_misspelt_fault_is_refused(box):
    with pytest.raises(ValueError, match="no fault"):
        box.faults.inject("umail", "timeuot")
    with pytest.raises(ValueError, match="no vendor"):
        box.faults.inject("mailchimp", "timeout")
