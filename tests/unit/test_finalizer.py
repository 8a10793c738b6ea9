"""An object that is being deleted: what is asked of AWS, what is told meanwhile, and when nothing keeps it any more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from smendpoints.api.status import SageMakerEndpointStatus
from smendpoints.controller.finalize import Finalizer
from smendpoints.controller.finding import Finding
from smendpoints.controller.memory import Memory
from smendpoints.controller.result import NEVER, Awaits
from smendpoints.controller.settings import ControllerSettings
from smendpoints.controller.trouble import finalizing
from smendpoints.domain.desired.ownership import Owner
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import OwnedResources, OwnMonitoring
from smendpoints.domain.plan.actions import Action
from smendpoints.domain.plan.alarms import Ownership
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import conditions
from smsandbox.testing.one_account import OneAccount
from smsandbox.testing.specs import STEPS
from smsandbox.testing.statuses import NOW

TARGET = "endpoint/default-iris/variant/primary"
SCALED = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}}}
MADE = {"endpoint": {"name": "default-iris", "arn": "arn", "status": "InService"}}


@dataclass
class Aws(OneAccount):
    """Shows an endpoint and what is left of it; does what it is told, but for what it refuses."""

    seen: Any
    listed: str | None = "InService"
    left: OwnedResources = field(default_factory=OwnedResources)
    refuses: ReconcileError | None = None
    made: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    seen_at: float = 1.0

    def blind_seconds(self) -> float:
        return 0.0

    def peek(self, name: str) -> Any:
        return self

    @property
    def status(self) -> str | None:
        return self.listed

    def current(self, name: str, since: float) -> bool:
        return True

    def absent(self, name: str, since: float) -> bool:
        return self.listed is None

    def endpoint(self, name: str, tags: Mapping[str, str] | None = None, described: Any = None) -> Any:
        assert name == "default-iris"
        self.asked.append("endpoint")
        return self.seen.observed.endpoint

    def config(self, name: str) -> Any:
        return None

    def targets(self, ids: list[str], *, bare: bool = False) -> Any:
        return self.seen.observed.targets

    def listed_targets(self, name: str, since: float) -> Any:
        return None

    def alarms(self, prefix: str) -> Any:
        return {}

    def alarm_owners(self, endpoint: str, owner: Owner) -> Ownership:
        return Ownership(ours=self.left.alarms, nobodys={})

    def owned_resources(self, endpoint: str, owner: Owner, *, alarms: bool, listed: bool = False) -> OwnedResources:
        assert owner == Owner("cluster-1", "default", "iris")
        self.asked.append("what is left")
        return self.left

    def owned(self, endpoint: str, owner: Owner, *, has_dashboard: bool) -> OwnMonitoring:
        self.asked.append("monitoring, with its dashboard" if has_dashboard else "monitoring")
        return OwnMonitoring()

    def missing(self, names: frozenset[str], since: float) -> frozenset[str]:
        return frozenset()

    def explain(self, failure: ReconcileError, role: str | None) -> ReconcileError:
        return failure

    def apply(self, action: Action, policies: Any, *, adopts: bool = False, namespace: str | None = None) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.made.append(str(action))


def finalized(
    aws: Aws, status: Mapping[str, Any] | None = None, memory: Memory | None = None, *, retains: bool = False
) -> Finding:
    settings = ControllerSettings("cluster-1", "us-east-1", retains=retains)
    finalizer = Finalizer(settings, lambda: NOW, lambda: 100.0, lambda _: None)
    resource = aws.seen.resource
    if status is not None:
        found = SageMakerEndpointStatus.model_validate({**resource.status.to_json(), **status})
        resource = resource.model_copy(update={"status": found})
    return finalizer.finalize(aws, "default-iris", resource, memory or Memory())  # type: ignore[arg-type]


def ready(found: Finding) -> tuple[str, str]:
    told = conditions.find(found.status.conditions, "Ready")
    assert told is not None
    return told.reason, told.message


def test_what_made_nothing_is_let_go_without_asking_aws(sight: Callable[..., Any]) -> None:
    found = Finalizer.nothing_made(sight().resource)
    assert (found.finalized, found.status) == (True, sight().resource.status)
    (event,) = found.events
    assert (event.warning, event.reason) == (False, Reason.DELETED)
    assert event.message == "nothing was created in AWS for this object, so nothing is deleted there"


def test_first_the_endpoint_goes_and_is_waited_for(sight: Callable[..., Any]) -> None:
    aws, memory = Aws(sight(SCALED)), Memory()
    found = finalized(aws, MADE, memory)
    assert aws.made == [f"DEREGISTER_TARGET {TARGET}", "DELETE_ENDPOINT default-iris"]
    assert ready(found) == ("Deleting", "deleting the endpoint default-iris")
    assert (found.finalized, found.requeue_after, found.awaits) == (False, 600.0, Awaits.GONE)
    assert found.status.endpoint is not None
    assert found.status.endpoint.status == "Deleting"
    available = conditions.find(found.status.conditions, "Available")
    assert available is not None
    assert available.status == "False"
    assert memory.seen.expects == "Deleting"


def test_what_is_being_deleted_is_not_asked_about_until_it_is_gone_or_its_time_is_up(sight: Callable[..., Any]) -> None:
    aws, memory = Aws(sight(), listed="Deleting"), Memory()
    memory.seen.expects = "Deleting"
    memory.schedule.deadline = 130.0
    found = finalized(aws, MADE, memory)
    assert (aws.asked, found.awaits, found.due_after) == ([], Awaits.GONE, 30.0)
    memory.schedule.deadline = 100.5
    assert (finalized(aws, MADE, memory).due_after, aws.asked) == (0.5, [])
    memory.schedule.deadline = 100.0
    finalized(aws, MADE, memory)
    assert aws.asked == ["endpoint"]
    gone, memory.schedule.deadline = Aws(sight(exists=False), listed=None), 130.0
    assert finalized(gone, MADE, memory).finalized
    assert "endpoint" in gone.asked


def test_then_what_it_leaves_behind_goes_and_nothing_keeps_the_object(sight: Callable[..., Any]) -> None:
    seen = sight(exists=False)
    aws = Aws(seen, listed=None, left=OwnedResources(models={"m": "arn:m"}, alarms={"a": "arn:a"}))
    found = finalized(aws, MADE)
    assert aws.made == ["DELETE_ALARMS a", "DELETE_MODEL m"]
    assert found.finalized
    assert [(each.warning, each.reason, each.message) for each in found.events] == [
        (False, "Deleted", "all AWS resources deleted")
    ]


@pytest.mark.parametrize(("outcome", "gone"), [("Deployed", ["DELETE_ALARMS old"]), ("Failed", [])])
def test_alarms_of_nobody_go_with_what_was_once_in_service(
    sight: Callable[..., Any], outcome: str, gone: list[str]
) -> None:
    aws = Aws(sight(exists=False), listed=None, left=OwnedResources(untagged_alarms={"old": "arn:old"}))
    revision = {"revision": 1, "configName": "c", "at": "2026-11-22T11:00:00Z", "outcome": outcome}
    assert finalized(aws, {**MADE, "history": [revision]}).finalized
    assert aws.made == gone


def test_that_an_endpoint_of_somebody_else_stays_is_a_warning(sight: Callable[..., Any]) -> None:
    aws = Aws(sight(shows={"tags": {}}))
    found = finalized(aws, MADE)
    assert (aws.made, found.finalized) == ([], True)
    assert [(each.warning, each.reason) for each in found.events] == [(True, "NotOwned")]


@pytest.mark.parametrize(
    ("status", "wants", "asked"),
    [
        ({"createdInAWS": True}, {}, None),
        ({}, {}, "monitoring"),  # of a release that did not write down what it made
        ({"createdInAWS": True}, {"monitoring": {}}, "monitoring"),
        ({"createdInAWS": True, "monitoring": {}}, {}, "monitoring"),
        ({"createdInAWS": True, "monitoring": {"dashboard": "d"}}, {}, "monitoring, with its dashboard"),
    ],
)
def test_monitoring_is_looked_for_where_there_may_be_some(
    sight: Callable[..., Any], status: dict[str, Any], wants: dict[str, Any], asked: str | None
) -> None:
    aws = Aws(sight(wants, exists=False), listed=None)
    finalized(aws, status)
    assert aws.asked == ["endpoint", "what is left", *([asked] if asked is not None else [])]


def test_a_refusal_is_told_and_tried_again(sight: Callable[..., Any]) -> None:
    denied = ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "no", "delete_endpoint")
    aws, memory = Aws(sight(), refuses=denied), Memory()
    found = finalized(aws, MADE, memory)
    reason, message = ready(found)
    assert (reason, message.startswith("DeleteEndpoint: no; trying again at 12:00:")) == ("AccessDenied", True)
    assert conditions.is_true(found.status.conditions, "Stalled")
    assert found.status.failure is not None
    assert found.status.failure.reason == message
    assert (found.finalized, found.awaits) == (False, Awaits.NOTHING)
    assert 0 < found.requeue_after <= 4.0
    assert memory.trouble.failures == 1
    finalized(Aws(sight()), MADE, memory)
    assert memory.trouble.failures == 0, "what went wrong before is forgotten"
    busy = replace(denied, kind=Kind.RETRY)
    told = finalized(Aws(sight(), refuses=busy), MADE)
    assert not conditions.is_true(told.status.conditions, "Stalled")
    assert told.status.failure is None


def test_a_suspended_object_waits_for_a_person(sight: Callable[..., Any]) -> None:
    aws, memory = Aws(sight({"suspend": True})), Memory()
    memory.pursue(finalizing(aws.seen.resource))
    memory.trouble.failures = 3
    found = finalized(aws, MADE, memory)
    assert memory.trouble.failures == 0, "AWS could be asked"
    assert (aws.made, found.requeue_after, found.awaits, found.finalized) == ([], NEVER, Awaits.NOTHING, False)
    assert ready(found)[0] == "DeletionSuspended"


KEEPS = [
    ({"deletionPolicy": "Retain"}, {}, False),
    ({}, {}, True),
    ({}, {"adopted": True}, False),  # what somebody else had made stays
]


@pytest.mark.parametrize(("wants", "status", "retains"), KEEPS)
def test_what_is_retained_loses_its_owner_and_nothing_else(
    sight: Callable[..., Any], wants: dict[str, Any], status: dict[str, Any], retains: bool
) -> None:
    aws = Aws(sight(wants), left=OwnedResources(models={"m": "arn:m"}))
    found = finalized(aws, {**MADE, **status}, retains=retains)
    assert aws.made == [f"DELETE_TAGS {aws.seen.observed.endpoint.arn}", "DELETE_TAGS arn:m"]
    assert (found.finalized, [each.reason for each in found.events]) == (True, ["Retained"])


def test_what_the_spec_says_of_it_counts_for_more_than_what_the_operator_is_told(sight: Callable[..., Any]) -> None:
    aws = Aws(sight({"deletionPolicy": "Delete"}))
    finalized(aws, MADE, retains=True)
    assert aws.made == ["DELETE_ENDPOINT default-iris"]


def test_what_is_retained_scales_as_it_should_first(sight: Callable[..., Any]) -> None:
    aws = Aws(sight({**SCALED, "deletionPolicy": "Retain"}, targets=()))
    finalized(aws, MADE)
    put = [f"REGISTER_TARGET {TARGET}", f"PUT_POLICY {TARGET} invocations-per-instance"]
    assert aws.made == [*put, f"DELETE_TAGS {aws.seen.observed.endpoint.arn}"]


def test_in_the_middle_of_an_update_it_is_waited_for(sight: Callable[..., Any]) -> None:
    for policy in ("Retain", "Delete"):
        aws = Aws(sight({"deletionPolicy": policy}, shows={"status": "Updating"}), listed="Updating")
        memory = Memory()
        found = finalized(aws, MADE, memory)
        assert (aws.made, found.finalized, found.awaits) == ([], False, Awaits.CHANGE)
        assert memory.seen.expects == "Updating"
        assert found.status.endpoint is not None
        assert found.status.endpoint.status == "InService", "what AWS shows is told by Available"
    creating = finalized(Aws(sight(shows={"status": "Creating"}), listed="Creating"), MADE)
    available = conditions.find(creating.status.conditions, "Available")
    assert available is not None
    assert available.status == "False"


@dataclass
class Watched(Aws):
    """Has alarms of our names, and nobody may see whose they are."""

    def alarms(self, prefix: str) -> Any:
        return {name: {**each, "AlarmArn": "arn", "Threshold": 7} for name, each in self.seen.observed.alarms.items()}

    def alarm_tags(self, alarm: Any, owner: Owner) -> Mapping[str, str]:
        raise ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "no")


def test_what_is_retained_is_let_go_of_though_its_spec_says_nothing(sight: Callable[..., Any]) -> None:
    """Nobody can say what is left undone of a spec that cannot be made sense of."""
    seen = sight({**SCALED, "deletionPolicy": "Retain"}, targets=())
    nonsense = seen.resource.spec.model_copy(update={"execution_role_arn": None})
    aws = Aws(replace(seen, resource=seen.resource.model_copy(update={"spec": nonsense})))
    found = finalized(aws, MADE)
    assert (aws.made, found.finalized) == ([f"DELETE_TAGS {aws.seen.observed.endpoint.arn}"], True)


def test_what_is_retained_waits_until_it_is_known_whose_its_alarms_are(sight: Callable[..., Any]) -> None:
    steps = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "stepScaling": [STEPS]}}}
    aws = Watched(sight({**steps, "deletionPolicy": "Retain"}))
    with pytest.raises(ReconcileError, match="no"):
        finalized(aws, MADE)
    assert aws.made == []


def test_a_deletion_is_told_to_the_listings_only_once_it_is_kept_when_it_was(
    sight: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that is begun between the two misses the endpoint, and is not believed: nobody would look again."""
    aws, memory, told = Aws(sight()), Memory(), []
    monkeypatch.setattr(aws, "deleting", lambda endpoint: told.append((endpoint, memory.seen.written_at)))
    finalized(aws, memory=memory)
    assert told == [("default-iris", 100.0)]
