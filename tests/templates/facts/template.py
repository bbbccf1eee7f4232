"""Mail templates."""

from dataclasses import replace

from bot.commands import COMMANDS
from providers.mailtemplates import Attachment, AttachmentId, CheckState, MailTemplate, TemplateCheck, TemplateId
from tests.templates.facts.shared import AT, ERRORS, NASTY, TASKS, seen

TEMPLATE = MailTemplate(
    **seen,
    id=TemplateId("16"),
    name=NASTY,
    subjects=(NASTY, "双十一返场，最后三天"),
    content="<p>x</p>",
    attachments=(Attachment(AttachmentId("3"), NASTY), Attachment(AttachmentId("4"))),
    created_at=AT,
    updated_at=AT,
)
BARE = MailTemplate(**seen, id=TemplateId("9" * 20))
CHECKS = [
    TemplateCheck(
        **seen, id=TemplateId("16"), state=state, raw_state=raw, colour=colour, name=NASTY, subject=NASTY, size_kb=size
    )
    for state, raw, colour, size in (
        (CheckState.PASSED, "1", "green", 78),
        (CheckState.PASSED, "1", "yellow", 78),
        (CheckState.PASSED, "1", "red_pass", 78),
        (CheckState.REJECTED, "0", "red", 1_024),
        (CheckState.CHECKING, "-1", None, None),
        (CheckState.UNKNOWN, NASTY, NASTY, None),
    )
]
EDIT = next(command for command in COMMANDS if command.name == "template edit")
OF = {"account": "umail", "title": "U-Mail"}
CHANGED = {
    **OF,
    "user": "U0LIN",
    "before": TEMPLATE,
    "after": TEMPLATE,
    "files": (),
    "differs": (),
    "template_id": "16",
}
CHANGES = [
    {**CHANGED, "action": "create", "before": None},
    {**CHANGED, "action": "create", "before": None, "after": None, "differs": ("content",)},
    {**CHANGED, "action": "edit", "differs": ("name", "subjects", "content", "attachments")},
    {**CHANGED, "action": "edit", "after": BARE},
    {**CHANGED, "action": "delete", "after": None, "files": (NASTY, "b.pdf")},
    {**CHANGED, "action": "delete", "before": BARE, "after": None},
    {**CHANGED, "action": "attach", "files": (NASTY,)},
    {**CHANGED, "action": "detach", "files": (NASTY,), "after": BARE},
]
FORM = {**OF, "template": TEMPLATE, "name": NASTY, "subjects": (NASTY, "b"), "content": "<p>x</p>", "too_long": False}
NEW = {"template": None, "name": None, "subjects": (), "content": None}
CONFIRM = {**OF, "template": TEMPLATE, "tasks": (), "unread": False}

MESSAGES = {
    "template/announcement": CHANGES,
    "template/bad_field": [
        {"problem": problem} for problem in ("no_name", "no_subject", "separator", "no_content", "both", "no_files")
    ],
    "template/bad_file": [
        {"problem": problem, "command": EDIT}
        for problem in ("in_slack", "too_large", "not_text", "empty", "unreadable")
    ],
    "template/changed": CHANGES,
    "template/check": [{**OF, "check": check} for check in (*CHECKS, replace(CHECKS[0], updated_at=AT, subject=None))],
    "template/confirm": [
        {**CONFIRM, "action": "delete"},
        {**CONFIRM, "action": "delete", "template": BARE, "unread": True},
        {**CONFIRM, "action": "delete", "tasks": TASKS[:1]},
        {**CONFIRM, "action": "delete", "tasks": TASKS * 2, "unread": True},
        {**CONFIRM, "action": "detach"},
        {**CONFIRM, "action": "detach", "template": replace(TEMPLATE, attachments=TEMPLATE.attachments[:1])},
    ],
    "template/files": [{**OF, "template": one, "most": 10} for one in (TEMPLATE, BARE)],
    "template/form": [FORM, {**FORM, "content": None, "too_long": True}, {**FORM, **NEW}],
    "template/list": [
        {**OF, "rows": rows, "fault": fault, "total": total, "page": page, "more": more}
        for rows, fault, total, page, more in (
            ([], None, 0, 1, False),
            ([(TEMPLATE, check) for check in CHECKS], None, 60, 2, True),
            ([(BARE, ERRORS[-2]), (TEMPLATE, None)], ERRORS[-2], 2, 1, False),
        )
    ],
    "template/missing": [{**OF, "template_id": "9" * 20}],
    "template/not_changed": [one for one in CHANGES if one["after"] or one["action"] in ("create", "delete")],
    "template/show": [
        {**OF, "template": TEMPLATE, "check": CHECKS[0], "preview": NASTY * 6, "length": 90_000},
        {**OF, "template": TEMPLATE, "check": ERRORS[-2], "preview": "", "length": 1},
        {**OF, "template": BARE, "check": None, "preview": "", "length": 0},
    ],
    "template/unchanged": [
        {**OF, "template": one, "why": why, "wanted": "7"}
        for one in (TEMPLATE, BARE)
        for why in ("same", "no_files", "no_such_file")
    ],
}
