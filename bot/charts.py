"""Charts: Slack's own blocks, and the same as a picture where a workspace does not know them yet.

A chart is a message with `{% chart %}` in it (`templates.tags`): words and numbers stand in the template.
"""
