"""U-Mail's doors: who gets in, what is refused, what the demo shows."""

import csv
import io
from datetime import UTC, datetime
from hashlib import md5

import httpx
import pytest

from sandbox import Sandbox, WorldClock
from sandbox.mailing import Status

NEW_TASK = {"do": "add-task", "tpl_id": "18", "maillist_id": "7", "send_account": "all", "time": "2026-11-21 10:00"}


async def test_a_wrong_basic_password_is_401(box, http):
    answer = await http.get(box.umail.url + "account.php?do=service-info", auth=("demo-umail", "wrong"))

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


async def test_no_credentials_at_all_are_401(box, http):
    assert (await http.get(box.umail.url + "account.php?do=service-info")).status_code == 401


async def test_a_wrong_md5_password_is_an_error_result_under_200(box, http, fields):
    params = {"do": "service-info", "username": "demo-umail-v3", "password": "0" * 32}
    answer = await http.get(box.umail_v3.url + "account.php", params=params)

    assert answer.status_code == 200
    assert fields(answer)["status"] == "auth_error"


async def test_an_account_speaks_only_the_dialect_it_was_set_up_for(box, http, fields):
    basic, v3 = box.world.umail.values()
    as_basic = await http.get(box.umail.url + "account.php?do=service-info", auth=(v3.username, v3.password))
    digest = md5(basic.password.encode(), usedforsecurity=False).hexdigest()
    params = {"do": "service-info", "username": basic.username, "password": digest}

    assert as_basic.status_code == 401
    assert fields(await http.get(box.umail.url + "account.php", params=params))["status"] == "auth_error"


async def test_v3_wants_the_md5_and_not_the_password(box, http, fields):
    v3 = box.world.umail["demo-umail-v3"]
    params = {"do": "service-info", "username": v3.username, "password": v3.password}

    assert fields(await http.get(box.umail.url + "account.php", params=params))["status"] == "auth_error"


async def test_the_demo_has_the_credit_of_the_samples(umail, umail_v3, fields):
    service = fields(await umail("account.php", do="service-info"))
    v3 = fields(await umail_v3("account.php", do="service-info"))

    assert service["qty_available"] == "311016"
    assert service["qty_buytotal"] == "5000000"
    assert service["expiration_date"] == "2026-12-31"
    assert "service_type" not in service
    assert (v3["service_type"], v3["send_type"]) == ("all", "local")


async def test_a_stopped_service_says_so(box, umail, fields):
    box.world.umail["demo-umail"].enabled = False

    assert fields(await umail("account.php", do="service-info"))["service_status"] == "disabled"


async def test_the_demo_is_41200_into_its_campaign(umail, rows):
    task = rows(await umail("task.php", do="task-list", id=19124))[0]

    assert (task["send_count"], task["error_count"], task["send_qty_remak"]) == ("41200", "350", "90000")
    assert (task["send_status"], task["track_status"]) == ("2", "2")


@pytest.mark.parametrize("hour", range(0, 24, 5))
async def test_the_demo_shows_the_same_numbers_whenever_it_begins(http, fields, rows, hour):
    box = await Sandbox.start(WorldClock.stepped(datetime(2027, 3, 1, hour, 3, 7, 123456, tzinfo=UTC)))
    account = box.world.umail["demo-umail"]
    auth = (account.username, account.password)
    day = "2027-03-01" if hour < 16 else "2027-03-02"
    task = rows(await http.get(box.umail.url + "task.php?do=list-task&id=19124", auth=auth))[0]
    today = fields(await http.get(box.umail.url + f"statistic.php?date={day}", auth=auth))
    await box.stop()

    assert (task["send_count"], account.balance(box.clock.now())) == ("41200", 311_016)
    assert (today["actual_send"], today["send_error"], today["email_not_exist"]) == ("41163", "1163", "640")
    assert (today["invalid_addr"], today["format_error"]) == ("310", "12")
    assert (today["blacklist_count"], today["refuse_count"], today["jujue_count"]) == ("21", "7", "175")


async def test_the_demo_has_a_task_in_every_status(umail, rows):
    tasks = rows(await umail("task.php", do="task-list"))

    assert {int(task["send_status"]) for task in tasks} == {status.value for status in Status}
    assert [int(task["id"]) for task in tasks] == list(range(19131, 19117, -1))


async def test_the_past_fortnight_is_a_usual_one(umail, fields):
    for day in range(6, 20):
        counts = {
            k: int(v) for k, v in fields(await umail("statistic.php", date=f"2026-11-{day:02}")).items() if v.isdigit()
        }

        assert 0.978 < 1 - counts["send_error"] / counts["actual_send"] < 0.984
        assert 0.007 < counts["email_not_exist"] / counts["actual_send"] < 0.009


async def test_a_day_without_mail_is_all_zero(umail, fields):
    counts = fields(await umail("statistic.php", date="2019-01-01"))

    assert counts.pop("date") == "2019-01-01"
    assert set(counts.values()) == {"0"}


async def test_list_task_misspells_its_status_in_the_2019_dialect_only(umail, umail_v3, rows):
    new = rows(await umail("task.php", do="list-task", id=19126))[0]
    old = rows(await umail_v3("task.php", do="list-task", date="2026-11-20"))[0]

    assert new["send_satus"] == "1"
    assert "send_status" not in new
    assert "send_status" in old
    assert "send_satus" not in old


async def test_a_name_that_pings_is_escaped_for_xml_and_no_more(umail, rows):
    row = rows(await umail("task.php", do="list-task", id=19131))[0]

    assert row["list_name"] == "<!channel> *VIP* & _friends_"


async def test_no_task_is_an_empty_list(umail):
    answer = await umail("task.php", do="task-list", id=999)

    assert answer.text.endswith("<task_list></task_list>")


@pytest.mark.parametrize(
    ("script", "params"),
    [
        ("task.php", {"do": "list-task"}),
        ("task.php", {"do": "list-task", "state": "2"}),
        ("task.php", {"do": "list-task", "date": "2026-3-2"}),
        ("task.php", {"do": "list-task", "date": "2026-02-30"}),
        ("task.php", {"do": "list-task", "date": "2026-11-20", "state": "5"}),
        ("task.php", {"do": "list-task", "date": "2026-11-20", "page": "0"}),
        ("task.php", {"do": "list-task", "date": "2026-11-20", "limit": "21"}),
        ("task.php", {"do": "task-list", "limit": "21"}),
        ("task.php", {"do": "task-list", "send_status": "9"}),
        ("task.php", {"do": "task-list", "id": "x"}),
        ("statistic.php", {}),
        ("statistic.php", {"date": "20-11-2026"}),
        ("stask.php", {}),
        ("failexport.php", {"date": "2026-11-20"}),
        ("failexport.php", {"type": "9"}),
        ("failexport.php", {"type": "11", "date": "2026-11-20"}),
        ("failexport.php", {"type": "1", "date": "2026-11-20"}),
        ("failexport.php", {"type": "9", "date": "2026-11-20", "out_type": "xls"}),
        ("task.php", NEW_TASK | {"time": ""}),
        ("task.php", NEW_TASK | {"time": "tomorrow"}),
        ("task.php", NEW_TASK | {"tpl_id": ""}),
        ("task.php", NEW_TASK | {"tpl_id": "1;2"}),
        ("task.php", NEW_TASK | {"hour_speed": "99"}),
        ("task.php", NEW_TASK | {"hour_speed": "75001"}),
        ("task.php", NEW_TASK | {"send_qty_start": "0"}),
        ("task.php", NEW_TASK | {"send_qty_start": "50", "send_qty": "10"}),
        ("task.php", NEW_TASK | {"status": "3"}),
        ("task.php", NEW_TASK | {"track_status": "3"}),
        ("task.php", NEW_TASK | {"status": "2", "time": "2026-11-20 09:00"}),
        ("task.php", {"do": "edit-task"}),
        ("task.php", {"do": "del-task"}),
    ],
)
async def test_what_the_documents_do_not_allow_is_refused(umail, fields, script, params):
    answer = await umail(script, **params)

    assert answer.status_code == 200
    assert fields(answer)["status"] == "param_error"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"tpl_id": "99"}, "tpl_error"),
        ({"tpl_id": "23"}, "tpl_error"),
        ({"maillist_id": "99"}, "maillist_error"),
        ({"send_account": "ceo@bank.example"}, "send_account_error"),
        ({"send_domain": "bank.example"}, "send_domain_error"),
        ({"do": "edit-task", "id": "99"}, "not_exist"),
        ({"do": "fly-task"}, "do_error"),
    ],
)
async def test_what_is_not_there_is_refused(umail, fields, change, word):
    assert fields(await umail("task.php", **NEW_TASK | change))["status"] == word


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"do": "list-task"}, "param_error"),
        ({"do": "task-list", "send_status": "-4"}, "param_error"),
        (NEW_TASK | {"status": "-2"}, "param_error"),
        (NEW_TASK | {"maillist_id": "7,8"}, "param_error"),
        ({"do": "edit-task", "id": "7002", "send_status": "-2"}, "param_error"),
        ({"do": "edit-task", "id": "7002", "send_status": "-3"}, "param_error"),
    ],
)
async def test_v3_allows_less(umail_v3, fields, params, word):
    assert fields(await umail_v3("task.php", **params))["status"] == word


async def test_v3_has_no_failexportall(umail_v3):
    assert (await umail_v3("failexportall.php", type="9", date="2026-11-20")).status_code == 404


async def test_a_script_that_is_not_there_is_404(umail):
    assert (await umail("nothing.php", do="x")).status_code == 404


async def test_the_parameters_but_do_may_be_posted(box, http, rows):
    account = box.world.umail["demo-umail"]
    url = box.umail.url + "task.php?do=task-list"
    answer = await http.post(url, data={"id": "19124"}, auth=(account.username, account.password))

    assert [row["id"] for row in rows(answer)] == ["19124"]


async def test_pages_hold_ten_and_at_most_twenty(umail, rows):
    async def ids(**params):
        return [int(row["id"]) for row in rows(await umail("task.php", do="task-list", **params))]

    assert await ids(page=1) == list(range(19131, 19121, -1))
    assert await ids(page=2) == list(range(19121, 19117, -1))
    assert await ids(page=3) == []
    assert await ids(page=2, limit=4) == list(range(19127, 19123, -1))
    assert await ids(limit=20) == list(range(19131, 19117, -1))


async def test_v3_pages_hold_thirty(umail_v3, rows):
    assert len(rows(await umail_v3("task.php", do="task-list", page=1))) == 6


async def test_tasks_are_filtered_by_date_status_and_batch(umail, rows):
    async def ids(do, **params):
        return [int(row["id"]) for row in rows(await umail("task.php", do=do, **params))]

    batch = rows(await umail("task.php", do="list-task", id=19125))[0]["sn"]
    assert await ids("list-task", date="2026-11-19") == [19129, 19127, 19125]
    assert await ids("list-task", date="2026-11-18", date_end="2026-11-19", state=3) == [19125, 19122]
    assert await ids("list-task", date_end="2026-11-15") == [19118]
    assert await ids("list-task", ident=batch) == [19125]
    assert await ids("task-list", send_status=-2) == [19129]
    assert await ids("task-list", send_status="all", date="2026-11-19") == [19129, 19127, 19125]


async def test_stask_tells_a_task_apart_from_a_day(umail, rows):
    by_id = rows(await umail("stask.php", id=19125))
    by_day = rows(await umail("stask.php", date="2026-11-19"))
    both_ends = rows(await umail("stask.php", date="2026-11-18", date_end="2026-11-19"))

    assert [row["total"] for row in by_id] == ["90000"]
    assert by_id[0] in by_day
    assert len(by_day) == 4
    assert {row["task_date"] for row in both_ends} == {"2026-11-18", "2026-11-19"}
    assert [row for row in both_ends if row["task_date"] == "2026-11-19"] == by_day


async def test_the_rows_of_a_day_add_up_to_the_day(umail, rows, fields):
    tasks = rows(await umail("stask.php", date="2026-11-19"))
    day = fields(await umail("statistic.php", date="2026-11-19"))

    for of_task, of_day in {
        "total": "actual_send",
        "failed": "send_error",
        "email_not_exist": "email_not_exist",
    }.items():
        assert sum(int(task[of_task]) for task in tasks) == int(day[of_day])


async def test_an_smtp_batch_hides_what_was_not_sent(umail, rows):
    by_day = next(row for row in rows(await umail("stask.php", date="2026-11-18")) if "SMTP" in row["task_ident"])
    by_batch = rows(await umail("stask.php", ident=by_day["task_ident"]))[0]

    assert int(by_day["invalid"]) > 0
    assert by_batch == by_day | {"invalid": "0"}


async def test_exports_count_what_the_statistics_count(umail, rows):
    counts = rows(await umail("stask.php", id=19124))[0]

    async def exported(kind):
        return len((await umail("failexport.php", type=kind, task_ident=counts["task_ident"])).text.splitlines())

    assert await exported("not_exist") == 640
    assert await exported("2") == int(counts["over_quota"])
    assert await exported("user_reject") == int(counts["user_reject"])
    assert await exported("-1") == int(counts["failed"]) + int(counts["invalid"]) - int(counts["send_failed"])


async def test_a_missing_end_of_an_export_means_today(umail):
    since = (await umail("failexportall.php", type="9", date="2026-11-19", out_type="json")).json()
    yesterday = await umail("failexportall.php", type="9", date="2026-11-19", date_end="2026-11-19", out_type="json")

    assert len(since) == len(yesterday.json()) + 12


async def test_the_csv_export_is_a_file(umail):
    answer = await umail("failexportall.php", type="9", task_id="1019124", out_type="file")
    sheet = list(csv.reader(io.StringIO(answer.text)))

    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert sheet[0] == ["email", "type", "task_id"]
    assert {(row[1], row[2]) for row in sheet[1:]} == {("9", "1019124")}


async def test_the_hundred_and_first_add_task_of_an_hour_is_refused(box, umail, fields):
    for _ in range(99):
        assert fields(await umail("task.php", **NEW_TASK | {"status": -1}))["status"] == "success"
    assert fields(await umail("task.php", do="add-task"))["status"] == "param_error"
    assert fields(await umail("task.php", **NEW_TASK))["status"] == "limit_error"

    box.clock.step(3600)
    assert fields(await umail("task.php", **NEW_TASK))["status"] == "success"


async def test_the_empty_seed_has_accounts_and_nothing_sent(http, rows):
    box = await Sandbox.start(seed="empty")
    environ = box.environ()
    auth = (environ["UMAIL_USERNAME"], environ["UMAIL_PASSWORD"])
    answer = await http.get(environ["UMAIL_URL"] + "task.php?do=task-list", auth=auth)
    await box.stop()

    assert rows(answer) == []


async def test_only_loopback_is_served():
    with pytest.raises(ValueError, match="loopback"):
        await Sandbox.start(host="192.0.2.1")


async def test_a_port_can_be_chosen(http, unused_tcp_port):
    box = await Sandbox.start(ports={"umail": unused_tcp_port})
    assert f":{unused_tcp_port}/mm-ms/apinew/" in box.umail.url
    await box.stop()
    with pytest.raises(httpx.ConnectError):
        await http.get(box.umail.url)


async def test_every_request_is_recorded_without_its_password(box, umail, umail_v3, emailcar):
    await umail("task.php", do="task-list", id=19124)
    await umail_v3("statistic.php", date="2026-11-20")
    await emailcar("user/balance")

    assert [(one.vendor, one.call, one.method) for one in box.requests] == [
        ("umail", "task-list", "GET"),
        ("umail_v3", "statistic", "GET"),
        ("emailcar", "user/balance", "POST"),
    ]
    assert box.requests[0].params == {"do": "task-list", "id": "19124"}
    assert box.requests[1].params["password"] == "***"
    assert box.requests[2].params["api_pwd"] == "***"
    assert box.requests[2].time == box.clock.now()
