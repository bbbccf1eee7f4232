"""What edit-task and del-task do: transitions, and the fields that are reset when they are left out."""

from datetime import UTC, datetime

import pytest

from sandbox.mailing import DISPATCH, Settings, Status

NOON = "2026-11-20 12:00:00"
KEEP = {
    "send_domain": "shop.example",
    "send_account": "news@shop.example",
    "send_fullname": "小店",
    "send_replyto": "service@shop.example",
    "hour_speed": 12000,
    "track_status": 2,
}


async def edit(umail, number, **params):
    answer = await umail("task.php", do="edit-task", id=number, **params)
    assert "<status>success</status>" in answer.text


async def test_a_pause_stops_the_sending_where_it_is(box, umail, rows):
    box.clock.step(60)
    await edit(umail, 19124, send_status=-2, **KEEP)
    box.clock.step(3_600)
    row = rows(await umail("task.php", do="task-list", id=19124))[0]

    assert row["send_status"] == "-2"
    assert int(row["send_count"]) + int(row["error_count"]) == 41_550 + 200
    assert row["time_end"] == "0000-00-00 00:00:00"


async def test_a_resumed_task_waits_a_moment_and_goes_on_from_there(box, umail, rows):
    await edit(umail, 19129, send_status=1, hour_speed=6_000)
    assert rows(await umail("task.php", do="task-list", id=19129))[0]["send_status"] == "1"
    box.clock.step(DISPATCH.total_seconds() + 600)
    row = rows(await umail("task.php", do="task-list", id=19129))[0]

    assert row["send_status"] == "2"
    assert int(row["send_count"]) + int(row["error_count"]) == 25_000 + 1_000


async def test_a_resumed_task_waits_for_its_send_time(box, umail):
    await edit(umail, 19129, send_status=1, send_time=NOON)
    box.clock.step(3_600)
    assert box.world.task(19129).status is Status.WAITING
    box.clock.step(3_600)

    assert box.world.task(19129).status is Status.SENDING


async def test_an_edit_resets_what_it_leaves_out(box, umail):
    before = box.world.task(19124).settings
    await edit(umail, 19124)
    task = box.world.task(19124)

    assert task.settings == Settings(before.template_ids, before.list_ids, before.send_time)
    assert (task.settings.send_account, task.settings.send_domain, task.settings.send_qty) == ("all", "all", 0)
    assert (task.settings.track_status, task.settings.is_need_receipt, task.settings.subs_link) == (0, 0, 1)
    assert task.settings.hour_speed != before.hour_speed
    assert task.status is Status.WAITING


async def test_an_edit_that_leaves_the_status_out_sends_a_held_task_off(box, umail):
    await edit(umail, 19128, send_time=NOON)
    box.clock.step(2 * 3_600)

    assert box.world.task(19128).status is Status.SENDING


async def test_an_edit_that_repeats_the_fields_keeps_them(box, umail):
    before = box.world.task(19124).settings
    await edit(umail, 19124, send_status=-2, **KEEP)

    assert box.world.task(19124).settings == before


async def test_the_time_of_the_sample_url_is_not_read(box, umail):
    before = box.world.task(19126).settings.send_time
    await edit(umail, 19126, time="2030-01-01 10:00")
    assert box.world.task(19126).settings.send_time == before
    await edit(umail, 19126, send_time="2026-11-21 9:30")

    assert box.world.task(19126).settings.send_time == datetime(2026, 11, 21, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("number", [19118, 19119, 19120, 19127])
@pytest.mark.parametrize("status", [1, 2, -1, -2, -3])
async def test_what_has_ended_stays_as_it_is_behind_a_success(box, umail, number, status):
    task = box.world.task(number)
    before = (task.status, task.settings, task.time_end)
    await edit(umail, number, send_status=status)

    assert (task.status, task.settings, task.time_end) == before


@pytest.mark.parametrize("status", [0, 3, -4, -5])
async def test_what_only_the_platform_sets_changes_nothing(box, umail, status):
    await edit(umail, 19124, send_status=status)

    assert box.world.task(19124).status is Status.SENDING
    assert box.world.task(19124).settings.send_account == "news@shop.example"


@pytest.mark.parametrize(
    ("number", "asked", "expected"),
    [
        (19126, -1, Status.HELD),
        (19126, -3, Status.CANCELLED),
        (19124, 4, Status.STOPPED),
        (19124, -3, Status.CANCELLED),
        (19124, -1, Status.HELD),
        (19128, 2, Status.SENDING),
        (19123, -2, Status.PAUSED),
        (19130, -1, Status.HELD),
        (19126, 4, Status.WAITING),
    ],
)
async def test_the_transitions(box, umail, number, asked, expected):
    await edit(umail, number, send_status=asked)

    assert box.world.task(number).status is expected


async def test_a_cancelled_task_has_an_end(box, umail, rows):
    await edit(umail, 19124, send_status=-3)
    row = rows(await umail("task.php", do="task-list", id=19124))[0]

    assert row["time_end"] == "2026-11-20 10:04:00"


async def test_v3_holds_and_starts_a_task(box, umail_v3):
    await edit(umail_v3, 7002, send_status=-1)
    assert box.world.task(7002).status is Status.HELD
    await edit(umail_v3, 7002, send_status=1)
    box.clock.step(60)

    assert box.world.task(7002).status is Status.SENDING


async def test_a_new_task_keeps_what_it_was_given(box, umail, fields, rows):
    params = {"do": "add-task", "tpl_id": "18,19", "maillist_id": "7,8", "time": "2026-11-20 20:15", "status": -1}
    added = fields(await umail("task.php", **params, send_qty_start=101, send_qty=600, **KEEP))
    row = rows(await umail("task.php", do="task-list", id=added["id"]))[0]
    settings = box.world.task(int(added["id"])).settings

    assert added["id"] == "19132"
    assert (row["send_qty"], row["send_qty_remak"]) == ("600", "500")
    assert (row["send_status"], row["send_time"]) == ("-1", "2026-11-20 20:15:00")
    assert (settings.template_ids, settings.list_ids, settings.hour_speed) == ([18, 19], [7, 8], 12_000)


async def test_a_new_task_without_a_status_waits_for_its_time(box, umail, fields):
    params = {"do": "add-task", "tpl_id": 18, "maillist_id": 7, "send_account": "all", "time": "2026-11-20"}
    number = int(fields(await umail("task.php", **params))["id"])

    assert box.world.task(number).status is Status.WAITING


async def test_a_new_task_to_be_sent_at_once_is_sent_at_once(box, umail, fields):
    params = {"do": "add-task", "tpl_id": 18, "maillist_id": 7, "send_account": "all", "time": NOON, "status": 2}
    number = int(fields(await umail("task.php", **params))["id"])

    assert box.world.task(number).status is Status.SENDING


async def test_a_deleted_task_is_gone_but_what_it_sent_stays_counted(umail, rows, fields):
    before = fields(await umail("statistic.php", date="2026-11-19"))
    credit = fields(await umail("account.php", do="service-info"))
    await umail("task.php", do="del-task", id=19125)

    assert rows(await umail("task.php", do="task-list", id=19125)) == []
    assert fields(await umail("statistic.php", date="2026-11-19")) == before
    assert fields(await umail("account.php", do="service-info")) == credit
    assert fields(await umail("task.php", do="del-task", id=19125))["status"] == "not_exist"


async def test_a_sending_task_cannot_be_deleted_though_the_answer_says_so(umail, rows, fields):
    assert fields(await umail("task.php", do="del-task", id=19124))["status"] == "success"

    assert len(rows(await umail("task.php", do="task-list", id=19124))) == 1


async def test_an_account_does_not_reach_anothers_tasks(umail_v3, fields, box):
    answer = await umail_v3("task.php", do="edit-task", id=19124, send_status=-1)

    assert fields(answer)["status"] == "not_exist"
    assert box.world.task(19124).status is Status.SENDING
