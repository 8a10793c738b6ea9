"""The plan by what AWS says: no endpoint, one that is not ours, and each of the nine statuses."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import botocore.session
import pytest

from smendpoints.domain.observed.observed import Step
from smendpoints.domain.plan.verdict import Requeue

B = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}
OTHERS = {"smendpoints.dev/cluster": "cluster-1", "smendpoints.dev/namespace": "team", "smendpoints.dev/name": "fraud"}
TWINS = {"smendpoints.dev/cluster": "cluster-2", "smendpoints.dev/namespace": "default", "smendpoints.dev/name": "iris"}
NOBODYS = {"team": "fraud"}


class Case(NamedTuple):
    """What a reconcile sees, and what it does and says."""

    sees: dict[str, Any]
    does: list[str]
    says: str
    then: Requeue | float = Requeue.POLL


def state(verdict: Any) -> str:
    words = [word for word in ("ready", "reconciling", "stalled") if getattr(verdict, word)]
    return f"{verdict.reason}: {'+'.join(words) or 'resting'}"


def check(sight: Callable[..., Any], case: Case) -> None:
    seen = sight(**case.sees)
    plan = seen.plan()
    assert (seen.actions(), state(plan.verdict), plan.requeue) == (case.does, case.says, case.then)


CREATION = [
    "CREATE_MODEL default-iris-primary-WANTED",
    "CREATE_CONFIG default-iris-WANTED",
    "CREATE_ENDPOINT default-iris",
]
DELETION = ["DELETE_ENDPOINT default-iris"]
SCALED = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}}}
TARGET = "endpoint/default-iris/variant/primary"

ABSENT = {
    "what is not there is created, each thing before what needs it": Case(
        {"exists": False}, CREATION, "Creating: reconciling"
    ),
    "a suspended object creates nothing": Case(
        {"wants": {"suspend": True}, "exists": False}, [], "Suspended: resting", Requeue.STEADY
    ),
    "a stopped one is done": Case(
        {"wants": {"desiredState": "Stopped"}, "exists": False}, [], "Stopped: ready", Requeue.STEADY
    ),
    "one that a hand deleted comes back": Case({"exists": False, "converged": True}, CREATION, "Creating: reconciling"),
    "one that a hand deleted is only reported by driftPolicy Report": Case(
        {"wants": {"driftPolicy": "Report"}, "exists": False, "converged": True},
        [],
        "DriftFound: stalled",
        Requeue.STEADY,
    ),
    "by driftPolicy Report, too, the first one is created": Case(
        {"wants": {"driftPolicy": "Report"}, "exists": False}, CREATION, "Creating: reconciling"
    ),
}

FOREIGN = {
    "an endpoint of that name without owner is left alone": Case(
        {"shows": {"tags": NOBODYS}}, [], "NotOwned: stalled", Requeue.STEADY
    ),
    "an endpoint of another object is left alone": Case(
        {"shows": {"tags": OTHERS}}, [], "NotOwned: stalled", Requeue.STEADY
    ),
    "one of an object of the same name in another cluster is another's": Case(
        {"shows": {"tags": TWINS}}, [], "NotOwned: stalled", Requeue.STEADY
    ),
    "adoptExisting takes over what has no owner": Case(
        {"wants": {"adoptExisting": True}, "shows": {"tags": NOBODYS}},
        ["ADD_TAGS default-iris"],
        "Adopted: reconciling",
        Requeue.NOW,
    ),
    "adoptExisting takes nothing from another object": Case(
        {"wants": {"adoptExisting": True}, "shows": {"tags": OTHERS}}, [], "NotOwned: stalled", Requeue.STEADY
    ),
    "a suspended object takes over nothing, it only says what it would do": Case(
        {"wants": {"adoptExisting": True, "suspend": True}, "shows": {"tags": NOBODYS}},
        [],
        "Suspended: resting",
        Requeue.STEADY,
    ),
    "what is not ours is not deleted to stop it": Case(
        {"wants": {"desiredState": "Stopped"}, "shows": {"tags": OTHERS}}, [], "NotOwned: stalled", Requeue.STEADY
    ),
}

PING = "The primary container for production variant primary did not pass the ping health check."
CAPACITY = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."
AWS_FAULT = "Request to service failed. If failure persists after retry, contact customer support."

STATUSES = {
    "Creating: wait": Case({"shows": {"status": "Creating"}}, [], "Creating: reconciling"),
    "Creating, and to be stopped: AWS deletes no endpoint that is Creating": Case(
        {"wants": {"desiredState": "Stopped"}, "shows": {"status": "Creating"}}, [], "Stopping: reconciling"
    ),
    "InService as wanted: done": Case({}, [], "InService: ready", Requeue.STEADY),
    "InService, and to be stopped: delete": Case(
        {"wants": {"desiredState": "Stopped"}}, DELETION, "Stopping: reconciling"
    ),
    "InService with autoscaling, and to be stopped: targets off, then delete": Case(
        {"wants": {**SCALED, "desiredState": "Stopped"}},
        [f"DEREGISTER_TARGET {TARGET}", *DELETION],
        "Stopping: reconciling",
    ),
    "InService and suspended, though the spec wants another config: only watched": Case(
        {"wants": {"suspend": True}, "lives": B}, [], "Suspended: resting", Requeue.STEADY
    ),
    "Updating and suspended: only watched": Case(
        {"wants": {"suspend": True}, "shows": {"status": "Updating"}}, [], "Suspended: resting", Requeue.STEADY
    ),
    "Updating to the wanted config: wait": Case(
        {"lives": B, "shows": {"status": "Updating", "pending_config": "WANTED"}}, [], "Updating: reconciling"
    ),
    "Updating to another config: wait for its end": Case(
        {"lives": B, "shows": {"status": "Updating", "pending_config": "default-iris-other"}},
        [],
        "Updating: reconciling",
    ),
    "Updating in place, because the spec changed: wait": Case(
        {"shows": {"status": "Updating"}}, [], "Scaling: reconciling"
    ),
    "Updating in place while all is as wanted, as an autoscaler does: still ready": Case(
        {"wants": SCALED, "shows": {"status": "Updating"}, "converged": True}, [], "InService: ready"
    ),
    "Updating by hand away from what is wanted: not ready": Case(
        {
            "shows": {"status": "Updating"},
            "variants": {"primary": {"desired_weight": 7.0}},
            "converged": True,
        },
        [],
        "ShiftingTraffic: reconciling",
    ),
    "Updating, and to be stopped: AWS deletes no endpoint that is Updating": Case(
        {"wants": {"desiredState": "Stopped"}, "shows": {"status": "Updating"}}, [], "Stopping: reconciling"
    ),
    "SystemUpdating while all is as wanted: ready, AWS is at work": Case(
        {"shows": {"status": "SystemUpdating"}, "converged": True}, [], "Maintenance: ready"
    ),
    "SystemUpdating with a new spec waiting: wait": Case(
        {"lives": B, "shows": {"status": "SystemUpdating"}}, [], "Scaling: reconciling"
    ),
    "RollingBack a rollout: wait, and say so": Case(
        {"lives": B, "shows": {"status": "RollingBack", "pending_config": "WANTED"}}, [], "RollingBack: reconciling"
    ),
    "RollingBack a scaling: wait": Case({"shows": {"status": "RollingBack"}}, [], "Scaling: reconciling"),
    "OutOfService as wanted: nothing to do, but not ready": Case(
        {"shows": {"status": "OutOfService"}}, [], "OutOfService: stalled", Requeue.STEADY
    ),
    "OutOfService, and to be stopped: delete": Case(
        {"wants": {"desiredState": "Stopped"}, "shows": {"status": "OutOfService"}}, DELETION, "Stopping: reconciling"
    ),
    "UpdateRollbackFailed: a mix of two fleets is not ready, whatever config it shows": Case(
        {"shows": {"status": "UpdateRollbackFailed", "failure_reason": PING}},
        [],
        "EndpointFailed: stalled",
        Requeue.STEADY,
    ),
    "UpdateRollbackFailed with a new spec: a new rollout is the way out": Case(
        {"lives": B, "shows": {"status": "UpdateRollbackFailed", "failure_reason": PING}},
        [],
        "Updating: reconciling",
        Requeue.NOW,
    ),
    "Deleting, by a hand: wait until it is gone": Case(
        {"shows": {"status": "Deleting"}}, [], "Recreating: reconciling"
    ),
    "Deleting, as desiredState says: wait until it is gone": Case(
        {"wants": {"desiredState": "Stopped"}, "shows": {"status": "Deleting"}}, [], "Stopping: reconciling"
    ),
    "Failed: nothing helps but another spec": Case(
        {"shows": {"status": "Failed", "failure_reason": PING}}, [], "CreateFailed: stalled", Requeue.STEADY
    ),
    "Failed without a reason: likewise": Case(
        {"shows": {"status": "Failed"}}, [], "CreateFailed: stalled", Requeue.STEADY
    ),
    "Failed with another config than the spec wants: delete, to create anew": Case(
        {"lives": B, "shows": {"status": "Failed", "failure_reason": PING}}, DELETION, "Recreating: reconciling"
    ),
    "Failed, and to be stopped: delete": Case(
        {"wants": {"desiredState": "Stopped"}, "shows": {"status": "Failed", "failure_reason": PING}},
        DELETION,
        "Stopping: reconciling",
    ),
    "Failed and suspended: only watched": Case(
        {"wants": {"suspend": True}, "shows": {"status": "Failed"}}, [], "Suspended: resting", Requeue.STEADY
    ),
    "Failed a moment ago for want of capacity: wait a minute": Case(
        {"shows": {"status": "Failed", "failure_reason": CAPACITY, "modified_at": "JUST NOW"}},
        [],
        "CapacityShortage: reconciling",
        60.0,
    ),
    "Failed long ago for want of capacity: delete, to try again": Case(
        {"shows": {"status": "Failed", "failure_reason": CAPACITY}}, DELETION, "Recreating: reconciling"
    ),
    "Failed by a fault of AWS's own: delete, to try again": Case(
        {"shows": {"status": "Failed", "failure_reason": AWS_FAULT}}, DELETION, "Recreating: reconciling"
    ),
    "Failed for want of capacity five times in a row: the wait has doubled four times": Case(
        {
            "shows": {"status": "Failed", "failure_reason": CAPACITY, "modified_at": "JUST NOW"},
            "history": [("WANTED", "Failed")] * 5,
        },
        [],
        "CapacityShortage: reconciling",
        960.0,
    ),
    "Failed for want of capacity ten times in a row: half an hour is the longest wait": Case(
        {
            "shows": {"status": "Failed", "failure_reason": CAPACITY, "modified_at": "JUST NOW"},
            "history": [("WANTED", "Failed")] * 10,
        },
        [],
        "CapacityShortage: reconciling",
        1800.0,
    ),
}


@pytest.mark.parametrize("case", ABSENT.values(), ids=ABSENT.keys())
def test_there_is_no_endpoint(sight: Callable[..., Any], case: Case) -> None:
    check(sight, case)


@pytest.mark.parametrize("case", FOREIGN.values(), ids=FOREIGN.keys())
def test_the_endpoint_is_not_ours(sight: Callable[..., Any], case: Case) -> None:
    check(sight, case)


@pytest.mark.parametrize("case", STATUSES.values(), ids=STATUSES.keys())
def test_the_endpoint_is(sight: Callable[..., Any], case: Case) -> None:
    sees = dict(case.sees)
    if sees.get("shows", {}).get("modified_at") == "JUST NOW":
        sees["shows"] = {**sees["shows"], "modified_at": now(sight)}
    check(sight, case._replace(sees=sees))


def now(sight: Callable[..., Any]) -> Any:
    """The time of the reconcile: the endpoint of a sight was changed ten minutes before it."""
    return sight().observed.endpoint.modified_at + timedelta(minutes=10)


def test_every_status_of_aws_has_a_line_here() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    shape: Any = model.shape_for("EndpointStatus")
    assert set(shape.enum) == {case.sees.get("shows", {}).get("status", "InService") for case in STATUSES.values()}


def test_whom_an_endpoint_belongs_to_is_said_within_one_namespace_alone(sight: Callable[..., Any]) -> None:
    message = sight(shows={"tags": OTHERS}).plan().verdict.message
    assert "it belongs to another object" in message
    assert not re.search("team|fraud", message), "what another namespace has is not told"
    assert "with another spec.endpointName" in message
    assert "adoptExisting" not in message
    neighbours = {**OTHERS, "smendpoints.dev/namespace": "default"}
    assert "to the SageMakerEndpoint fraud;" in sight(shows={"tags": neighbours}).plan().verdict.message
    assert "; set spec.adoptExisting" in sight(shows={"tags": NOBODYS}).plan().verdict.message


def test_a_creation_is_remembered_as_a_rollout(sight: Callable[..., Any]) -> None:
    seen = sight(exists=False)
    rollout = seen.plan().rollout
    assert (rollout.config_name, rollout.phase) == (seen.desired.config_name, "InProgress")


def test_a_failed_creation_is_remembered_with_its_reason(sight: Callable[..., Any]) -> None:
    rollout = sight(shows={"status": "Failed", "failure_reason": PING}).plan().rollout
    assert (rollout.phase, rollout.message) == ("Failed", PING)


def test_a_failed_creation_without_a_reason_says_that_there_is_none(sight: Callable[..., Any]) -> None:
    plan = sight(shows={"status": "Failed"}).plan()
    assert (plan.verdict.message, plan.rollout.message) == ("AWS gives no reason", "AWS gives no reason")


@pytest.mark.parametrize("same", [True, False])
def test_a_config_that_somebody_else_made_is_in_service_if_it_says_the_same(
    sight: Callable[..., Any], config: Callable[..., Any], *, same: bool
) -> None:
    theirs = replace(config(sight().desired), name="theirs")
    seen = sight(shows={"config_name": "theirs"}, live_config=theirs, equivalent=same, converged=True)
    reason, message = seen.plan().verdict.reason, seen.plan().verdict.message
    assert (reason, message) == ("InService", "in service with theirs") if same else reason == "Updating"


def test_adoption_adds_the_tags_of_ownership_alone(sight: Callable[..., Any]) -> None:
    seen = sight({"adoptExisting": True, "tags": {"team": "ml"}}, shows={"tags": {}})
    (action,) = seen.plan().actions
    assert {tag["Key"]: tag["Value"] for tag in action.params["Tags"]} == seen.desired.owner.tags()


def test_what_aws_says_of_the_steps_is_passed_on(sight: Callable[..., Any]) -> None:
    words = "Baking for 600 seconds (TerminationWaitInSeconds) with traffic enabled on full capacity."
    seen = sight(
        lives=B,
        shows={"status": "Updating", "pending_config": "WANTED"},
        variants={"primary": {"steps": (Step("Baking", words, datetime(2026, 11, 22, 12, tzinfo=UTC)),)}},
        remembers={"phase": "Pending"},
    )
    plan = seen.plan()
    assert (plan.rollout.phase, plan.rollout.aws_message) == ("InProgress", words)
    assert plan.verdict.message.endswith(": step 1 of 1, 100% of the traffic, baking until 12:10:00Z")


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"])
def test_nothing_is_done_to_an_endpoint_that_is_busy(sight: Callable[..., Any], status: str) -> None:
    for wants in ({}, {"desiredState": "Stopped"}, {"suspend": True}):
        assert sight(wants, B, shows={"status": status}).actions() == []
