"""`/metrics`: counters of this process, and gauges over the rows that all processes share."""

from prometheus_client import Gauge, generate_latest

from store.engine import Store
from store.figures import Figures, figures
from store.tables import AlertState, EndpointState

_alerts = Gauge("edmbot_alerts", "Alerts that are not over, by state", ["state"])
_waiting = Gauge("edmbot_notices_waiting", "Messages that should be in Slack by now")
_oldest = Gauge("edmbot_notices_oldest_seconds", "How long the oldest of these has been due")
_parked = Gauge("edmbot_notices_parked", "Messages that wait for a person to do something")
_pending = Gauge("edmbot_webhook_pending", "Events on their way to active endpoints")
_pending_oldest = Gauge("edmbot_webhook_pending_oldest_seconds", "How long the oldest of these has waited")
_endpoints = Gauge("edmbot_webhook_endpoints", "Endpoints by state", ["state"])
_lag = Gauge("edmbot_job_lag_seconds", "How long a job is overdue", ["job"])
_failing = Gauge("edmbot_job_failures", "How many times in a row a job has failed", ["job"])
_ago = Gauge("edmbot_job_last_run_seconds", "How long ago a job ended last", ["job"])
_next = Gauge("edmbot_job_next_run_seconds", "How long until a job must have begun again", ["job"])
_error = Gauge("edmbot_job_last_error_info", "The class of the error that a job failed with last", ["job", "error"])


async def exposition(store: Store) -> bytes:
    """All of them, in Prometheus's text format."""
    _show(await figures(store))
    return generate_latest()


def _show(now: Figures) -> None:
    for state in AlertState:
        if state is not AlertState.RESOLVED:
            _alerts.labels(state.value).set(now.alerts.get(state, 0))
    _waiting.set(now.waiting)
    _oldest.set(now.oldest)
    _parked.set(now.parked)
    _pending.set(now.pending)
    _pending_oldest.set(now.pending_oldest)
    for kind in EndpointState:
        if kind is not EndpointState.DELETED:
            _endpoints.labels(kind.value).set(now.endpoints.get(kind, 0))
    for gauge in (_lag, _failing, _ago, _next, _error):
        # What is no longer configured is no longer told of.
        gauge.clear()
    for name, job in now.jobs.items():
        _lag.labels(name).set(job.late)
        _failing.labels(name).set(job.failures)
        if job.ago is not None:
            _ago.labels(name).set(job.ago)
        if job.again is not None:
            _next.labels(name).set(job.again)
        if job.error is not None:
            _error.labels(name, job.error).set(1)
