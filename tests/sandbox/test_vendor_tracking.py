"""U-Mail's tracking, charges and mail log: counts that agree with each other, and grow as the mails go out."""

from datetime import timedelta

import pytest
from lxml import etree

from sandbox.contacts import generated_address

TRACKED = 19124


async def overview(umail, **params):
    text = (await umail("track.php", do="overview", **params)).text
    assert text.startswith("<track>")
    return {field.tag: field.text for field in etree.fromstring(text)}


async def test_opens_and_clicks_add_up_wherever_they_are_asked_for(umail, rows):
    counts = await overview(umail, id=TRACKED)
    users = rows(await umail("track.php", do="open-detail", id=TRACKED))
    clicks = rows(await umail("track.php", do="click-detail", id=TRACKED))
    links = rows(await umail("track.php", do="link-stat", id=TRACKED))

    assert len(users) == int(counts["open_unique"]) > 6_000
    assert sum(int(user["open_total"]) for user in users) == int(counts["open_total"])
    assert len(clicks) == int(counts["click_unique"]) == sum(int(link["click_unique"]) for link in links)
    assert min(user["open_first"] for user in users) == counts["open_first"]
    assert max(click["click_last"] for click in clicks) == counts["click_last"]
    assert len({user["email_id"] for user in users}) == len({user["email"] for user in users}) == len(users)
    assert int(counts["real_send_count"]) == 40_000


async def test_what_was_shown_stays_and_more_comes(box, umail, rows):
    before = rows(await umail("track.php", do="open-detail", id=TRACKED))
    box.clock.step(3_600)
    after = rows(await umail("track.php", do="open-detail", id=TRACKED))

    assert len(after) > len(before)
    assert {tuple(row.items()) for row in before} < {tuple(row.items()) for row in after}
    assert all(row["open_last"] <= "2026-11-20 11:04:00" for row in after)


async def test_a_task_that_has_not_started_has_zeroes(umail):
    counts = await overview(umail, id=19126)

    assert (counts["open_unique"], counts["open_first"]) == ("0", "0000-00-00 00:00:00")


async def test_the_batch_wins_over_the_id(umail):
    batch = (await overview(umail, id=19125))["task_sn"]

    assert (await overview(umail, id=TRACKED, ident=batch))["send_id"] == "19125"


async def test_a_link_may_be_picked(umail, rows):
    link = rows(await umail("track.php", do="link-stat", id=TRACKED))[1]
    picked = rows(await umail("track.php", do="click-detail", id=TRACKED, link_id=link["link_id"]))

    assert len(picked) == int(link["click_unique"])
    assert {row["link"] for row in picked} == {link["link"]}


async def test_a_task_tracked_for_opens_only_has_no_links(umail, rows):
    assert rows(await umail("track.php", do="link-stat", id=19125)) == []
    assert rows(await umail("track.php", do="click-detail", id=19125)) == []
    assert rows(await umail("track.php", do="open-detail", id=19125)) != []


async def test_a_track_export_is_a_text_of_addresses(umail, rows):
    track_id = (await overview(umail, id=TRACKED))["track_id"]
    everyone = (await umail("trackexport.php", track_id=track_id)).text.splitlines()
    clickers = (await umail("trackexport.php", track_id=track_id, is_click=1)).text.splitlines()
    users = rows(await umail("track.php", do="open-detail", id=TRACKED))
    link = rows(await umail("track.php", do="link-stat", id=TRACKED))[0]
    of_link = (await umail("trackexport.php", track_id=track_id, link_id=link["link_id"])).text.splitlines()

    assert everyone == [user["email"] for user in users]
    assert clickers == [user["email"] for user in users if user["click_total"] != "0"]
    assert len(of_link) == int(link["click_unique"])
    assert (await umail("trackexport.php", track_id=track_id, email_id=users[7]["email_id"])).text.split() == [
        users[7]["email"]
    ]


async def test_a_task_of_two_templates_has_two_tracking_ids(umail):
    track_id = (await overview(umail, id=19128))["track_id"]

    assert len(track_id.split(",")) == 2
    assert (await umail("trackexport.php", track_id=track_id)).text == ""


@pytest.mark.parametrize(
    ("script", "params", "word"),
    [
        ("track.php", {"do": "overview"}, "param_error"),
        ("track.php", {"do": "overview", "id": "x"}, "param_error"),
        ("track.php", {"do": "overview", "id": 99}, "not_exist"),
        ("track.php", {"do": "click-detail", "id": TRACKED, "link_id": 9}, "not_exist"),
        ("trackexport.php", {}, "param_error"),
        ("trackexport.php", {"track_id": "1;2"}, "param_error"),
        ("trackexport.php", {"track_id": "1", "is_click": 2}, "param_error"),
        ("trackexport.php", {"track_id": "1"}, "not_exist"),
        ("deduction.php", {}, "param_error"),
        ("maillog.php", {"date": "2026-11-20"}, "param_error"),
        ("maillog.php", {"mail_to": "a@b.example"}, "param_error"),
    ],
)
async def test_what_is_wrong_is_refused(umail, fields, script, params, word):
    assert fields(await umail(script, **params))["status"] == word


async def test_a_task_that_is_not_tracked_is_refused(box, umail, fields):
    box.world.task(19125).settings.track_status = 0

    assert fields(await umail("track.php", do="overview", id=19125))["status"] == "track_error"


async def test_v3_takes_one_tracking_id(umail_v3, fields):
    assert fields(await umail_v3("trackexport.php", track_id="1,2"))["status"] == "param_error"


async def test_a_days_charges_are_those_of_its_batches(umail, rows):
    charges = rows(await umail("deduction.php", date="2026-11-19"))
    batches = rows(await umail("stask.php", date="2026-11-19"))

    assert [charge["deduction"] for charge in charges] == ["Web群发", "SMTP群发"]
    assert sum(int(charge["total"]) for charge in charges) == sum(int(batch["point"]) for batch in batches)
    assert {charge["company"] for charge in charges} == {"小店 & Co. <网店>"}
    assert rows(await umail("deduction.php", date="2019-01-01")) == []


async def test_the_log_says_when_somebody_was_written_to(box, umail):
    found = (await umail("maillog.php", date="2026-11-19", mail_to=generated_address(5, 4))).json()["lists"]

    assert [row["mail_to"] for row in found] == [generated_address(5, 4)]
    assert found[0]["send_time"].startswith("2026-11-19")
    assert found[0]["subject"] == "十一月大促开始了"


@pytest.mark.parametrize("address", ["nobody@mail.example", generated_address(5, 89_999), generated_address(99, 1)])
async def test_an_empty_log_has_the_shape_of_the_document(umail, address):
    assert (await umail("maillog.php", date="2026-11-20", mail_to=address)).text == '{"lists": []}'


async def test_v3_has_no_log(umail_v3):
    assert (await umail_v3("maillog.php", date="2026-11-20", mail_to="a@b.example")).status_code == 404


async def test_readers_come_later_than_their_mails(box, umail, rows):
    task = box.world.task(TRACKED)
    for row in rows(await umail("track.php", do="open-detail", id=TRACKED))[:50]:
        assert row["open_first"] > (task.time_start + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")
