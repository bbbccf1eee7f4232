"""The words of an HTML message, for people who look at it in a chat."""

from collections.abc import Iterator

from lxml import etree

READ = 200_000
"""Characters that are looked at: newsletters are smaller, and nobody reads more here."""
_SILENT = frozenset({"script", "style", "head", "title", "noscript", "template"})
_BREAKS = frozenset(
    "p div br tr table ul ol li h1 h2 h3 h4 h5 h6 hr blockquote section article header footer".split()  # noqa: SIM905
)


def text_of(html: str, most: int) -> str:
    """The first `most` characters of what a reader would see, a line for each paragraph; an ellipsis if there is more.

    Never raises: HTML that is none reads as text, and nothing reads as nothing.
    """
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(html[:READ].replace("\x00", "").encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        return ""
    if root is None:
        return ""
    lines = (" ".join(line.split()) for line in "".join(_pieces(root)).split("\n"))
    text = "\n".join(line for line in lines if line)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _pieces(root: etree._Element) -> Iterator[str]:  # lxml has no public name for it
    unseen = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = str(element.tag)
        if tag in _BREAKS and not unseen:
            yield "\n"
        if event == "start":
            unseen += tag in _SILENT
            # Line ends in the source are blanks to a reader.
            shown = element.text if tag != "img" else element.get("alt")
        else:
            unseen -= tag in _SILENT
            shown = element.tail if element is not root else None
        if shown and not unseen:
            yield shown.replace("\n", " ").replace("\r", " ")
