"""Bytes to text, strictly: text is either right or refused, never mojibake.

Order of trust: a byte order mark, the XML declaration, the Content-Type header, UTF-8 (U-Mail 000, note 2: "all calls
use UTF-8"). Only the GB family is believed besides Unicode: Latin-1 decodes anything, so its name proves nothing.
"""

import codecs
import re

from providers.errors import BadAnswerError

# GB18030 contains GBK, which contains GB2312.
_KNOWN = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "gb18030": "gb18030",
}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"^\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")


def candidates(start: bytes, header: str | None) -> list[str]:
    """The codecs to try for a body that begins with `start`, in order of trust."""
    for mark, codec in _MARKS:
        if start.startswith(mark):
            return [codec]
    declared = _DECLARED.match(start[:300])
    names = (declared.group(1).decode("ascii") if declared else None, header)
    known = (_KNOWN.get(name.strip().lower()) for name in names if name)
    return list(dict.fromkeys([codec for codec in known if codec] or ["utf-8"]))


def decode(body: bytes, header: str | None) -> str:
    """The body as text.

    Raises:
        BadAnswerError: the bytes are not what they, or the header, say they are.
    """
    codec_names = candidates(body, header)
    if codec_names[0] == "gb18030":
        # A server that transcodes may forget to say so. Chinese text that is whole UTF-8 is UTF-8:
        # GB18030 would take the same bytes for other characters.
        text = _strictly(body, "utf-8")
        if text is not None and any("\u3000" <= character <= "\uffef" for character in text):
            return text
    for name in codec_names:
        text = _strictly(body, name)
        if text is not None:
            return text
    raise BadAnswerError(f"the answer is not {' or '.join(codec_names)} text")


def _strictly(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec)
    except UnicodeDecodeError:
        return None
