"""What is chosen in the menu behind the buttons runs like a button."""

from slack_bolt.request.async_request import AsyncBoltRequest

from bot.bolt import _click


def request(action):
    body = {"actions": [action], "user": {"id": "U0OPS", "team_id": "T0HOME"}, "channel": {"id": "C0ALERTS"}}
    return _click(AsyncBoltRequest(body="", headers={"x-slack-signature": "v0=1"}), body)


def test_an_entrys_line_is_run():
    entry = {"text": {"type": "plain_text", "text": "Snooze"}, "value": "alerts snooze 1 1h"}
    taken = request({"type": "overflow", "action_id": "run.2", "selected_option": entry})
    assert (taken.text, taken.replace, taken.confirmed) == ("alerts snooze 1 1h", False, False)


def test_a_button_carries_its_line_itself():
    assert request({"type": "button", "action_id": "replace.0", "value": "task pause 1"}).text == "task pause 1"
