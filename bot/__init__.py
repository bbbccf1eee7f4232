"""The Slack face, the command line, the composition root."""
