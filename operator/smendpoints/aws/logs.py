"""The tail of a container's log: the last lines of the endpoint's newest stream."""

from smendpoints.aws.clients import Clients
from smendpoints.aws.errors import translated
from smendpoints.domain.errors import AwsFailure
from smendpoints.domain.redact import redact

LINES = 20


def log_tail(clients: Clients, endpoint: str) -> list[str]:
    """At most twenty lines, redacted; none where there is no log, or no permission to read it."""
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    logs = clients("logs")
    try:
        with translated("logs"):
            streams = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True, limit=1)[
                "logStreams"
            ]
            if not streams:
                return []
            events = logs.get_log_events(
                logGroupName=group, logStreamName=streams[0]["logStreamName"], limit=LINES, startFromHead=False
            )["events"]
    except AwsFailure:
        return []
    return [redact(event["message"].rstrip()) for event in events[-LINES:]]
