"""What the tools that people use today get wrong, as measured or reported, and which tests hold that this does not.

Each failure is proved where its part lives; here is the list, and that none of the proofs has gone missing.
"""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
FAILURES = {
    "an alert that meets a 429 is dropped, or waits for the next flush": (
        "bridge/test_outbox.py::test_a_rate_limit_is_waited_for_and_nothing_is_dropped",
        "bot/test_told.py::test_a_storm_that_slack_slows_down_is_told_whole",
    ),
    "1,000 of 1,000 notifications are repeated, or 301 of 400 lost, after a SIGKILL": (
        "bridge/test_crashes.py::test_a_kill_at_any_step_of_a_post_loses_and_repeats_nothing",
        "bridge/test_crashes.py::test_kills_in_a_storm_lose_and_repeat_nothing",
        "jobs/test_processes.py::test_three_processes_of_which_one_is_killed_again_and_again_lose_and_repeat_nothing",
    ),
    "escalation stops after a restart": (
        "bridge/test_alerts.py::test_nobody_acknowledging_escalates_at_the_configured_minutes_also_after_a_restart",
        "bot/test_told.py::test_nobody_is_woken_twice_by_a_restart_and_the_next_step_comes_all_the_same",
    ),
    "a silence swallows the resolve": (
        "bridge/test_notices.py::test_a_resolve_follows_whenever_its_firing_was_shown",
        "bot/test_told.py::test_a_silence_shows_what_it_hides_and_its_end_follows_what_was_shown",
    ),
    "an acknowledgement that races a resolve opens it again": (
        "bridge/test_alerts.py::test_an_acknowledgement_that_races_a_resolve_leaves_it_resolved",
        "bot/test_alerts.py::test_a_click_that_comes_too_late_is_answered_to_who_clicked_alone",
    ),
    "reminders live in memory": (
        "bridge/test_alerts.py::test_what_holds_for_as_long_as_for_says_fires_without_being_judged_again",
        "bridge/test_alert_machine.py::restart",
        "bot/test_told.py::test_nobody_is_woken_twice_by_a_restart_and_the_next_step_comes_all_the_same",
    ),
    "a run that comes a second late is skipped without a word": (
        "jobs/test_duties.py::test_a_missed_run_runs_once",
        "jobs/test_duties.py::test_a_digest_waits_for_its_time_and_one_that_was_missed_is_made_up_once",
        "bot/test_told.py::test_after_a_gap_the_admins_hear_of_it_and_what_was_missed_is_told",
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_each_known_failure_has_its_proofs(failure):
    for proof in FAILURES[failure]:
        path, name = proof.split("::")
        assert re.search(rf"^ *(?:async )?def {name}\(", (TESTS / path).read_text("utf-8"), re.MULTILINE), proof
