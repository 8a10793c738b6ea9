"""The tail of a container's log: the last lines of the newest stream that this very attempt began."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from smendpoints.aws.calls.clients import Clients
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.observed.log_lines import LINES, shown

_PLATFORM = "/data-log"  # what asynchronous inference itself has to say
_NEWEST = 50


def log_tail(clients: Clients, endpoint: str, variants: Collection[str], since: datetime) -> list[str]:
    """At most twenty lines of a container of these variants, without secrets.

    None where no stream began after `since`: an endpoint of the same name, or the fleet that keeps serving, has
    streams in the same group. None, too, where there is no log, or no permission to read it.
    """
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    newest = {"orderBy": "LastEventTime", "descending": True, "limit": _NEWEST}
    try:
        streams = clients.call("logs", "describe_log_streams", logGroupName=group, **newest)["logStreams"]
        stream = next((each for each in streams if _is_of(each, variants, since)), None)
        if stream is None:
            return []
        where = {"logGroupName": group, "logStreamName": stream["logStreamName"]}
        events = clients.call("logs", "get_log_events", **where, limit=LINES, startFromHead=False)["events"]
    except ReconcileError:
        return []
    return shown([event["message"] for event in events[-LINES:]])


def _is_of(stream: dict[str, Any], variants: Collection[str], since: datetime) -> bool:
    name = stream["logStreamName"]
    began = stream.get("creationTime", 0)
    return name.partition("/")[0] in variants and not name.endswith(_PLATFORM) and began >= since.timestamp() * 1000
