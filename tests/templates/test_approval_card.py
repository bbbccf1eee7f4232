"""The card of a request: which words and buttons it has in which state."""

from dataclasses import replace

import pytest

from store.tables import ApprovalState
from templates import render
from tests.templates.facts.approval import CARD, DRAFT, ended, found, progress
from tests.templates.facts.shared import SHANGHAI

ENDED = [state.value for state in ApprovalState if state is not ApprovalState.PENDING]


def card(one):
    return render("approval/card", "en", zone=SHANGHAI, account=None, terminal=False, card=one, tests=False)


def buttons(one):
    return str(card(one).payload()["blocks"])


@pytest.mark.parametrize("state", ENDED)
@pytest.mark.parametrize("of", [CARD, found()], ids=["asked", "found"])
def test_what_is_being_sent_can_be_paused_whatever_became_of_the_request(of, state):
    shown = ended(of, state, progress=progress("sending"))
    assert "task pause 19124 --account umail" in buttons(shown)
    assert "Pause task" in buttons(shown)


@pytest.mark.parametrize("state", ENDED)
def test_what_is_to_go_can_be_held_and_what_is_over_cannot(state):
    assert "Hold task" in buttons(ended(found(), state, progress=progress("scheduled")))
    assert "task pause" not in buttons(ended(found(), state, progress=progress("sent")))


def test_a_task_that_goes_while_its_request_waits_can_be_paused():
    assert "Pause task" in buttons(replace(CARD, progress=progress("sending")))
    assert "Pause task" in buttons(found(too_late=True))
    assert "task pause" not in buttons(DRAFT)


def test_an_expired_card_says_how_far_its_task_has_come():
    assert "Task 19124: sending 41,200 of 90,000" in card(ended(found(), "expired", progress=progress("sending"))).text
