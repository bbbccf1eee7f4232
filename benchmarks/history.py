"""What a database holds after so many events, written by SQLite itself: a million of them in well under a minute.

It is the past of the accounts that are measured: a tenth is the account's that is polled idly, the rest is shared out
evenly among those of the bursts.
"""

from sqlmodel import Session

from store.engine import Store

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) INSERT INTO "
_AGO = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-' || (:count - i) || ' seconds')"
"""An event a second, the last one now; as SQLAlchemy writes times."""
_TASK, _ITS_TASK = "(6000000 + i)", "(6000000 + i / 20)"
"""Where there is a row for each task, and where there are twenty."""
_OF = "CASE WHEN {task} % 10 = 0 THEN '{idle}' ELSE 'a' || printf('%04d', {task} / 10 % {accounts}) END"
_ACCOUNT, _ITS_ACCOUNT = _OF.replace("{task}", _TASK), _OF.replace("{task}", _ITS_TASK)
_FACTS = """'{"raw_status":"2","templates":[{"id":"16","name":"November"}],"lists":[{"id":"21","name":"VIP"}],\
"planned":90000,"sent":' || i || ',"unsent":12,"scheduled_at":"2026-11-21T09:00:00+08:00"}'"""
_ID = "lower(hex(randomblob(16)))"
STATEMENTS: tuple[tuple[int, str], ...] = (
    (
        1,
        "event (id, account, type, subject, time, recorded_at, data) "
        f"SELECT {_ID}, {_ITS_ACCOUNT}, 'task.progressed', 'task/' || {_ITS_TASK}, {_AGO}, {_AGO}, {_FACTS} FROM n",
    ),
    (
        1,
        f"stat_sample (account, subject, at, counters) SELECT {_ITS_ACCOUNT}, "
        f"""'task/' || {_ITS_TASK}, {_AGO}, '{{"planned":90000,"sent":' || i || ',"unsent":12}}' FROM n""",
    ),
    (
        20,
        "snapshot (account, kind, subject, version, state, facts, first_seen, observed_at, changed_at, missed) "
        f"SELECT {_ACCOUNT}, 'task', {_TASK}, 20, 'sent', {_FACTS}, {_AGO}, {_AGO}, {_AGO}, 0 FROM n",
    ),
    (
        20,
        "alert (id, rule, kind, severity, account, subject, state, version, held, reason, facts, peak, began_at, "
        "fired_at, step, resolved_at) "
        f"SELECT 'a' || i, 'task_failed', 'task_status', 'critical', {_ACCOUNT}, 'task/' || {_TASK}, 'resolved', 3, 0, "
        f"'status', {_FACTS}, '{{}}', {_AGO}, {_AGO}, 0, {_AGO} FROM n",
    ),
    (
        20,
        "notice (id, kind, receiver, channel, page, ts, wanted, shown, priority, facts, created_at, attempts, "
        "closed_at) SELECT "
        "'n' || i, 'alerts', 'C' || (i % {accounts}), 'C' || (i % {accounts}), 0, i, 2, 2, 1, '{{}}', "
        f"{_AGO}, 0, {_AGO} FROM n",
    ),
    (
        20,
        "notice_alert (notice_id, alert_id, added_at, position, joined, seen_version) "
        f"SELECT 'n' || i, 'a' || i, {_AGO}, 1, 1, 3 FROM n",
    ),
)
"""Each with how many events there are for one of its rows: 20 looks at a task, one alert, one message."""


def account(number: int) -> str:
    """One of those that share the past."""
    return f"a{number:04}"


async def remember(store: Store, events: int, accounts: int, idle: str) -> None:
    """Fill an empty SQLite database. accounts: how many share the past; idle: the one that has a tenth of it."""

    def work(session: Session, _now: object) -> None:
        connection = session.connection()
        for rarity, statement in STATEMENTS:
            words = _NUMBERS + statement.replace("{accounts}", str(accounts)).replace("{idle}", idle)
            words = words.replace("{{", "{").replace("}}", "}")
            connection.exec_driver_sql(words, {"count": max(events // rarity, 1)})

    await store.transact(work)
