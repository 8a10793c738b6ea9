"""Prometheus metrics of the operator itself. Not the endpoints': those are in CloudWatch."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
RECONCILES = Counter("smendpoints_reconcile_total", "Reconciles of objects, by what they came to.", ["result"])
RECONCILE_SECONDS = Histogram("smendpoints_reconcile_seconds", "Duration of a reconcile.")
QUEUE_SECONDS = Histogram(
    "smendpoints_queue_seconds", "How long an object that was due waited for its turn.", buckets=_SECONDS
)
QUEUE_LENGTH = Gauge("smendpoints_queue_length", "Objects that are due and wait for their turn.")
OBJECTS = Gauge("smendpoints_objects", "Objects: known, and reconciled at least once by this process.", ["state"])
AWS_CALLS = Counter("smendpoints_aws_calls_total", "Calls to AWS.", ["service", "operation", "code"])
AWS_WAIT = Gauge("smendpoints_aws_wait_seconds", "Seconds that the oldest call waits for AWS's rate limit now.")
EVENT_MESSAGES = Counter("smendpoints_event_messages_total", "Messages read of EventBridge's queue.", ["result"])
EVENTS = Counter("smendpoints_events_total", "Kubernetes Events sent, by reason.", ["reason"])
LEASE_HELD = Gauge("smendpoints_lease_held", "1 while this process holds the lease, and so is the one that writes.")
