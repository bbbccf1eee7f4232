"""The outside world in a box: vendors and a Slack workspace, on loopback."""
