"""What a reconcile that went through tells, remembers, and waits for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from smendpoints.api.analysis import AnalysedStep, Analysis, AnalysisStatus
from smendpoints.api.status import Failure, Resolved
from smendpoints.api.status_rollout import LaunchedFrom, RolloutStatus
from smendpoints.controller.finding import Finding
from smendpoints.controller.memory import Memory
from smendpoints.controller.reporting import finding_of
from smendpoints.controller.result import NEVER, Applied, Awaits
from smendpoints.controller.ruling import Ruling, View
from smendpoints.domain.desired.names import content_hash
from smendpoints.domain.desired.office_hours import Schedule
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import OwnedResources
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.meanwhile import Meanwhile
from smendpoints.domain.plan.verdict import Plan, Requeue, ready, reconciling, stalled
from smendpoints.domain.preflight.launch import Stored
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.supplies import UNKNOWN, Supplied

POLL, NOW = 5.0, 1000.0
RESTS = Plan(ready(Reason.IN_SERVICE, "in service"), requeue=Requeue.STEADY)
ROLLS = Plan(reconciling(Reason.UPDATING, "updating"))
BLOCKED = ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "no", "update_endpoint")
THROTTLED = ReconcileError(Kind.RETRY, Reason.THROTTLED, "slower", "update_endpoint")
UPDATE, CREATE = (Action(verb, "e", {}) for verb in (Verb.UPDATE_ENDPOINT, Verb.CREATE_ENDPOINT))
B = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}


class Listed:
    """An endpoint as listed."""

    def fingerprint(self) -> list[str]:
        return ["listed"]


@dataclass
class Aws:
    """What a report asks of AWS: nothing that costs."""

    period: int = 60
    logs: int = 0
    lists: Any = field(default_factory=Listed)

    def __getattr__(self, name: str) -> Any:
        if name in {"watch", "prices", "preflight", "datapoints"}:
            return self
        raise AttributeError(name)

    def settled(self, name: str, since: float) -> Any:
        return self.lists

    def missing(self, names: frozenset[str], since: float) -> frozenset[str]:
        return frozenset()

    def of(self, _: str) -> None:
        return None

    def look_up(self) -> bool:
        return False

    def stored(self, _: object) -> Mapping[str, Stored]:
        return {}

    def invocations_url(self, endpoint: str) -> str:
        return f"https://runtime/{endpoint}"

    def log_tail(self, *_: object) -> list[str]:
        self.logs += 1
        return ["a line"]


def resolved(seen: Any) -> Resolved:
    return Resolved(endpoint_name=seen.desired.endpoint_name, region="us-east-1", generation=4)


ALLOWED: dict[str, Any] = {
    "refused": None,
    "violations": (),
    "reason": Reason.POLICY_VIOLATION,
    "unseen": False,
    "adoption": None,
    "log_tails": True,
}


def told(
    seen: Any,
    todo: Plan,
    applied: Applied | None = None,
    memory: Memory | None = None,
    *,
    schedule: Schedule | None = None,
    supplies: Supplied = UNKNOWN,
    aws: Aws | None = None,
    **ruled: Any,
) -> Finding:
    rules = {**ALLOWED, **ruled}
    ruling = Ruling(seen.resource, resolved(seen), View(None, (), None, None), **rules)
    given = replace(seen.given, schedule=schedule) if schedule is not None else seen.given
    return finding_of(
        ruling,
        aws or Aws(),
        given,
        todo,
        applied or Applied(),
        memory or Memory(),
        POLL,
        NOW,
        supplies=supplies,
    )


def test_what_rests_waits_for_nothing_but_the_next_look_at_its_supplies(sight: Callable[..., Any]) -> None:
    memory = Memory()
    memory.seen.supplies_at = NOW + 700
    found = told(sight(), RESTS, memory=memory)
    assert (found.requeue_after, found.awaits, memory.seen.expects) == (700.0, Awaits.NOTHING, None)
    for todo in (
        replace(RESTS, verdict=stalled(Reason.UPDATE_FAILED, "failed")),
        replace(RESTS, requeue=Requeue.STEADY),
    ):
        gone = told(sight(exists=False), todo, memory=memory)
        assert gone.requeue_after == NEVER
    stuck = told(sight(), replace(RESTS, verdict=stalled(Reason.UPDATE_FAILED, "failed")), memory=memory)
    assert stuck.requeue_after == NEVER
    polls = told(sight(), replace(RESTS, requeue=Requeue.POLL), memory=memory)
    assert (polls.requeue_after, polls.awaits) == (600.0, Awaits.CHANGE), "it comes sooner for something else"


def test_what_was_begun_is_awaited_in_the_state_that_aws_was_told_to_go_into(sight: Callable[..., Any]) -> None:
    memory = Memory()
    todo = replace(ROLLS, endpoint_status="Updating")
    found = told(sight(), todo, Applied(changed=True, busy=True, made=(UPDATE,)), memory)
    assert (found.awaits, memory.seen.expects) == (Awaits.CHANGE, "Updating")
    told(sight(), todo, Applied(), memory)
    assert memory.seen.expects == "InService", "nothing was begun"
    told(sight(exists=False), ROLLS, Applied(), memory)
    assert memory.seen.expects is None


@pytest.mark.parametrize(
    ("verdict", "lives", "needs"),
    [
        (RESTS.verdict, {}, True),
        (RESTS.verdict, B, False),
        (ROLLS.verdict, {}, False),
        (RESTS.verdict, None, False),
    ],
    ids=["as wanted", "another config", "on the way", "none"],
)
def test_an_endpoint_as_wanted_needs_its_config_and_models(
    sight: Callable[..., Any], verdict: Any, lives: dict[str, Any] | None, needs: bool
) -> None:
    memory, seen = Memory(), sight(lives=lives, exists=lives is not None)
    told(seen, Plan(verdict, requeue=Requeue.STEADY), memory=memory)
    assert memory.seen.needs == (seen.desired.contents() if needs else frozenset())


def test_the_fingerprint_is_written_where_nothing_waits_to_be_done(sight: Callable[..., Any]) -> None:
    def fingerprint(*given: Any, **more: Any) -> str | None:
        converged = told(*given, **more).status.converged
        return converged.fingerprint if converged is not None else None

    assert fingerprint(sight(), RESTS) is not None
    assert fingerprint(sight(), RESTS, Applied(changed=True)) is None
    assert fingerprint(sight(), replace(RESTS, requeue=Requeue.POLL)) is None
    assert fingerprint(sight(), RESTS, aws=Aws(lists=None)) is None


@pytest.mark.parametrize(
    ("collected", "tags", "apart", "refused", "remembers"),
    [
        (True, True, True, False, (True, True)),
        (False, True, True, False, (False, True)),
        (True, False, True, False, (True, False)),
        (True, True, False, False, (True, False)),
        (False, True, True, True, (False, False)),
    ],
)
def test_what_was_cleaned_up_and_tagged_is_not_looked_for_again(
    sight: Callable[..., Any],
    collected: bool,
    tags: bool,
    apart: bool,
    refused: bool,
    remembers: tuple[bool, bool],
) -> None:
    memory = Memory()
    seen = sight(**({"owned_resources": OwnedResources()} if tags else {}))
    todo = replace(RESTS, garbage_collected=collected, apart=apart)
    told(seen, todo, Applied(refusals=(THROTTLED,) if refused else ()), memory)
    assert (
        memory.seen.garbage_collected is not None,
        memory.seen.tagged == content_hash(seen.desired.tags),
    ) == remembers


@pytest.mark.parametrize(
    ("generation", "status", "clean"),
    [
        (1, {"observedGeneration": 1}, True),
        (2, {"observedGeneration": 2}, False),
        (1, {"observedGeneration": -1}, False),
        (1, {"observedGeneration": 1, "endpoint": {"name": "e", "status": "Failed"}}, False),
        (
            1,
            {
                "observedGeneration": 1,
                "history": [{"revision": 1, "configName": "c", "at": "2026-11-22T11:00:00Z", "outcome": "Failed"}],
            },
            False,
        ),
    ],
    ids=["the first of all", "after an edit", "not written ahead", "after an endpoint", "after an attempt"],
)
def test_a_first_creation_leaves_no_garbage(
    sight: Callable[..., Any], generation: int, status: dict[str, Any], clean: bool
) -> None:
    seen, memory = sight(exists=False), Memory()
    metadata = seen.resource.metadata.model_copy(update={"generation": generation})
    written = type(seen.resource.status).model_validate(status)
    resource = seen.resource.model_copy(update={"metadata": metadata, "status": written})
    creates = Plan(reconciling(Reason.CREATING, "creating"), (CREATE,))
    told(replace(seen, resource=resource), creates, Applied(changed=True, busy=True, made=(CREATE,)), memory)
    assert (memory.seen.garbage_collected is not None, memory.seen.tagged is not None) == (clean, clean)
    other = Memory()
    told(replace(seen, resource=resource), replace(creates, actions=(UPDATE,)), memory=other)
    assert other.seen.garbage_collected is None


def test_what_changed_in_place_is_told_by_an_event(sight: Callable[..., Any]) -> None:
    seen = sight({"tags": {"team": "ml"}}, {"tags": {}})
    todo = seen.plan()
    for applied in (Applied(changed=True, made=todo.actions), Applied(BLOCKED, changed=True, made=todo.actions)):
        found = told(seen, todo, applied)
        assert [(each.reason, each.message) for each in found.events] == [
            ("ChangedInPlace", "changed in place: tag team none → ml")
        ]
    assert told(seen, todo, Applied(BLOCKED)).events == ()


# after a refusal


def test_a_refusal_is_waited_out_and_aws_is_looked_at_closely_then(sight: Callable[..., Any]) -> None:
    memory = Memory()
    memory.seen.looked = True
    found = told(sight(lives=B), ROLLS, Applied(BLOCKED), memory)
    assert 0.8 * 60 * POLL <= found.requeue_after <= 60 * POLL
    assert (found.awaits, memory.seen.looked, memory.trouble.failures) == (Awaits.NOTHING, False, 1)
    again = told(sight(lives=B), ROLLS, Applied(THROTTLED, busy=True), memory)
    assert again.awaits is Awaits.CHANGE


BESIDE = Meanwhile(tags=(Action(Verb.ADD_TAGS, "e", {}),), waits=("primary: instances 2 → 5",))
LAUNCHES = replace(ROLLS, actions=(UPDATE,), meanwhile=BESIDE)


def test_what_changes_in_place_does_not_wait_for_a_launch_that_was_refused(sight: Callable[..., Any]) -> None:
    memory = Memory()
    assert told(sight(lives=B), LAUNCHES, Applied(BLOCKED), memory).requeue_after == 0.0
    assert told(sight(lives=B), LAUNCHES, Applied(BLOCKED), memory).requeue_after > 100, "once"
    for todo in (replace(LAUNCHES, actions=()), replace(LAUNCHES, meanwhile=Meanwhile())):
        assert told(sight(lives=B), todo, Applied(BLOCKED), Memory()).requeue_after > 100


@pytest.mark.parametrize(
    ("kind", "waits"), [(Kind.BLOCKED, True), (Kind.INVALID, True), (Kind.RETRY, False), (Kind.BUSY, False)]
)
def test_what_waits_for_the_revision_is_told_where_that_will_take_a_person(
    sight: Callable[..., Any], kind: Kind, waits: bool
) -> None:
    found = told(sight(lives=B), LAUNCHES, Applied(replace(BLOCKED, kind=kind)))
    ready_ = next(each for each in found.status.conditions if each.type == "Ready")
    assert ("waiting for the new revision: primary: instances 2 → 5" in ready_.message) is waits


def test_no_wait_is_longer_than_the_office_hours(sight: Callable[..., Any]) -> None:
    seen = sight(lives=B)
    ends = Schedule(True, seen.given.now + timedelta(seconds=20), "0123456789")
    assert told(seen, ROLLS, Applied(BLOCKED), schedule=ends).requeue_after == 21.0
    assert told(sight(), RESTS, schedule=ends).requeue_after == 21.0


def test_a_success_ends_the_trouble_unless_the_attempt_is_blocked_still(sight: Callable[..., Any]) -> None:
    for remembers, forgets in ((None, True), ({"phase": "Blocked"}, False)):
        memory = Memory()
        memory.trouble.back_off(BLOCKED, POLL, NOW)
        told(sight(lives=B, remembers=remembers), ROLLS, memory=memory)
        assert (memory.trouble.failures == 0) is forgets


def test_what_is_in_force_is_pinned_as_it_is_left_over(sight: Callable[..., Any]) -> None:
    seen = sight()
    made = seen.resource.status.model_copy(update={"created_in_aws": True})
    seen = replace(seen, resource=seen.resource.model_copy(update={"status": made}))
    assert told(seen, RESTS).status.resolved == resolved(seen).model_copy(
        update={"capacity_before": {"ml.m5.large": 1}}
    )
    assert told(seen, RESTS, Applied(BLOCKED)).status.resolved == resolved(seen)
    assert told(seen, RESTS, violations=("no",)).status.resolved is None


def test_the_log_of_what_failed_is_shown_where_policies_let_it_be(sight: Callable[..., Any]) -> None:
    seen = sight(lives=B, shows={"failure_reason": "no ping"}, remembers={"phase": "InProgress"})
    todo = seen.plan()
    assert todo.verdict.reason is Reason.UPDATE_FAILED
    for shows in (True, False):
        aws = Aws()
        failure = told(seen, todo, aws=aws, log_tails=shows).status.failure
        assert failure is not None
        assert (failure.log_tail, aws.logs) == ((["a line"], 1) if shows else ([], 0))


@pytest.mark.parametrize(("shows", "kept"), [(True, ["of before"]), (False, [])])
def test_the_log_of_before_goes_where_policies_forbid_it_now(
    sight: Callable[..., Any], *, shows: bool, kept: list[str]
) -> None:
    seen = sight(lives=B)
    before = seen.resource.status.model_copy(update={"failure": Failure(reason="no ping", log_tail=["of before"])})
    resource = seen.resource.model_copy(update={"status": before})
    failure = told(replace(seen, resource=resource), ROLLS, log_tails=shows).status.failure
    assert failure is not None
    assert (failure.reason, failure.log_tail) == ("no ping", kept)


def test_what_a_fleet_was_launched_from_is_kept_from_its_launch_on(sight: Callable[..., Any]) -> None:
    seen = sight(lives=B, remembers={"phase": "InProgress"})
    todo = replace(ROLLS, rollout=seen.resource.status.rollout)
    found = told(seen, todo, Applied(changed=True, busy=True, made=(UPDATE,)))
    assert [each.config_name for each in found.status.launched_from] == [seen.desired.config_name]
    old = LaunchedFrom(config_name=seen.live.config_name, at=seen.given.now, artifacts=[])
    kept = told(seen, todo, supplies=Supplied(known=True, fleet=old))
    assert kept.status.launched_from == [old]


def test_what_is_judged_comes_again_when_cloudwatch_has_a_period_more(sight: Callable[..., Any]) -> None:
    seen = sight({"rollout": {"strategy": "Canary", "stepInstances": 1, "stepWaitSeconds": 600}}, B)
    now = seen.given.now
    step = AnalysedStep(since=now, until=now + timedelta(minutes=10), traffic_percent=25)
    asked = Analysis.model_validate({"metrics": [{"name": "errors", "errorRate": {}}]})
    made = {"configName": "new", "attempt": "a", "phase": "InProgress", "startedAt": "2026-11-22T11:00:00Z"}
    rollout = RolloutStatus.model_validate(made).model_copy(
        update={"baking_until": step.until, "analysis": AnalysisStatus(asked=asked, horizon=100, steps=[step])}
    )
    for period in (20, 60):
        shown = sight(B, shows={"status": "Updating"})
        found = told(replace(seen, observed=shown.observed), replace(ROLLS, rollout=rollout), aws=Aws(period=period))
        assert found.requeue_after == period


def test_what_other_instances_lack_is_told(sight: Callable[..., Any]) -> None:
    gone = ReconcileError(Kind.BLOCKED, Reason.ARTIFACT_NOT_FOUND, "gone")
    found = told(sight(), RESTS, supplies=Supplied(known=True, lacks=gone)).status
    assert [each.reason for each in found.conditions if each.type == "LaunchBlocked"] == ["ArtifactNotFound"]
    assert not [each for each in told(sight(), RESTS).status.conditions if each.type == "LaunchBlocked"]
