"""Whose log is repeated: a container's that this very attempt started, and nobody else's."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.aws.calls.clients import Clients
from smendpoints.aws.logs import log_tail
from smendpoints.controller.tailing import tail
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.observed.parsing import parse_endpoint
from smendpoints.domain.plan.verdict import Plan, stalled
from smendpoints.domain.plan.wording import failing
from smendpoints.domain.reasons import Reason
from smsandbox.testing.stubs import Stubs

SINCE = datetime(2026, 11, 22, 12, tzinfo=UTC)
GROUP = "/aws/sagemaker/Endpoints/default-iris"


@pytest.fixture
def logs(clients: Clients) -> Iterator[Stubs]:
    with Stubs(clients, ["logs"]) as made:
        yield made


def stream(name: str, began: int) -> dict[str, Any]:
    """A stream that began so many seconds after the attempt."""
    return {"logStreamName": name, "creationTime": int((SINCE.timestamp() + began) * 1000)}


def found(logs: Stubs, *streams: dict[str, Any]) -> None:
    asked = {"logGroupName": GROUP, "orderBy": "LastEventTime", "descending": True, "limit": 50}
    logs.answers("logs", "describe_log_streams", {"logStreams": [*streams]}, asked)


def read(logs: Stubs, name: str, *messages: str) -> None:
    asked = {"logGroupName": GROUP, "logStreamName": name, "limit": 20, "startFromHead": False}
    logs.answers("logs", "get_log_events", {"events": [{"message": each} for each in messages]}, asked)


def test_the_stream_of_the_failing_variant_that_began_after_the_attempt_is_read(logs: Stubs, clients: Clients) -> None:
    found(
        logs,
        stream("primary/i-healthy", -600),
        stream("challenger/i-healthy-too", 60),
        stream("primary/i-platform/data-log", 90),
        stream("primary/i-failing", 30),
    )
    read(logs, "primary/i-failing", "Traceback", "password=hunter2hunter2\n")
    assert log_tail(clients, "default-iris", ["primary"], SINCE) == ["Traceback", "password=[redacted]"]
    logs.all_asked()


@pytest.mark.parametrize(
    "streams",
    [[], [stream("primary/i-before", -1)], [stream("challenger/i-1", 60)], [stream("primary-two/i-1", 60)]],
    ids=["no stream", "an endpoint's before", "another variant's", "a variant's of a longer name"],
)
def test_no_other_log_is_read(logs: Stubs, clients: Clients, streams: list[dict[str, Any]]) -> None:
    found(logs, *streams)
    assert log_tail(clients, "default-iris", ["primary"], SINCE) == []
    logs.all_asked()


def test_no_permission_is_no_log(logs: Stubs, clients: Clients) -> None:
    logs.stubs["logs"].add_client_error("describe_log_streams", "AccessDeniedException", "no", 400)
    assert log_tail(clients, "default-iris", ["primary"], SINCE) == []


REASON = "The {} container for production variant {} did not pass the ping health check."


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (REASON.format("primary", "challenger"), {"challenger"}),
        (REASON.format("primary", "primary"), {"primary"}),
        (REASON.format("primary", "challenger-2"), {"primary", "challenger"}),
        ("Request to service failed.", {"primary", "challenger"}),
    ],
)
def test_the_variant_that_failed_is_the_one_that_aws_names(reason: str, told: set[str]) -> None:
    assert failing(reason, ["primary", "challenger"]) == told


class Account:
    """Notes which log is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, frozenset[str], datetime]] = []

    def log_tail(self, endpoint: str, variants: frozenset[str], since: datetime) -> list[str]:
        self.asked.append((endpoint, variants, since))
        return ["a line"]


@pytest.mark.parametrize(("status", "reason"), [("Failed", Reason.CREATE_FAILED), ("InService", Reason.UPDATE_FAILED)])
def test_a_creations_log_begins_with_the_endpoint_and_an_updates_with_the_attempt(
    sight: Callable[..., Any], status: str, reason: Reason
) -> None:
    seen = sight(shows={"status": status, "failure_reason": "x"})
    started = SINCE + timedelta(minutes=5)
    rollout = RolloutStatus(config_name="c", phase="Failed", started_at=started, message="x")
    account: Any = Account()
    todo = Plan(stalled(reason, "x"), rollout=rollout)
    assert tail(account, seen.resource, seen.desired, seen.observed, todo) == ["a line"]
    since = seen.observed.endpoint.created_at if status == "Failed" else started
    assert account.asked == [("default-iris", frozenset({"primary"}), since)]
    assert tail(account, seen.resource, seen.desired, Observed(), todo) == []
    well = replace(todo, verdict=stalled(Reason.NOT_OWNED, "x"))
    assert tail(account, seen.resource, seen.desired, seen.observed, well) == []
    undone = replace(todo, rollout=rollout.model_copy(update={"undone_by": "Alarm"}))
    assert tail(account, seen.resource, seen.desired, seen.observed, undone) == []
    assert len(account.asked) == 1


def test_what_aws_says_of_a_refusal_repeats_no_secret(logs: Stubs, clients: Clients) -> None:
    message = "Value '{DB_PASSWORD=hunter2hunter2, LEVEL=debug}' at 'primaryContainer.environment' is too long"
    logs.stubs["logs"].add_client_error("describe_log_streams", "ValidationException", message, 400)
    with pytest.raises(ReconcileError) as caught:
        clients.call("logs", "describe_log_streams", logGroupName=GROUP)
    assert "hunter2" not in str(caught.value)
    assert "LEVEL=debug" in str(caught.value)


def test_what_aws_says_of_a_failure_repeats_no_secret() -> None:
    response = {
        "EndpointName": "iris",
        "EndpointArn": "arn",
        "EndpointStatus": "Failed",
        "CreationTime": SINCE,
        "LastModifiedTime": SINCE,
        "FailureReason": "the container ended: export HF_TOKEN=hf_aBcDeFgHiJkLmNoPqRsT; no such model",
    }
    reason = parse_endpoint(response, {}).failure_reason or ""
    assert "aBcDeF" not in reason
    assert "the container ended" in reason
