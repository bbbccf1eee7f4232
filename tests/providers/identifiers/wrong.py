"""One id in another's place, or none where one must be: every line marked `wrong` is an error of mypy's."""

from datetime import date

from providers.base import ChangesTasks, ReadsTasks, TellsTaskStats
from providers.capabilities import ExplainsFailures, KeepsContacts, KeepsLists, KeepsTemplates, TracksTasks
from providers.contacts import ContactForm, ContactId, ListId
from providers.mailtemplates import AttachmentId, TemplateId
from providers.model import BatchNumber, ReportKey, SendId, StatisticsId, TaskForm, TaskStatus

SEND, STATISTICS, REPORT, BATCH = SendId("1"), StatisticsId("2"), ReportKey("3"), BatchNumber("4")
TODAY = date(2026, 11, 20)


async def tasks(reads: ReadsTasks, changes: ChangesTasks, tells: TellsTaskStats) -> None:
    await reads.task(STATISTICS)  # wrong
    await reads.task(REPORT)  # wrong
    await reads.task(BATCH)  # wrong
    await reads.task("19124")  # wrong
    await tells.task_stats(STATISTICS)  # wrong
    await tells.task_stats(REPORT)  # wrong
    await changes.delete_task(STATISTICS)  # wrong
    await changes.edit_task(REPORT, TaskForm(), status=TaskStatus.PAUSED)  # wrong


async def tracking(tracks: TracksTasks, explains: ExplainsFailures) -> None:
    await tracks.track_overview(task_id=STATISTICS)  # wrong
    await tracks.track_overview(task_id=BATCH)  # wrong
    await tracks.track_overview(batch=SEND)  # wrong
    tracks.opener_table(task_id=REPORT)  # wrong
    tracks.click_table(batch=STATISTICS)  # wrong
    tracks.tracked([SEND])  # wrong
    explains.task_failure_table(statistics_id=SEND)  # wrong
    explains.task_failure_table(statistics_id=REPORT)  # wrong
    explains.task_failure_table(batch=SEND)  # wrong
    explains.failure_reason_table(TODAY, TODAY, statistics_id=SEND)  # wrong


async def contacts(keeps: KeepsContacts, lists: KeepsLists, templates: KeepsTemplates) -> None:
    await keeps.contacts()  # wrong
    await keeps.contacts(where=None)  # wrong
    await keeps.delete_contact(ListId("5"))  # wrong
    await keeps.add_contact(ContactId("5"), ContactForm(address="a@mail.example"))  # wrong
    await lists.empty_list()  # wrong
    await lists.empty_list(list_id=ContactId("5"))  # wrong
    await templates.detach(TemplateId("16"))  # wrong
    await templates.detach(TemplateId("16"), attachment=None)  # wrong
    await templates.detach(AttachmentId("7"), attachment=AttachmentId("7"))  # wrong
    await templates.delete_template(ListId("5"))  # wrong
