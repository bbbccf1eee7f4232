"""What rich text may hold. Source: docs.slack.dev/reference/block-kit/blocks/rich-text-block."""

from sandbox.slack.schema import Check, by_type, choice, flag, items, number, shape, string

_ID = string(255)
_STYLE = shape(
    {},
    dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"), flag),
)
_STYLED: dict[str, Check] = {"style": _STYLE}
_TEXT = shape({"text": string(40_000)}, _STYLED)
_LINK = shape({"url": string(3000)}, {**_STYLED, "text": string(40_000), "unsafe": flag})
_INLINE = by_type(
    {
        "text": _TEXT,
        "link": _LINK,
        "user": shape({"user_id": _ID}, _STYLED),
        "usergroup": shape({"usergroup_id": _ID}, _STYLED),
        "channel": shape({"channel_id": _ID}, _STYLED),
        "team": shape({"team_id": _ID}, _STYLED),
        "broadcast": shape({"range": choice("here", "channel", "everyone")}, _STYLED),
        "emoji": shape({"name": string(100)}, {**_STYLED, "unicode": string(100), "skin_tone": number(1, 6)}),
        "color": shape({"value": string(20)}, _STYLED),
        "date": shape(
            {"timestamp": number(-(10**11), 10**11), "format": string(500)},
            {**_STYLED, "url": string(3000), "fallback": string(500), "timezone": string(100)},
        ),
    }
)
_BORDER: dict[str, Check] = {"border": number(0, 1)}
_SECTION = shape({"elements": items(_INLINE, 10_000, 0)}, {})

RICH_TEXT = shape(
    {
        "elements": items(
            by_type(
                {
                    "rich_text_section": _SECTION,
                    "rich_text_quote": shape({"elements": items(_INLINE, 10_000, 0)}, _BORDER),
                    "rich_text_preformatted": shape(
                        {"elements": items(by_type({"text": _TEXT, "link": _LINK}), 10_000, 0)},
                        {**_BORDER, "language": string(50)},
                    ),
                    "rich_text_list": shape(
                        {
                            "elements": items(by_type({"rich_text_section": _SECTION}), 10_000),
                            "style": choice("bullet", "ordered"),
                        },
                        {**_BORDER, "indent": number(0, 8), "offset": number(0, 10_000)},
                    ),
                }
            ),
            10_000,
        )
    },
    {"block_id": _ID},
)
"""A rich_text block, or a table's cell of that type."""
