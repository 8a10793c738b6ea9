"""Prometheus metrics of the operator itself. Not the endpoints': those are in CloudWatch."""

from prometheus_client import Counter, Gauge, Histogram

PASSES = Counter("smendpoints_passes_total", "Passes over objects, by what they came to.", ["result"])
PASS_SECONDS = Histogram("smendpoints_pass_seconds", "Duration of a pass.")
AWS_CALLS = Counter("smendpoints_aws_calls_total", "Calls to AWS.", ["service", "operation", "code"])
EVENTS = Counter("smendpoints_events_total", "Kubernetes Events sent, by reason.", ["reason"])
LEASE_HELD = Gauge("smendpoints_lease_held", "1 while this process holds the lease, and so is the one that writes.")
