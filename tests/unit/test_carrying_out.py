"""Carrying out a plan: up to the first refusal of each part, and what becomes of a plan that AWS does not take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from smendpoints.controller.alarming import plan_with_own_alarms
from smendpoints.controller.apply import apply, preflight, remember, went_on
from smendpoints.controller.memory import Memory
from smendpoints.controller.result import Applied
from smendpoints.controller.voiding import VoidError
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.meanwhile import Meanwhile
from smendpoints.domain.plan.verdict import Plan, reconciling
from smendpoints.domain.reasons import Reason
from smsandbox.testing.one_account import OneAccount

VERDICT = reconciling(Reason.UPDATING, "on the way")
ROLE = "arn:aws:iam::123456789012:role/r"
MODEL = Action(Verb.CREATE_MODEL, "m", {"ExecutionRoleArn": ROLE})
CONFIG, UPDATE = Action(Verb.CREATE_CONFIG, "c", {}), Action(Verb.UPDATE_ENDPOINT, "e", {})
CREATE = Action(Verb.CREATE_ENDPOINT, "e", {"Tags": [{"Key": "team", "Value": "ml"}]})
TAGS, TARGET = Action(Verb.ADD_TAGS, "e", {}), Action(Verb.REGISTER_TARGET, "t", {})
POLICY, ALARM = Action(Verb.PUT_POLICY, "t p", {}), Action(Verb.PUT_ALARM, "a", {})
NO = "not now"


def refusal(kind: Kind, message: str = NO) -> ReconcileError:
    return ReconcileError(kind, Reason.ACCESS_DENIED, message)


@dataclass
class Aws(OneAccount):
    """Does what it is told, but for what it refuses."""

    refuses: Mapping[str, ReconcileError] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    namespaces: set[str | None] = field(default_factory=set)
    adopts: list[bool] = field(default_factory=list)
    roles: list[str | None] = field(default_factory=list)
    checks: ReconcileError | None = None
    checked: list[Any] = field(default_factory=list)

    def check(self, launch: Any) -> tuple[str, ...]:
        self.checked.append(launch)
        if self.checks is not None:
            raise self.checks
        return ("a check is off",)

    def explain(self, failure: ReconcileError, role: str | None) -> ReconcileError:
        self.roles.append(role)
        return replace(failure, message=f"{failure.message}, as explained")

    def apply(self, action: Action, policies: Any, *, adopts: bool = False, namespace: str | None = None) -> None:
        self.namespaces.add(namespace)
        self.adopts.append(adopts)
        if action.target in self.refuses:
            raise self.refuses[action.target]
        self.made.append(action.target)


def carried_out(aws: Aws, todo: Plan, resource: Any, memory: Memory | None = None, **options: Any) -> Applied:
    return apply(aws, resource, todo, memory or Memory(), lambda: 0.0, lambda _: None, **options)  # type: ignore[arg-type]


def test_an_endpoint_that_is_gone_at_once_is_looked_for_in_the_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    aws, memory, told = Aws(), Memory(), []
    monkeypatch.setattr(aws, "deleting", lambda endpoint: told.append((endpoint, memory.seen.written_at)))
    remember(aws, memory, Applied(changed=True, made=(TARGET, Action(Verb.DELETE_ENDPOINT, "e", {}))), 7.0)  # type: ignore[arg-type]
    assert told == [("e", 7.0)]
    remember(aws, memory, Applied(changed=True, made=(MODEL, Action(Verb.DELETE_MODEL, "m", {}))), 9.0)  # type: ignore[arg-type]
    assert (told, memory.seen.written_at) == ([("e", 7.0)], 9.0)


def test_all_is_done_in_its_order_and_told(resource: Callable[..., Any]) -> None:
    aws = Aws()
    found = carried_out(aws, Plan(VERDICT, (MODEL, CONFIG, CREATE)), resource(), adopts=True)
    assert aws.made == ["m", "c", "e"]
    assert (found.refused, found.changed, found.busy) == (None, True, True)
    assert (found.made, found.created_with) == ((MODEL, CONFIG, CREATE), {"team": "ml"})
    assert (aws.namespaces, set(aws.adopts)) == ({"default"}, {True})
    quiet = carried_out(aws, Plan(VERDICT, (TAGS,)), resource())
    assert (quiet.changed, quiet.busy, quiet.created_with) == (True, False, None)
    nothing = carried_out(aws, Plan(VERDICT), resource())
    assert (nothing.changed, nothing.made) == (False, ())


def test_a_refusal_ends_it_and_is_explained_with_the_role_of_the_models(resource: Callable[..., Any]) -> None:
    aws = Aws({"c": refusal(Kind.BLOCKED)})
    found = carried_out(aws, Plan(VERDICT, (MODEL, CONFIG, CREATE)), resource())
    assert aws.made == ["m"]
    assert found.refused is not None
    assert found.refused.message == f"{NO}, as explained"
    assert (found.changed, found.busy, found.made, found.refusals) == (True, False, (MODEL,), (found.refused,))
    assert aws.roles == [ROLE]
    carried_out(aws, Plan(VERDICT, (CONFIG,)), resource())
    assert aws.roles == [ROLE, None]


def test_parts_that_do_not_need_each_other_are_each_tried(resource: Callable[..., Any]) -> None:
    aws = Aws({"t": refusal(Kind.BLOCKED)})
    found = carried_out(aws, Plan(VERDICT, (TARGET, POLICY, TAGS), apart=True), resource())
    assert aws.made == ["e"]
    assert (found.made, len(found.refusals)) == ((TAGS,), 1)
    together = Aws({"t": refusal(Kind.BLOCKED)})
    carried_out(together, Plan(VERDICT, (TARGET, POLICY, TAGS)), resource())
    assert together.made == []


def test_where_aws_cannot_be_asked_at_all_nothing_more_is_tried(resource: Callable[..., Any]) -> None:
    aws = Aws({"t": refusal(Kind.RETRY)})
    found = carried_out(aws, Plan(VERDICT, (TARGET, TAGS), apart=True), resource())
    assert (aws.made, len(found.refusals)) == ([], 1)


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (Kind.INVALID, Kind.BLOCKED, Kind.BLOCKED),
        (Kind.BLOCKED, Kind.INVALID, Kind.BLOCKED),
        (Kind.INVALID, Kind.BUSY, Kind.BUSY),
        (Kind.BLOCKED, Kind.RETRY, Kind.RETRY),
        (Kind.BUSY, Kind.GONE, Kind.BUSY),
        (Kind.EXISTS, Kind.GONE, Kind.GONE),
    ],
)
def test_of_two_refusals_that_is_told_first_which_is_tried_again_first(
    first: Kind, second: Kind, told: Kind, resource: Callable[..., Any]
) -> None:
    aws = Aws({"t": refusal(first, "one"), "e": refusal(second, "two")})
    refused = carried_out(aws, Plan(VERDICT, (TARGET, TAGS), apart=True), resource()).refused
    assert refused is not None
    assert refused.kind is told
    begins, ends = ("one", "two") if told is first else ("two", "one")
    assert refused.message.startswith(begins)
    assert ends in refused.message


def test_what_is_refused_for_good_is_not_asked_for_again(resource: Callable[..., Any]) -> None:
    memory, todo = Memory(), Plan(VERDICT, (MODEL, CONFIG))
    before = carried_out(Aws({"c": refusal(Kind.INVALID)}), todo, resource(), memory).refused
    aws = Aws()
    found = carried_out(aws, todo, resource(), memory)
    assert (aws.made, found.refused, found.changed) == ([], before, False)
    again = apply(aws, resource(), todo, memory, lambda: 0.0, lambda _: "it was edited")  # type: ignore[arg-type]
    assert again.refused == before, "nothing is done, and so nobody is asked whether it may be"


def test_nothing_is_done_for_an_object_that_is_not_what_it_was(resource: Callable[..., Any]) -> None:
    aws = Aws()
    with pytest.raises(VoidError, match="it was edited"):
        apply(aws, resource(), Plan(VERDICT, (TAGS,)), Memory(), lambda: 0.0, lambda _: "it was edited")  # type: ignore[arg-type]
    assert aws.made == []


BESIDE = Meanwhile(tags=(replace(TAGS, target="tags"),), scaling=(replace(TARGET, target="scaling"), POLICY))
LAUNCH = Plan(VERDICT, (CONFIG, UPDATE), otherwise=(replace(TARGET, target="back"),), meanwhile=BESIDE)


@pytest.mark.parametrize(
    ("refused", "kind", "done"),
    [
        ("e", Kind.BLOCKED, ["c", "back", "scaling", "t p", "tags"]),
        ("e", Kind.INVALID, ["c", "back", "scaling", "t p", "tags"]),
        ("e", Kind.BUSY, ["c"]),
        ("e", Kind.RETRY, ["c"]),
        ("c", Kind.BLOCKED, ["scaling", "t p", "tags"]),
    ],
)
def test_the_old_config_goes_on_where_the_new_one_is_refused(
    refused: str, kind: Kind, done: list[str], resource: Callable[..., Any]
) -> None:
    aws = Aws({refused: refusal(kind)})
    carried_out(aws, LAUNCH, resource())
    assert aws.made == done
    assert aws.namespaces == {"default"}


def test_what_fails_there_ends_its_own_part_and_is_left_to_later(resource: Callable[..., Any]) -> None:
    aws = Aws({"e": refusal(Kind.BLOCKED, "no update"), "scaling": refusal(Kind.BLOCKED, "no scaling")})
    refused = carried_out(aws, LAUNCH, resource()).refused
    assert aws.made == ["c", "back", "tags"]
    assert refused is not None
    assert "no scaling" not in refused.message
    aws = Aws({"c": refusal(Kind.BLOCKED)})
    carried_out(aws, replace(LAUNCH, actions=(CONFIG,)), resource())
    assert aws.made == [], "what launches nothing is not changed otherwise"


FIRST, REST = Plan(reconciling(Reason.UPDATING, "first"), (TARGET,)), Plan(VERDICT, (UPDATE,))


def test_what_is_done_before_a_rollout_is_told_with_why_that_is_refused() -> None:
    why, also = refusal(Kind.BLOCKED, "no image"), refusal(Kind.BLOCKED, "no target")
    todo, applied = went_on(REST, FIRST, Applied(changed=True), why)
    assert (todo, applied.changed) == (REST, True)
    assert applied.refused is not None
    assert (applied.refused.message, applied.refused.kind) == ("first", Kind.BLOCKED)
    _, applied = went_on(REST, FIRST, Applied(also), why)
    assert applied.refused is not None
    assert applied.refused.message == f"first; {also}"


def test_what_is_done_before_a_rollout_is_waited_for_or_does_not_hold_it_up(caplog: pytest.LogCaptureFixture) -> None:
    also = refusal(Kind.BLOCKED, "no target")
    assert went_on(REST, FIRST, Applied(also, busy=True), None) == (FIRST, Applied(busy=True))
    assert caplog.messages == []
    assert went_on(REST, FIRST, Applied(also), None) == (REST, Applied())
    assert caplog.messages == [f"before the rollout goes on: {also}"]
    assert went_on(REST, FIRST, Applied(changed=True), None) == (REST, Applied(changed=True))


def test_before_a_launch_its_checks_are_made_and_noted(sight: Callable[..., Any]) -> None:
    seen = sight(exists=False)
    for checks in (None, refusal(Kind.BLOCKED)):
        aws, memory = Aws(checks=checks), Memory()
        found = preflight(aws, seen.resource, seen.desired, seen.observed, seen.plan(), memory)  # type: ignore[arg-type]
        assert found is checks
        assert len(aws.checked) == 1
        assert memory.unsaid() == (("a check is off",) if checks is None else ())
    calm = sight()
    aws = Aws(checks=refusal(Kind.BLOCKED))
    assert preflight(aws, calm.resource, calm.desired, calm.observed, calm.plan(), Memory()) is None  # type: ignore[arg-type]
    assert aws.checked == [], "nothing is launched"


def test_what_aws_would_refuse_after_minutes_is_refused_before_the_checks(sight: Callable[..., Any]) -> None:
    """AWS runs serverless only images of the endpoint's own account."""
    image = "210987654321.dkr.ecr.us-east-1.amazonaws.com/mine:1"
    seen = sight(
        {"variant": {"image": image, "instance": None, "serverless": {"memorySizeMB": 1024, "maxConcurrency": 1}}},
        exists=False,
    )
    aws = Aws()
    found = preflight(aws, seen.resource, seen.desired, seen.observed, seen.plan(), Memory())  # type: ignore[arg-type]
    assert found is not None
    assert (found.kind, found.reason, aws.checked) == (Kind.BLOCKED, Reason.NOT_SUPPORTED, [])
    assert found.message.startswith(f"variant primary: the image {image} is in account 210987654321")


def test_what_is_announced_is_checked_before_it_is_written_down(sight: Callable[..., Any]) -> None:
    seen = sight(lives={"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}})
    todo = seen.plan()
    assert (todo.actions, todo.announces is not None) == ((), True)
    aws = Aws()
    preflight(aws, seen.resource, seen.desired, seen.observed, todo, Memory())  # type: ignore[arg-type]
    assert len(aws.checked) == 1
    preflight(aws, seen.resource, seen.desired, seen.observed, replace(todo, announces=None), Memory())  # type: ignore[arg-type]
    assert len(aws.checked) == 1


@dataclass
class Alarms(OneAccount):
    """Tells the tags of alarms."""

    tags: Mapping[str, Mapping[str, str]]
    denied: ReconcileError | None = None

    def alarm_tags(self, alarm: Mapping[str, Any], _: object) -> Mapping[str, str]:
        if self.denied is not None:
            raise self.denied
        return self.tags[alarm["AlarmArn"]]


OTHERS = {"smendpoints.dev/cluster": "cluster-1", "smendpoints.dev/namespace": "n", "smendpoints.dev/name": "other"}
DELETES = Action(Verb.DELETE_ALARMS, "mine, theirs", {"AlarmNames": ["mine", "theirs"]})


def test_alarms_of_another_object_are_left_alone_and_one_that_is_needed_is_told(sight: Callable[..., Any]) -> None:
    seen = sight(alarms={name: {"AlarmArn": f"arn:{name}"} for name in ("mine", "theirs", "untouched")})
    mine = seen.desired.owner.tags()

    def plan(given: Any) -> Plan:
        gone = sorted(name for name in ("mine", "theirs") if name in given.observed.alarms)
        return Plan(VERDICT, (replace(DELETES, params={"AlarmNames": gone}),))

    todo, refused = plan_with_own_alarms(Alarms({"arn:mine": mine, "arn:theirs": OTHERS}), seen.given, plan)  # type: ignore[arg-type]
    assert refused is None
    assert [each.params["AlarmNames"] for each in todo.actions] == [["mine"]]
    ours, refused = plan_with_own_alarms(Alarms({"arn:mine": mine, "arn:theirs": mine}), seen.given, plan)  # type: ignore[arg-type]
    assert (ours.actions[0].params["AlarmNames"], refused) == (["mine", "theirs"], None)

    def puts(_: Any) -> Plan:
        return Plan(VERDICT, (Action(Verb.PUT_ALARM, "theirs", {}),))

    _, refused = plan_with_own_alarms(Alarms({"arn:theirs": OTHERS}), seen.given, puts)  # type: ignore[arg-type]
    assert refused is not None
    assert (refused.kind, refused.reason) == (Kind.BLOCKED, Reason.NAME_CONFLICT)
    assert refused.message.startswith("the alarm theirs exists in CloudWatch and belongs to another object")
    why = refusal(Kind.RETRY)
    todo, refused = plan_with_own_alarms(Alarms({}, why), seen.given, plan)  # type: ignore[arg-type]
    assert (refused, todo) == (why, plan(seen.given))
