"""What EventBridge tells of endpoints and their alarms, read from a queue: where to look, never what is true.

Of a message only the name of the endpoint counts. So one that is lost, late, doubled, of somebody else's endpoint or
nonsense costs one look too many at the most; what is read is deleted, whatever it was.

The shapes are those of AWS's samples:
https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from smendpoints.aws.calls.clients import Clients
from smendpoints.domain.desired.names import endpoint_of_alarm
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.reasons import Reason
from smendpoints.metrics import EVENT_MESSAGES

_OF_ENDPOINTS = {
    ("aws.sagemaker", "SageMaker Endpoint State Change"),
    ("aws.sagemaker", "SageMaker Endpoint Deployment State Change"),
}
_OF_ALARMS = ("aws.cloudwatch", "CloudWatch Alarm State Change")
_PERMISSIONS = {"receive_message": "sqs:ReceiveMessage", "delete_message_batch": "sqs:DeleteMessage"}
_MOST_AT_ONCE = 10  # SQS gives no more
_REGION = re.compile(r"https?://(?:sqs(?:-fips)?\.([a-z0-9-]+)\.|([a-z0-9-]+)\.queue\.)")

_Region = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
_Account = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9](-*[A-Za-z0-9]){0,62}$", max_length=63)]


@dataclass(frozen=True)
class Hint:
    """Something may have moved at this endpoint. `endpoint_name` has the case that AWS wrote it in."""

    region: str
    account: str
    endpoint_name: str


class _Event(BaseModel):
    """The envelope of all events."""

    source: str
    kind: str = Field(alias="detail-type")
    region: _Region
    account: _Account
    detail: dict[str, Any]


class _OfEndpoint(BaseModel):
    name: _Name = Field(alias="EndpointName")


class _OfAlarm(BaseModel):
    name: str = Field(alias="alarmName")


def hint_in(body: str) -> Hint | None:
    """Where a message says to look; None for an event of something else.

    Raises:
        ValueError: it is no event of EventBridge, or not of the shape of its kind.
    """
    event = _Event.model_validate_json(body)
    name = _endpoint_of(event)
    return None if name is None else Hint(event.region, event.account, name)


def _endpoint_of(event: _Event) -> str | None:
    if (event.source, event.kind) in _OF_ENDPOINTS:
        return _OfEndpoint.model_validate(event.detail).name
    if (event.source, event.kind) == _OF_ALARMS:
        return endpoint_of_alarm(_OfAlarm.model_validate(event.detail).name)
    return None


def region_of_queue(url: str) -> str | None:
    """The region that a queue's URL names; None where it names none, as that of a simulator."""
    match = _REGION.match(url)
    return None if match is None else match[1] or match[2]


class EventQueue:
    """One queue, read by one thread."""

    def __init__(self, clients: Clients, url: str, wait_seconds: int = 20) -> None:
        """`clients` call in the queue's region; `wait_seconds` is how long AWS waits for a message, 20 at most."""
        self._clients = clients
        self._url = url
        self._wait_seconds = wait_seconds
        self._read: list[Mapping[str, Any]] = []

    def receive(self) -> list[Hint]:
        """What up to ten messages say, after waiting for the first of them; those of the call before are deleted.

        Deleted that late, they come again if the process ends before it has passed their hints on.

        Raises:
            ReconcileError: AWS could not be asked; of a permission that is missing it says which.
        """
        self._delete_read()
        answer = self._call("receive_message", MaxNumberOfMessages=_MOST_AT_ONCE, WaitTimeSeconds=self._wait_seconds)
        self._read = answer.get("Messages", [])
        hints = [_counted(str(message.get("Body", ""))) for message in self._read]
        return [hint for hint in hints if hint is not None]

    def _delete_read(self) -> None:
        # Forgotten first: what cannot be deleted comes again, and goes by itself when the queue keeps it no longer.
        read, self._read = self._read, []
        entries = [{"Id": str(index), "ReceiptHandle": each["ReceiptHandle"]} for index, each in enumerate(read)]
        if entries:
            self._call("delete_message_batch", Entries=entries)

    def _call(self, operation: str, **params: Any) -> dict[str, Any]:
        try:
            return self._clients.call("sqs", operation, QueueUrl=self._url, **params)
        except ReconcileError as error:
            if error.reason is not Reason.ACCESS_DENIED:
                raise
            message = f"{error.message}; the operator needs {_PERMISSIONS[operation]} on the queue {self._url}"
            raise replace(error, message=message) from error


def _counted(body: str) -> Hint | None:
    try:
        hint = hint_in(body)
    except ValueError:
        EVENT_MESSAGES.labels("malformed").inc()
        return None
    EVENT_MESSAGES.labels("other" if hint is None else "hint").inc()
    return hint
