"""The logs of an endpoint's containers in CloudWatch Logs: their streams, their ends, and what comes."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from smclient.aws.session import Aws, told
from smclient.errors import AWSError
from smclient.views.logs import LogLine, Stream

_STREAMS = 40  # of a fleet that scaled for weeks the newest
_FILTERED = 100
_LATE = timedelta(seconds=15)  # lines of several instances come in no order
_POLL = 1.5
_REMEMBERED = 20_000


def group_of(endpoint: str) -> str:
    """The log group of an endpoint."""
    return f"/aws/sagemaker/Endpoints/{endpoint}"


def streams(aws: Aws, endpoint: str) -> list[Stream]:
    """The streams of the endpoint's containers; none where it has no log yet.

    Raises:
        AWSError: refused.
    """
    found: list[Stream] = []
    with told(f"read the log of {endpoint}"):
        logs = aws.client("logs")
        try:
            for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=group_of(endpoint)):
                found += [
                    Stream(str(each["logStreamName"]), _moment(each.get("creationTime", 0)))
                    for each in page["logStreams"]
                ]
        except logs.exceptions.ResourceNotFoundException:
            return []
    return found


def tail(aws: Aws, endpoint: str, of: Sequence[Stream], lines: int, since: datetime | None) -> list[LogLine]:
    """The last lines of the streams together, by time.

    Raises:
        AWSError: refused.
    """
    logs = aws.client("logs")
    begin = {"startTime": _milliseconds(since)} if since is not None else {}
    most = min(max(lines, 1), 10_000)
    found: list[LogLine] = []
    for stream in of[:_STREAMS]:
        where = {"logGroupName": group_of(endpoint), "logStreamName": stream.name}
        with told(f"read the log of {endpoint}"):
            events = logs.get_log_events(**where, **begin, limit=most, startFromHead=False)["events"]
        found += [LogLine(stream.name, _moment(each["timestamp"]), str(each["message"])) for each in events]
    ordered = sorted(found, key=lambda line: line.at)
    return ordered[-lines:] if lines else []


def follow(
    aws: Aws,
    endpoint: str,
    of: Callable[[], Sequence[Stream]],
    begin: datetime,
    seen: Sequence[LogLine] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[LogLine]:
    """Lines as they come, from `begin` on; `of` gives the streams, asked each time, as instances come and go.

    What was `seen` does not come again. Never ends by itself.

    Raises:
        AWSError: refused, for more than throttling.
    """
    known = {(line.stream, line.at, line.message) for line in seen}
    order = deque(known, maxlen=_REMEMBERED)
    newest = begin
    while True:
        for line in _since(aws, endpoint, of(), newest - _LATE):
            key = (line.stream, line.at, line.message)
            if key in known or line.at < begin - _LATE:
                continue
            if len(order) == order.maxlen:
                known.discard(order[0])
            order.append(key)
            known.add(key)
            newest = max(newest, line.at)
            yield line
        sleep(_POLL)


def _since(aws: Aws, endpoint: str, of: Sequence[Stream], since: datetime) -> list[LogLine]:
    names = [stream.name for stream in of[:_FILTERED]]
    if not names:
        return []
    found: list[LogLine] = []
    request: dict[str, Any] = {"logStreamNames": names, "startTime": _milliseconds(since)}
    try:
        with told(f"read the log of {endpoint}"):
            pages = aws.client("logs").get_paginator("filter_log_events")
            for page in pages.paginate(logGroupName=group_of(endpoint), **request):
                found += [
                    LogLine(str(each["logStreamName"]), _moment(each["timestamp"]), str(each["message"]))
                    for each in page["events"]
                ]
    except AWSError as error:
        if "hrottl" not in error.code:
            raise
    return sorted(found, key=lambda line: line.at)


def _moment(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _milliseconds(when: datetime) -> int:
    return int(when.timestamp() * 1000)
