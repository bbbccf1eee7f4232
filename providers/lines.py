"""Text exports, line by line, in flat memory."""

import codecs

from providers.errors import AnswerTooLargeError, BadAnswerError

LINE_LIMIT = 1 << 16
"""The most characters that one line may take."""
_CONTROL = bytes(code for code in range(1, 0x20) if code not in b"\t\n\r")


class LineStream:
    """Lines of a long text, a batch for each piece of it; feed it bytes from the very first on.

    Empty lines are left out, and so are control characters, as in XML.
    A text export has no end mark: only HTTP tells that it came whole.
    """

    def __init__(self, codec: str) -> None:
        self._decoder = codecs.getincrementaldecoder(codec)("strict")
        self._rest = ""

    def feed(self, chunk: bytes, *, last: bool = False) -> list[str]:
        """The lines that this chunk completes.

        Raises:
            BadAnswerError: wrongly encoded, or no text at all.
            AnswerTooLargeError: a line without end.
        """
        whole, newline, self._rest = (self._rest + self._decoded(chunk, last=last)).rpartition("\n")
        if last:
            whole, self._rest = whole + newline + self._rest, ""
        # Only the line's end and the mark of a BOM: an empty field at either end is a field.
        found = [line.strip("\r\ufeff") for line in whole.split("\n")]
        if max(len(self._rest), *map(len, found)) > LINE_LIMIT:
            raise AnswerTooLargeError(f"one line of the export is longer than {LINE_LIMIT} characters")
        return [line for line in found if line and not line.isspace()]

    def _decoded(self, chunk: bytes, *, last: bool) -> str:
        try:
            text = self._decoder.decode(chunk, last)
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise BadAnswerError("the export is no text")
        # Through bytes it is five times as fast.
        return text.encode().translate(None, _CONTROL).decode()
