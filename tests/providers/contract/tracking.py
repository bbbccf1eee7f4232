"""The contract's rows for opens and clicks (000 and 001, chapter 3)."""

from providers.capabilities import TracksTasks
from providers.tracking import LinkClicks, Tracked, TrackOverview
from sandbox.umail.readers import Reader, readers, totals
from tests.providers.contract.place import Place
from tests.providers.contract.row import NO_DATA, NOT_EXIST, How, Row, gathered, lines, several, single, tabled

OPENER = "<user><email_id>#</email_id><email>a#@mail.example</email><open_total>#</open_total></user>"
CLICK = "<click><click_id>#</click_id><email>a#@mail.example</email><link>https://shop.example/</link></click>"
LINK = "<link><link_id>#</link_id><link>https://shop.example/#</link><click_unique>#</click_unique></link>"
TRACK = (
    "<track><track_id>2191240</track_id><task_id>1025694</task_id><task_sn>b-1</task_sn>"
    f"<send_count>9</send_count><link_statistic>{LINK.replace('#', '1')}</link_statistic></track>"
)


def people(place: Place) -> list[Reader]:
    return list(readers(place.task, place.now))


ROWS = (
    Row(
        endpoint="track.php?do=overview",
        capability=TracksTasks,
        method="track_overview",
        ask=lambda client, names: client.track_overview(task_id=names.task),
        said=single(TRACK, NO_DATA, NOT_EXIST),
        proof=lambda found, place: (
            (found.track_ids, found.statistics_id, found.batch, found.opened_unique),
            ((place.names.track,), place.names.statistics, place.names.batch, len(people(place))),
        ),
        found=(TrackOverview,),
    ),
    Row(
        endpoint="track.php?do=open-detail",
        capability=TracksTasks,
        method="opener_table",
        ask=lambda client, names: tabled(client.opener_table(batch=names.batch)),
        said=several("data", OPENER),
        proof=lambda found, place: (
            [(row["address"], row["first_open"]) for row in found],
            [(one.email, one.first.replace(microsecond=0)) for one in people(place)],
        ),
        how=How.STREAM,
        found=(dict,),
    ),
    Row(
        endpoint="track.php?do=click-detail",
        capability=TracksTasks,
        method="click_table",
        ask=lambda client, names: tabled(client.click_table(task_id=names.task)),
        said=several("data", CLICK),
        proof=lambda found, place: (
            [row["address"] for row in found],
            [one.email for one in people(place) if one.clicks],
        ),
        how=How.STREAM,
        found=(dict,),
    ),
    Row(
        endpoint="track.php?do=link-stat",
        capability=TracksTasks,
        method="link_clicks",
        ask=lambda client, names: client.link_clicks(task_id=names.task),
        said=several("data", LINK),
        proof=lambda found, place: (
            [one.clicked_unique for one in found],
            [one.unique for one in totals(place.task, place.now)[2]],
        ),
        found=(LinkClicks,),
    ),
    Row(
        endpoint="trackexport.php",
        capability=TracksTasks,
        method="tracked",
        ask=lambda client, names: gathered(client.tracked([names.track], clicked_only=True)),
        said=lines("a#@mail.example"),
        proof=lambda found, place: (
            [one.address for one in found],
            [one.email for one in people(place) if one.clicks],
        ),
        how=How.STREAM,
        found=(Tracked,),
    ),
)
