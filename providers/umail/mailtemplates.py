"""template.php: 000 5.2 to 5.8, 001 5.2 to 5.7."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from providers.call import Answer, Call
from providers.errors import BadAnswerError, RefusedError
from providers.mailtemplates import (
    AllAttachments,
    Attachment,
    AttachmentId,
    CheckState,
    MailTemplate,
    TemplateCheck,
    TemplateForm,
    TemplateId,
)
from providers.refusals import says_nothing_found
from providers.umail.api import Params, Result, result
from providers.umail.exports import rows
from providers.umail.part import Part
from providers.xml import Reader

SCRIPT = "template.php"
# 000 5.3; yellow, green and red_pass are all 1.
_CHECKED = {"-1": CheckState.CHECKING, "0": CheckState.REJECTED, "1": CheckState.PASSED}
_COUNTED = "1"


def _name(do: str) -> str:
    return f"{SCRIPT}?do={do}"


class MailTemplates(Part):
    """The account's templates."""

    def mail_templates(self) -> AsyncIterator[MailTemplate]:
        """All of them with their content, as a stream (list-tpl; 000 5.4, 001 5.3): there are no pages."""
        call = self._api.call(SCRIPT, "list-tpl")
        return rows(self._api, call, "template_list", "template", lambda row: self.__template(row, call.name))

    async def mail_template(self, template_id: TemplateId) -> MailTemplate | None:
        """One template, or None when there is no such (list-tpl with tpl_id; 000 5.4, 001 5.3)."""
        call = self._api.call(SCRIPT, "list-tpl", self.__id(template_id, "list-tpl"))
        found = await self._api.rows(call, "template_list", "template", lambda row: self.__template(row, call.name))
        return next((template for template in found if template.id == template_id), None)

    async def check_template(self, template_id: TemplateId) -> TemplateCheck | None:
        """Whether it may be used, or None when there is no such (get-tpl-status; 000 5.3, not in V3.0)."""
        self._api.needs_2019("tell whether a template has passed its check", _name("get-tpl-status"))
        call = self._api.call(SCRIPT, "get-tpl-status", self.__id(template_id, "get-tpl-status"))
        try:
            return await self._api.read(call, "template", lambda row: self.__check(row, template_id, call.name))
        except RefusedError as error:
            if says_nothing_found(error):
                return None
            raise

    async def add_template(self, form: TemplateForm, *, attachments: Sequence[tuple[Path, str]] = ()) -> TemplateId:
        """Create a template (add-tpl; 000 5.2, 001 5.2).

        attachments: where each file lies and the name it shall have; streamed from disk.

        Raises:
            RefusedError: no name, subject or content; a subject with `|`, which separates; a file that cannot be read.
        """
        fields = self.__fields(form, "add-tpl")
        if not (fields["name"] and fields["subject"] and fields["content"]):
            raise self._api.refused("a template needs a name, a subject and a content", _name("add-tpl"))
        added = await self._api.change(self.__form("add-tpl", {}, fields, attachments), _added)
        return TemplateId(added.id or "")

    async def edit_template(self, template_id: TemplateId, form: TemplateForm) -> None:
        """Write the given fields over a template (edit-tpl; 000 5.6, 001 5.5).

        Raises:
            RefusedError: neither name, subject nor content is given.
        """
        params, fields = self.__id(template_id, "edit-tpl"), self.__fields(form, "edit-tpl")
        if not (fields["name"] or fields["subject"] or fields["content"]):
            raise self._api.refused("give a name, a subject or a content", _name("edit-tpl"))
        await self._api.change(self._api.post(SCRIPT, "edit-tpl", params, fields), result)

    async def delete_template(self, template_id: TemplateId) -> None:
        """Delete a template (del-tpl; 000 5.5, 001 5.4). The answer is undocumented."""
        call = self._api.call(SCRIPT, "del-tpl", self.__id(template_id, "del-tpl"))
        await self._api.change(call, result)

    async def attach(self, template_id: TemplateId, attachments: Sequence[tuple[Path, str]]) -> None:
        """Add files to a template (tpl-attachment-add; 000 5.7, 001 5.6), as `add_template` takes them."""
        do = "tpl-attachment-add"
        if not attachments:
            raise self._api.refused("name at least one file", _name(do))
        call = self.__form(do, self.__id(template_id, do), {}, attachments)
        await self._api.change(call, result)

    async def detach(self, template_id: TemplateId, *, attachment: AttachmentId | AllAttachments) -> None:
        """Delete one file of a template, or all of them (tpl-attachment-del; 000 5.8, 001 5.7)."""
        do = "tpl-attachment-del"
        which = attachment if isinstance(attachment, AllAttachments) else self._api.checked(attachment, _name(do))
        call = self._api.call(SCRIPT, do, self.__id(template_id, do) | {"attachment_id": which})
        await self._api.change(call, result)

    def __id(self, template_id: str, do: str) -> dict[str, str | None]:
        return {"tpl_id": self._api.checked(template_id, _name(do))}

    def __form(self, do: str, params: Params, fields: Params, files: Sequence[tuple[Path, str]]) -> Call:
        if not files:
            return self._api.post(SCRIPT, do, params, fields)
        field = "file" if len(files) == 1 else "file[]"
        return self._api.upload(SCRIPT, do, params, fields, [(field, path, name) for path, name in files])

    def __fields(self, form: TemplateForm, do: str) -> dict[str, str | None]:
        subjects = form.subjects or ()
        if any("|" in subject or not subject.strip() for subject in subjects):
            raise self._api.refused("a subject is empty or holds |, which separates subjects", _name(do))
        return {
            "name": form.name,
            "subject": "|".join(subjects) or None,
            "content": form.content,
            "text_content": form.text_content,
            "encoding": form.encoding,
        }

    def __template(self, row: Reader, source: str) -> MailTemplate:
        template_id = row.identifier("id")
        if template_id is None:
            raise BadAnswerError("a template without an id")
        files = [(item.identifier("atta_id"), item.text("atta_name")) for item in row.each("attachments/attachment")]
        subjects = (subject.text("name") for subject in row.each("subject"))
        return MailTemplate(
            **self._api.about(source),
            raw={name: value for name, value in row.raw().items() if name != "content"},
            id=TemplateId(template_id),
            user_id=row.identifier("user_id"),
            name=row.text("name"),
            subjects=tuple(subject for subject in subjects if subject),
            content=row.text("content"),
            content_type=row.text("content_type"),
            attachments=tuple(Attachment(AttachmentId(found), name) for found, name in files if found),
            created_at=row.moment("created"),
            updated_at=row.moment("updated"),
        )

    def __check(self, row: Reader, asked: TemplateId, source: str) -> TemplateCheck | None:
        if row.hollow:
            return None
        raw_state = row.text("status") or ""
        return TemplateCheck(
            **self._api.about(source),
            raw=row.raw(),
            id=TemplateId(row.identifier("id") or asked),
            state=_CHECKED.get(raw_state, CheckState.UNKNOWN),
            raw_state=raw_state,
            colour=row.text("colour"),
            name=row.text("name"),
            subject=row.text("subject"),
            updated_at=row.moment("update_date"),
            size_kb=row.whole("size") if row.text("size_status") == _COUNTED else None,
        )


def _added(answer: Answer) -> Result:
    """000 5.2 says that the answer is the new template's id; its shape is not documented."""
    added = result(answer)
    if added.id is None:
        raise BadAnswerError("the answer names no new template", vendor_code=added.word, vendor_text=added.said)
    return added
