"""Charts: Slack's own blocks, and the same as a picture where a workspace does not take them.

A chart is a message with `{% chart %}` in it (`templates.tags`): words and numbers stand in the template.
"""

from dataclasses import dataclass

from templates import Message, render
from templates.blocks import shorten

ALT_LIMIT = 1000
"""Characters of a file's description in Slack (files.getUploadURLExternal, `alt_txt`)."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture that follows an answer; `message` has its blocks and says the same in words."""

    message: Message

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return not self.message.plots

    @property
    def slack_draws_it(self) -> bool:
        """Whether Slack's blocks can show all of it: they know no gaps."""
        drawn = [block for block in self.message.blocks if block["type"] == "data_visualization"]
        return len(drawn) == len(self.message.plots)

    @property
    def title(self) -> str:
        return " · ".join(plot.title for plot in self.message.plots)

    @property
    def alt(self) -> str:
        """All of it in words, for those who cannot see it."""
        return shorten(self.message.text, ALT_LIMIT)

    def png(self) -> bytes:
        """The same as a picture. Takes up to some seconds: for a thread."""
        # Only whoever wants a picture waits for matplotlib.
        from bot.drawing import draw, writes  # noqa: PLC0415

        message = self.message
        if not writes(message.language):
            # English is better than boxes.
            message = render(message.name, "en", **message.facts)
        return draw(message.plots, message.language)
