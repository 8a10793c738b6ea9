"""Prometheus metrics of the operator itself. Not the endpoints': those are in CloudWatch.

No label takes a value that users choose, but for the namespace of what its endpoints cost: it is not called
`namespace`, which Prometheus overwrites with that of the operator. What may happen is there from the start, as nothing:
the first time counts, too.
"""

import platform

from prometheus_client import Counter, Gauge, Histogram, Info

from smendpoints import __version__

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_ROLLOUT_SECONDS = (30, 60, 120, 300, 600, 900, 1200, 1800, 2700, 3600, 7200, 14400, 28800)

RECONCILES = Counter("smendpoints_reconcile_total", "Reconciles of objects, by result.", ["result"])
RECONCILE_SECONDS = Histogram("smendpoints_reconcile_seconds", "Duration of a reconcile.")
QUEUE_SECONDS = Histogram(
    "smendpoints_queue_seconds", "How long a due object waited before it was reconciled.", buckets=_SECONDS
)
QUEUE_LENGTH = Gauge("smendpoints_queue_length", "Objects that are due and waiting.")
QUEUE_OLDEST = Gauge("smendpoints_queue_oldest_wait_seconds", "How long the longest-waiting due object has waited.")

OBJECTS = Gauge("smendpoints_objects", "Objects: known, and reconciled at least once by this process.", ["state"])
OBJECTS_BY_REASON = Gauge(
    "smendpoints_objects_by_reason",
    "Objects by state (Ready, Reconciling, Stalled, Deleting or New) and reason of the condition Ready.",
    ["state", "reason"],
)
DRIFTED = Gauge("smendpoints_objects_drifted", "Objects with changes outside of Kubernetes that are not corrected yet.")
DRIFT = Counter("smendpoints_drift_total", "Changes outside of Kubernetes: found, and corrected.", ["result"])
ROLLOUTS = Counter("smendpoints_rollouts_total", "Revisions, by outcome.", ["outcome"])
ROLLOUT_SECONDS = Histogram(
    "smendpoints_rollout_seconds",
    "Duration of a rollout, from the decision to its end.",
    ["outcome"],
    buckets=_ROLLOUT_SECONDS,
)
HOURLY_USD = Gauge(
    "smendpoints_hourly_cost_usd", "Estimated cost per hour of a namespace's endpoints.", ["object_namespace"]
)
HOURLY_USD_LIMIT = Gauge(
    "smendpoints_hourly_cost_limit_usd",
    "Maximum cost per hour that policies allow for a namespace's endpoints.",
    ["object_namespace"],
)

AWS_CALLS = Counter("smendpoints_aws_calls_total", "Calls to AWS.", ["service", "operation", "code"])
AWS_THROTTLED = Counter("smendpoints_aws_throttled_total", "Calls that AWS throttled.", ["service", "operation"])
AWS_WAIT = Gauge("smendpoints_aws_wait_seconds", "How long the oldest waiting call has waited for AWS's rate limit.")
AWS_WAIT_SECONDS = Histogram(
    "smendpoints_aws_rate_wait_seconds", "How long a call waited for AWS's rate limit.", ["service"], buckets=_SECONDS
)

EVENT_MESSAGES = Counter("smendpoints_event_messages_total", "Messages read from EventBridge's queue.", ["result"])
EVENTS = Counter("smendpoints_events_total", "Kubernetes Events sent, by reason.", ["reason"])
LEASE_HELD = Gauge("smendpoints_lease_held", "1 while this process holds the lease, so that it is the one that writes.")
LEASE_TRANSITIONS = Gauge("smendpoints_lease_transitions", "How often the lease has moved to another process.")
BUILD = Info("smendpoints_build", "The operator's release, and its Python version.")
BUILD.info({"version": __version__, "python": platform.python_version()})

for _result in ("changed", "unchanged", "unwritten", "crashed"):
    RECONCILES.labels(_result)
for _result in ("found", "corrected"):
    DRIFT.labels(_result)
for _outcome in ("Deployed", "Failed", "RolledBack", "Blocked", "Superseded"):
    ROLLOUTS.labels(_outcome)
