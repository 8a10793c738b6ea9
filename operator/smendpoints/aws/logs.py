"""The tail of a container's log: the last lines of the endpoint's newest stream."""

from smendpoints.aws.clients import Clients
from smendpoints.domain.errors import AwsFailure
from smendpoints.domain.redact import redact

LINES = 20


def log_tail(clients: Clients, endpoint: str) -> list[str]:
    """At most twenty lines, redacted; none where there is no log, or no permission to read it."""
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    newest = {"orderBy": "LastEventTime", "descending": True, "limit": 1}
    try:
        streams = clients.call("logs", "describe_log_streams", logGroupName=group, **newest)["logStreams"]
        if not streams:
            return []
        which = {"logGroupName": group, "logStreamName": streams[0]["logStreamName"]}
        events = clients.call("logs", "get_log_events", **which, limit=LINES, startFromHead=False)["events"]
    except AwsFailure:
        return []
    return [redact(event["message"].rstrip()) for event in events[-LINES:]]
