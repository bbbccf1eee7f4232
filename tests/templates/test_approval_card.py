"""The card of a request: which words and buttons it has in which state."""

from dataclasses import replace

import pytest

from store.tables import ApprovalState
from templates import render
from tests.templates.facts.approval import BARE, CARD, DRAFT, ended, found, progress
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


def test_what_a_hold_may_have_reset_is_named():
    said = card(found(held=True, reset=("first", "hourly_speed"))).text
    assert "the hold may have reset: first address, speed" in said
    assert "the hold may have reset what cannot be read" in card(found(held=True)).text
    assert "may have reset" not in card(found(held=True, reset=())).text


def test_a_hold_that_failed_is_told():
    assert "it could not be held" in card(found(hold_failed=True)).text
    said = ended(found(), "rejected", result={**CARD.result, "held": "not_held"})
    assert "it could not be held" in card(said).text


def test_what_was_held_and_expired_was_changed():
    assert "I changed nothing" in card(ended(found(), "expired")).text
    said = card(ended(found(held=True), "expired")).text
    assert "I put it on hold before anybody was asked" in said
    assert "I changed nothing" not in said


@pytest.mark.parametrize("of", [CARD, BARE, found()], ids=["asked", "bare", "found"])
def test_a_card_says_which_fields_cannot_be_compared(of):
    assert "tracking domain are as I was told, or unknown" in buttons(of)


def test_the_read_receipt_and_the_tracking_domain_are_shown_or_said_to_be_unknown():
    assert "read receipt unknown · tracking domain unknown" in card(BARE).text
    known = replace(CARD, read_receipt=True, tracking_domain="t.shop.example")
    assert "read receipt asked for · tracking domain t.shop.example" in card(known).text


def test_a_request_whose_task_was_stopped_says_who_did_it():
    said = card(ended(CARD, "voided", note="stopped by U0OPS")).text
    assert "U0OPS stopped the task: this request is void" in said.replace(">", "")
