"""Each id where it belongs. mypy reads this file; nothing runs it."""

from datetime import date

from providers.base import ReadsTasks, TellsTaskStats
from providers.capabilities import ExplainsFailures, KeepsContacts, KeepsTemplates, TracksTasks
from providers.contacts import ContactForm, ContactId, ListId, Scope
from providers.mailtemplates import AllAttachments, AttachmentId, TemplateId
from providers.model import BatchNumber, ReportKey, SendId, StatisticsId
from providers.tracking import EmailId, LinkId, TrackId


async def of_tasks(
    reads: ReadsTasks, tells: TellsTaskStats, tracks: TracksTasks, explains: ExplainsFailures
) -> ReportKey | None:
    task = await reads.task(SendId("19124"))
    stats = await tells.task_stats(SendId("19124"))
    report: ReportKey | None = stats.report if stats else None
    batch: BatchNumber | None = task.batch if task else None
    overview = await tracks.track_overview(task_id=task.id if task else None, batch=batch)
    statistics: StatisticsId | None = overview.statistics_id if overview else None
    explains.task_failure_table(statistics_id=statistics)
    explains.task_failure_table(batch=batch)
    explains.failure_reason_table(date(2026, 11, 20), date(2026, 11, 20), statistics_id=statistics)
    tracks.tracked([TrackId("1")], link_id=LinkId("2"), email_id=EmailId("3"))
    return report


async def of_contacts(keeps: KeepsContacts, templates: KeepsTemplates) -> None:
    page = await keeps.contacts(where=ListId("5"))
    await keeps.contacts(where=Scope.EVERY_LIST)
    for contact in page.contacts:
        if contact.id is not None:
            await keeps.delete_contact(contact.id)
    await keeps.delete_contact(ContactId("1"))
    await keeps.add_contact(ListId("5"), ContactForm(address="a@mail.example"))
    await templates.detach(TemplateId("16"), attachment=AttachmentId("7"))
    await templates.detach(TemplateId("16"), attachment=AllAttachments.ALL)
