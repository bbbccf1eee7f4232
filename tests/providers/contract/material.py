"""The contract's rows for templates, domains, mailboxes and the console (000 and 001, chapters 5, 7 and 8)."""

from pydantic import SecretStr

from providers.capabilities import KeepsDomains, KeepsMailboxes, KeepsTemplates
from providers.domains import Domain, DomainAdded, DomainCheck, DomainState, Mailbox
from providers.http import EXPORT_DEADLINES
from providers.mailtemplates import CheckState, MailTemplate, TemplateCheck, TemplateForm
from sandbox.umail.domains import SYSTEM
from tests.providers.contract.place import Place
from tests.providers.contract.row import (
    EVERY_UMAIL,
    MANAGERS,
    NO_DATA,
    NOT_EXIST,
    How,
    Row,
    done,
    gathered,
    several,
    single,
)

TEMPLATE = "<template><id>#</id><name><![CDATA[大促 #]]></name><subject><id>1</id><name>x</name></subject></template>"
CHECK = "<template><id>17</id><name>大促</name><status>1</status><size_status>1</size_status><size>9</size></template>"
DOMAIN = "<data><customer_id>7020</customer_id><domain>d#.example</domain></data>"
CHECKED = (
    "<domain><customer_id>7020</customer_id><domain_id>#</domain_id><val>d#.example</val><status>3</status></domain>"
)
MAILBOX = "<data><customer_id>7020</customer_id><name>n#</name><mailbox>n#@shop.example</mailbox></data>"
FORM = TemplateForm(name="新模板", subjects=("甲", "乙 & b"), content="<p>你好</p>")
SECRET = SecretStr("neu-开门&1")
ADDED = "<result><status>success</status><data>4000</data></result>"
FRESH = "neu@{}"
OTHERS = ("ready.example", "no.example")


def template(place: Place, number: object) -> object:
    return place.account.templates.get(int(str(number)))


def one_template(number: str) -> str:
    return f"<template_list>{TEMPLATE.replace('#', number)}</template_list>"


ROWS = (
    Row(
        endpoint="template.php?do=list-tpl",
        capability=KeepsTemplates,
        method="mail_templates",
        ask=lambda client, names: gathered(client.mail_templates()),
        said=several("template_list", TEMPLATE),
        proof=lambda found, place: (
            [(one.id, one.name, "|".join(one.subjects)) for one in found],
            [(str(one.id), one.name, one.subject) for one in place.account.templates.values()],
        ),
        how=How.STREAM,
        found=(MailTemplate,),
    ),
    Row(
        endpoint="template.php?do=list-tpl",
        capability=KeepsTemplates,
        method="mail_template",
        ask=lambda client, names: client.mail_template(names.template),
        said=single(one_template("17"), "<template_list/>", NO_DATA, one_template("18")),
        proof=lambda found, place: (
            (found.name, [(one.id, one.name) for one in found.attachments]),
            (template(place, 17).name, [(place.names.attachment, "价格.txt")]),
        ),
        found=(MailTemplate,),
    ),
    Row(
        endpoint="template.php?do=get-tpl-status",
        capability=KeepsTemplates,
        method="check_template",
        kinds=("umail",),
        ask=lambda client, names: client.check_template(names.template),
        said=single(CHECK, "<template/>", NO_DATA, NOT_EXIST),
        proof=lambda found, place: (
            (found.id, found.state, found.size_kb),
            (place.names.template, CheckState.PASSED, template(place, 17).kilobytes),
        ),
        found=(TemplateCheck,),
    ),
    Row(
        endpoint="template.php?do=add-tpl",
        capability=KeepsTemplates,
        method="add_template",
        ask=lambda client, names: client.add_template(FORM, attachments=[(names.file, "说明.txt")]),
        said=done("<result><status>success</status><data>24</data></result>"),
        proof=lambda found, place: (
            (template(place, found).subject, [name for name, _ in template(place, found).attachments.values()]),
            ("甲|乙 & b", ["说明.txt"]),
        ),
        how=How.CHANGE,
        deadlines=EXPORT_DEADLINES,
        found=(str,),
    ),
    Row(
        endpoint="template.php?do=edit-tpl",
        capability=KeepsTemplates,
        method="edit_template",
        ask=lambda client, names: client.edit_template(names.template, FORM),
        said=done(),
        proof=lambda found, place: (template(place, 17).name, FORM.name),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="template.php?do=del-tpl",
        capability=KeepsTemplates,
        method="delete_template",
        ask=lambda client, names: client.delete_template(names.template),
        said=done(),
        proof=lambda found, place: (template(place, 17), None),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="template.php?do=tpl-attachment-add",
        capability=KeepsTemplates,
        method="attach",
        ask=lambda client, names: client.attach(names.template, [(names.file, "a.txt"), (names.file, "b.txt")]),
        said=done(),
        proof=lambda found, place: (
            [name for name, _ in template(place, 17).attachments.values()],
            ["价格.txt", "a.txt", "b.txt"],
        ),
        how=How.CHANGE,
        deadlines=EXPORT_DEADLINES,
        found=(type(None),),
    ),
    Row(
        endpoint="template.php?do=tpl-attachment-del",
        capability=KeepsTemplates,
        method="detach",
        ask=lambda client, names: client.detach(names.template, attachment=names.attachment),
        said=done(),
        proof=lambda found, place: (template(place, 17).attachments, {}),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="bs.php?do=domain-list",
        capability=KeepsDomains,
        method="domains",
        kinds=EVERY_UMAIL,
        ask=lambda client, names: client.domains(),
        said=several("domain_list", DOMAIN),
        proof=lambda found, place: (
            [(one.name, one.system) for one in found],
            [(SYSTEM, True), *((name, False) for name in place.account.domains)],
        ),
        found=(Domain,),
    ),
    Row(
        endpoint="bs.php?do=customer-domain-add",
        capability=KeepsDomains,
        method="add_domain",
        kinds=("umail", "umail-sub"),
        ask=lambda client, names: client.add_domain("ready.example"),
        said=done(ADDED),
        proof=lambda found, place: (
            (found.id, found.verified),
            (str(place.account.domains["ready.example"].id), True),
        ),
        how=How.CHANGE,
        found=(DomainAdded,),
    ),
    Row(
        endpoint="bs.php?do=domain-add",
        capability=KeepsDomains,
        method="add_domain",
        kinds=MANAGERS,
        ask=lambda client, names: client.add_domain("ready.example"),
        said=done(),
        proof=lambda found, place: ((found.verified, "ready.example" in place.account.domains), (None, True)),
        how=How.CHANGE,
        found=(DomainAdded,),
    ),
    Row(
        endpoint="bs.php?do=domain-check",
        capability=KeepsDomains,
        method="check_domains",
        kinds=("umail", "umail-sub"),
        ask=lambda client, names: client.check_domains(
            [names.domain, names.spare_domain, "ready.example", "no.example"]
        ),
        said=several("domain_list", CHECKED),
        proof=lambda found, place: (
            [one.state for one in found],
            [DomainState.VERIFIED, DomainState.ADDED, DomainState.READY, DomainState.MISSING],
        ),
        found=(DomainCheck,),
    ),
    Row(
        endpoint="bs.php?do=customer-domain-del",
        capability=KeepsDomains,
        method="delete_domain",
        kinds=("umail", "umail-sub"),
        ask=lambda client, names: client.delete_domain(names.spare_domain),
        said=done(),
        proof=lambda found, place: (place.names.spare_domain in place.account.domains, False),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="bs.php?do=domain-del",
        capability=KeepsDomains,
        method="delete_domain",
        kinds=MANAGERS,
        ask=lambda client, names: client.delete_domain(names.domain),
        said=done(),
        proof=lambda found, place: (place.names.domain in place.account.domains, False),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="bs.php?do=mailbox-list",
        capability=KeepsMailboxes,
        method="mailboxes",
        kinds=EVERY_UMAIL,
        ask=lambda client, names: client.mailboxes(names.domain),
        said=several("mailbox_list", MAILBOX),
        proof=lambda found, place: (
            [one.address for one in found],
            [box for box in place.account.mailboxes if box.endswith(f"@{place.names.domain}")],
        ),
        found=(Mailbox,),
    ),
    Row(
        endpoint="bs.php?do=mailbox-add",
        capability=KeepsMailboxes,
        method="add_mailbox",
        kinds=EVERY_UMAIL,
        ask=lambda client, names: client.add_mailbox(FRESH.format(names.domain), SECRET),
        said=done(),
        proof=lambda found, place: (
            place.account.mailboxes[FRESH.format(place.names.domain)],
            SECRET.get_secret_value(),
        ),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="bs.php?do=mailbox-edit",
        capability=KeepsMailboxes,
        method="edit_mailbox",
        kinds=EVERY_UMAIL,
        ask=lambda client, names: client.edit_mailbox(names.mailbox, SECRET),
        said=done(),
        proof=lambda found, place: (place.account.mailboxes[place.names.mailbox], SECRET.get_secret_value()),
        how=How.CHANGE,
        found=(type(None),),
    ),
    Row(
        endpoint="bs.php?do=mailbox-del",
        capability=KeepsMailboxes,
        method="delete_mailbox",
        kinds=EVERY_UMAIL,
        ask=lambda client, names: client.delete_mailbox(names.mailbox),
        said=done(),
        proof=lambda found, place: (place.names.mailbox in place.account.mailboxes, False),
        how=How.CHANGE,
        found=(type(None),),
    ),
)
