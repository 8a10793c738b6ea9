"""One reconcile from the object to what is written of it: in which order, and what happens where something is amiss."""

import contextlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from smendpoints.aws.calls.clients import Place
from smendpoints.aws.calls.pace import Work
from smendpoints.controller import reconcile
from smendpoints.controller.reconcile import Controller
from smendpoints.controller.result import NEVER, Awaits
from smendpoints.controller.settings import ControllerSettings
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.cost import Price
from smendpoints.domain.reasons import Reason
from smendpoints.domain.tenancy.facts import facts_of
from smsandbox.testing.one_object import NOW, Aws, One

DENIED = ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "AccessDeniedException: no")
DOWN = ReconcileError(Kind.RETRY, Reason.THROTTLED, "ThrottlingException: Rate exceeded")
B = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}
MADE = {"createdInAWS": True}
NOTHING_MADE = {"createdInAWS": False}
HERE = (Place("us-east-1"), "default-iris")
OTHER_ROLE = "arn:aws:iam::210987654321:role/r"


@pytest.fixture
def at_rest(sight: Callable[..., Any]) -> One:
    """One whose endpoint is in service, as its status says."""
    one = One(Aws(sight()), MADE)
    one.go()
    assert one.ready == ("True", "InService", "in service with default-iris-42e266f21d")
    assert one.go().status is None
    return one


# in order


def test_that_something_is_made_is_written_before_it_is_made(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight(exists=False)), NOTHING_MADE)
    ahead = one.go()
    assert (one.aws.made, ahead.requeue_after, one.body["status"]["createdInAWS"]) == ([], 0.0, True)
    assert one.body["status"]["resolved"]["endpointName"] == "default-iris"
    made = one.go()
    assert one.aws.made == ["CREATE_MODEL", "CREATE_CONFIG", "CREATE_ENDPOINT"]
    assert (made.requeue_after, made.awaits) == (600.0, Awaits.CHANGE)
    assert one.ready[1:] == ("Creating", "creating the endpoint default-iris")
    assert one.places[-1] == Place("us-east-1")
    assert one.controller.whereabouts("u", one.memory) == HERE


def test_what_goes_on_at_once_uses_what_was_just_seen_and_counts_as_begun_then(
    sight: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, Work, float]] = []

    @contextlib.contextmanager
    def paced(*errand: Any) -> Iterator[None]:
        told.append(errand)
        yield

    monkeypatch.setattr(reconcile, "paced", paced)
    one = One(Aws(sight(B, {})), MADE)
    one.go()
    assert one.aws.asked == ["endpoint", "what is owned", "pre-flight"]
    one.go(2)
    assert (one.aws.asked, one.aws.made[-1]) == (["pre-flight"], "UPDATE_ENDPOINT")
    one.go(5)
    assert told == [("default", Work.NEW, 100.0), ("default", Work.NEW, 100.0), ("default", Work.NEW, 107.0)]


@pytest.mark.parametrize(
    ("changes", "work"),
    [
        ({}, Work.DRIFT),
        ({"generation": 2}, Work.NEW),
        ({"deletionTimestamp": "2026-11-22T12:00:00Z"}, Work.NEW),
    ],
    ids=["as asked for", "an edit", "a deletion"],
)
def test_what_somebody_waits_for_goes_before_what_is_as_asked_for(
    at_rest: One, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], work: Work
) -> None:
    told: list[Work] = []

    @contextlib.contextmanager
    def paced(_: str, work: Work, __: float) -> Iterator[None]:
        told.append(work)
        yield

    monkeypatch.setattr(reconcile, "paced", paced)
    at_rest.body["metadata"] |= changes
    at_rest.go()
    assert told == [work]


# at rest


def test_as_long_as_nothing_moves_nothing_is_looked_at_and_the_deadline_stays(at_rest: One) -> None:
    first, later = at_rest.go(), at_rest.go(100)
    assert at_rest.aws.asked == []
    assert later.requeue_after == first.requeue_after - 100
    assert (later.status, later.events, later.awaits) == (None, (), Awaits.NOTHING)
    at_rest.go(later.requeue_after)
    assert at_rest.aws.asked == ["endpoint", "supplies"], "its time has come"


def moves_in_aws(one: One) -> None:
    one.aws.modified_at = NOW


def edits(one: One) -> None:
    one.body["metadata"]["generation"] = 2


def asks_to_retry(one: One) -> None:
    one.body["metadata"]["annotations"] = {"smendpoints.dev/retry": "1"}


def writes_the_status(one: One) -> None:
    one.body["status"] = {**one.body["status"], "instances": "7/7"}


def writes_a_policy(one: One) -> None:
    one.policy(regions=["us-*"])


def forgets(one: One) -> None:
    one.controller.forget(one.memory)


@pytest.mark.parametrize(
    "happens",
    [moves_in_aws, edits, asks_to_retry, writes_the_status, writes_a_policy, forgets],
    ids=lambda f: f.__name__,
)
def test_it_is_looked_at_again_once_somebody(at_rest: One, happens: Callable[[One], None]) -> None:
    happens(at_rest)
    at_rest.go(1)
    assert at_rest.aws.asked == ["endpoint"]
    assert at_rest.go(1).requeue_after > 300
    assert at_rest.aws.asked == [], "once"


def test_what_was_listed_before_the_last_write_is_waited_for_shortly(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight(exists=False)), MADE)
    one.go()
    assert one.go().awaits is Awaits.CHANGE
    one.aws.is_current = False
    waits = one.go(1)
    assert (waits.requeue_after, waits.awaits, one.aws.asked) == (5.0, Awaits.CHANGE, [])


# after a restart


def test_what_the_status_says_of_an_endpoint_at_rest_is_believed_after_a_restart(at_rest: One) -> None:
    at_rest.restart()
    found = at_rest.go()
    assert (at_rest.aws.asked, found.status, found.events) == ([], None, ())
    assert 360 <= found.requeue_after <= 3600, "spread over the hour"
    assert at_rest.go(1).requeue_after == pytest.approx(found.requeue_after - 1)
    assert at_rest.aws.asked == []
    moves_in_aws(at_rest)
    at_rest.go(1)
    assert at_rest.aws.asked == ["endpoint"], "no garbage is looked for: there was none"


def is_suspended(one: One) -> None:
    one.body["spec"]["suspend"] = True


def is_forbidden(one: One) -> None:
    one.policy(regions=["eu-*"])


@pytest.mark.parametrize("otherwise", [edits, is_suspended, is_forbidden, moves_in_aws], ids=lambda f: f.__name__)
def test_it_is_looked_at_after_a_restart_if_it(at_rest: One, otherwise: Callable[[One], None]) -> None:
    at_rest.restart()
    otherwise(at_rest)
    at_rest.go()
    assert at_rest.aws.asked[0] == "endpoint"


def test_office_hours_are_kept_after_a_restart(sight: Callable[..., Any]) -> None:
    """At 12:15 the endpoint is to be stopped."""
    one = One(Aws(sight()), MADE, officeHours={"start": "0 8 * * *", "stop": "15 12 * * *"})
    assert one.go().requeue_after == 901.0
    one.restart()
    assert (one.go().requeue_after, one.aws.asked) == (901.0, [])


# where something is amiss


def test_aws_that_cannot_be_asked_is_asked_again_soon_and_less_and_less_often(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight(), fails=DOWN), MADE)
    waits = [one.go(1).requeue_after for _ in range(5)]
    for wait, longest in zip(waits, (2, 4, 8, 16, 32), strict=True):
        assert longest / 2 <= wait <= longest
    assert one.ready == ("Unknown", "Throttled", str(DOWN))
    one.aws.fails = None
    one.go(1)
    assert (one.aws.asked[0], one.ready[:2]) == ("endpoint", ("True", "InService"))


def test_after_a_failure_whatever_wakes_it_looks_again(at_rest: One) -> None:
    edits(at_rest)
    at_rest.aws.fails = DOWN
    at_rest.go()
    at_rest.aws.fails = None
    at_rest.go(0.1)
    assert at_rest.aws.asked == ["endpoint"]


def test_an_edit_begins_without_the_troubles_of_before(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight(), fails=DOWN), MADE)
    for _ in range(5):
        waits = one.go(1).requeue_after
    assert waits >= 16
    edits(one)
    assert one.go(1).requeue_after <= 2


def test_what_aws_forbids_stalls_and_is_tried_again_in_some_minutes(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight(), fails=DENIED), MADE)
    found = one.go()
    assert 240 <= found.requeue_after <= 300
    assert one.ready[1] == "AccessDenied"
    assert one.ready[2].startswith("AccessDeniedException: no; trying again at 12:0")
    assert [(each.warning, each.reason) for each in found.events] == [(True, "AccessDenied")]


def test_an_internal_error_is_told_and_logged_and_tried_again(
    sight: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    one = One(Aws(sight(), fails=ZeroDivisionError("by zero")), MADE)
    assert 1 <= one.go().requeue_after <= 2
    assert one.ready == ("False", "InternalError", "internal error, see the log: ZeroDivisionError('by zero')")
    assert [(each.message, each.reason) for each in caplog.records] == [("internal error", Reason.INTERNAL_ERROR)]  # type: ignore[attr-defined]
    assert caplog.records[0].exc_info is not None


def test_an_object_that_is_not_what_it_was_is_left_and_looked_at_again_soon(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight(exists=False)), MADE)
    one.go()
    before, one.void = one.body["status"], "it was edited"
    found = one.go()
    assert (one.aws.made, found.status, found.requeue_after, found.events) == ([], None, 2.0, ())
    assert one.body["status"] == before
    one.void = None
    one.go()
    assert one.aws.made[-1] == "CREATE_ENDPOINT"


def test_an_object_that_cannot_be_read_is_told_so(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight()), MADE, suspend="perhaps")
    found = one.go()
    assert (one.aws.asked, found.requeue_after, one.ready[1]) == ([], NEVER, "InvalidSpec")
    assert one.body["status"]["createdInAWS"] is True, "all else stays"


def test_times_are_whole_seconds_as_kubernetes_writes_them(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight(exists=False)), NOTHING_MADE)
    one.controller = Controller(ControllerSettings("cluster-1", "us-east-1"), lambda _: one.aws)  # type: ignore[arg-type, return-value]
    one.controller.tenancy.set_namespaces({"default": {}})
    one.controller.tenancy.set_policies([])
    one.go()
    assert {len(each["lastTransitionTime"]) for each in one.body["status"]["conditions"]} == {
        len("2026-11-26T12:00:00Z")
    }


def test_an_object_of_which_too_little_is_known_waits_until_more_is(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight(exists=False)), NOTHING_MADE)
    one.controller.tenancy.await_experiments()
    found = one.go()
    assert (one.aws.asked, found.status, found.requeue_after) == ([], None, NEVER)
    one.controller.tenancy.set_experiments([])
    assert one.go().requeue_after == 0.0


@pytest.mark.parametrize(
    ("wants", "status", "place"),
    [
        ({}, {}, Place("us-east-1")),
        ({"region": "eu-west-1", "assumeRoleARN": OTHER_ROLE}, {}, Place("eu-west-1", OTHER_ROLE)),
        ({}, {"resolved": {"region": "eu-west-1", "assumeRoleARN": OTHER_ROLE}}, Place("eu-west-1", OTHER_ROLE)),
        ({}, {"resolved": {"endpointName": "e"}}, Place("us-east-1")),
    ],
    ids=["the operator's own place", "the spec's", "as it was made", "a status that says nothing of it"],
)
def test_an_endpoint_is_looked_for_where(
    sight: Callable[..., Any], wants: dict[str, Any], status: dict[str, Any], place: Place
) -> None:
    one = One(Aws(sight()), status, **wants)
    one.controller.tenancy.see(facts_of(one.body))
    one.memory.seen.allowed = True
    where = one.controller.whereabouts("u", one.memory)
    assert where is not None
    assert where[0] == place


def test_an_object_that_nobody_has_is_nowhere(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight()))
    one.memory.seen.allowed = True
    assert one.controller.whereabouts("u", one.memory) is None


# what stands between namespaces


def test_for_what_policies_forbid_and_nothing_was_made_nothing_is_looked_at(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight()), NOTHING_MADE)
    one.memory.seen.allowed = True
    one.policy(regions=["eu-west-1"])
    one.go()
    assert (one.aws.asked, one.ready[:2]) == ([], ("False", "PolicyViolation"))
    assert one.ready[2].startswith("nothing is changed: policy p, regions: the region us-east-1 is not allowed")
    assert one.controller.whereabouts("u", one.memory) is None


def test_what_was_made_before_a_policy_forbade_it_is_looked_at_and_not_changed(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight({**B, "monitoring": {}}, {})), MADE)
    one.policy(regions=["eu-west-1"])
    one.go()
    assert (one.aws.asked, one.ready[:2]) == (
        ["the lists of alarms", "endpoint", "what is owned"],
        ("False", "PolicyViolation"),
    )
    assert "resolved" not in one.body["status"], "what is not allowed is not pinned"
    assert "monitoring" not in one.body["status"]
    one.go()
    assert one.aws.made == []
    assert one.controller.whereabouts("u", one.memory) == HERE


def test_the_name_of_another_is_refused(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight()), NOTHING_MADE)
    other = {"name": "other", "namespace": "default", "uid": "first", "generation": 1}
    holds = {"resolved": {"endpointName": "default-iris", "region": "us-east-1"}}
    one.controller.tenancy.see(facts_of({"metadata": other, "spec": one.body["spec"], "status": holds}))
    one.go()
    assert (one.aws.asked, one.ready[1]) == ([], "NameTaken")
    assert one.controller.whereabouts("u", one.memory) is None


@pytest.mark.parametrize("suspend", [True, False])
def test_an_object_that_is_suspended_takes_nobodys_name(sight: Callable[..., Any], *, suspend: bool) -> None:
    """An older one comes late, as after a restart."""
    one = One(Aws(sight(exists=False)), NOTHING_MADE, suspend=suspend)
    one.body["metadata"]["creationTimestamp"] = "2026-11-22T11:00:00Z"
    one.go()
    older = {"name": "a", "namespace": "default", "uid": "a", "creationTimestamp": "2026-11-22T10:00:00Z"}
    spec = {**one.body["spec"], "endpointName": "default-iris"}
    one.controller.tenancy.see(facts_of({"metadata": older, "spec": spec}))
    assert (one.controller.tenancy.view("a").rival is None) is suspend


@pytest.mark.parametrize(("usd", "allowed"), [(1, True), (3, False)])
def test_a_price_that_a_limit_needs_is_looked_up(sight: Callable[..., Any], usd: int, allowed: bool) -> None:
    one = One(Aws(sight(exists=False), price=Price(Decimal(usd), "2026-11-01")), NOTHING_MADE)
    one.policy(maxHourlyUSD=2)
    one.go()
    assert one.aws.looked_up
    assert one.ready[1] == ("Creating" if allowed else "PolicyViolation")


def test_adoption_is_allowed_by_the_spec_and_by_the_policies(sight: Callable[..., Any]) -> None:
    nobodys = sight({"adoptExisting": True}, shows={"tags": {}})
    one = One(Aws(nobodys), MADE)
    one.go()
    assert one.body["status"]["adopted"] is True
    one.go()
    assert one.aws.made == ["ADD_TAGS, may take it over"]
    refused = One(Aws(nobodys), MADE)
    refused.policy()
    refused.go()
    refused.go()
    assert (refused.aws.made, refused.ready[1]) == ([], "PolicyViolation")


# before a launch


def test_what_lacks_before_a_launch_is_told_and_nothing_is_made(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight(exists=False), lacks_before_launch=DENIED), NOTHING_MADE)
    found = one.go()
    assert (one.aws.made, one.body["status"]["createdInAWS"], one.ready[1]) == ([], False, "AccessDenied")
    assert 240 <= found.requeue_after <= 300


def test_with_alarms_of_another_under_its_names_nothing_is_launched(sight: Callable[..., Any]) -> None:
    watched = {"rollout": {"strategy": "Canary", "stepPercent": 10, "rollback": {"maxErrorRatePercent": 1}}}
    seen = sight({**B, **watched}, {})
    others = {each["AlarmName"]: {**each, "AlarmArn": "arn"} for each in seen.desired.rollback_alarms}
    one = One(Aws(seen, there=others, owner={"smendpoints.dev/name": "other"}), MADE)
    for _ in range(2):
        one.go()
    assert (one.aws.made, one.ready[1]) == ([], "NameConflict")


def test_what_changes_in_place_does_not_wait_for_a_revision_that_cannot_be_launched(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight({**B, "tags": {"team": "ml"}}, {}), lacks_before_launch=DENIED), MADE)
    assert one.go().requeue_after == 0.0
    found = one.go()
    assert (one.aws.made, one.ready[1]) == (["ADD_TAGS"], "AccessDenied")
    assert [each.message for each in found.events] == ["changed in place: tag team none → ml"]
    assert one.memory.seen.written_at == one.time


def test_what_aws_refuses_is_told_and_looked_at_again(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight({"tags": {"team": "ml"}}, {}), refuses=DENIED), MADE)
    one.memory.seen.supplies_at = 0.0  # their time has come, too
    one.go()
    found = one.go()
    assert "supplies" not in one.aws.asked
    assert (one.aws.made, one.ready[1]) == ([], "AccessDenied")
    assert 240 <= found.requeue_after <= 300
    one.aws.refuses = None
    one.go(1)
    assert (one.aws.asked, one.aws.made) == (["endpoint", "what is owned", "supplies"], ["ADD_TAGS"])


# monitoring, and the end


@pytest.mark.parametrize(
    ("wants", "status", "listed"),
    [({}, {}, False), ({"monitoring": {}}, {}, True), ({}, {"monitoring": {}}, True)],
    ids=["none", "wanted", "put before"],
)
def test_alarms_are_listed_as_long_as_there_may_be_some(
    sight: Callable[..., Any], wants: dict[str, Any], status: dict[str, Any], listed: bool
) -> None:
    one = One(Aws(sight(wants, exists=False)), {**NOTHING_MADE, **status})
    one.go()
    assert ("the lists of alarms" in one.aws.asked) is listed


def test_an_object_that_made_nothing_goes_without_aws_being_asked(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight(), fails=DOWN), NOTHING_MADE)
    one.body["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:00Z"
    assert one.go().finalized
    assert one.places == []


def test_what_an_object_made_goes_with_it(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight()), MADE)
    one.body["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:00Z"
    found = one.go()
    assert (one.aws.made, found.finalized, found.awaits) == (["DELETE_ENDPOINT"], False, Awaits.GONE)
    assert one.controller.whereabouts("u", one.memory) == HERE


def test_a_deletion_that_aws_refuses_is_told_as_one(sight: Callable[..., Any]) -> None:
    one = One(Aws(sight(), fails=DENIED), MADE)
    one.body["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:00Z"
    found = one.go()
    assert (found.finalized, one.ready[1]) == (False, "AccessDenied")
    assert 1 <= found.requeue_after <= 2, "it is tried again whatever AWS said"


def test_a_deletion_of_which_too_little_is_known_is_tried_again(sight: Callable[..., Any]) -> None:
    """Nobody has told yet where its endpoint is, or told that it is gone."""
    one = One(Aws(sight()), MADE)
    one.body["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:00Z"
    found = one.controller.reconcile(one.body, one.memory)
    assert found.status is not None
    (ready,) = [each for each in found.status["conditions"] if each["type"] == "Ready"]
    assert (ready["reason"], ready["message"], one.places) == ("Pending", "the object is gone", [])
    assert 1 <= found.requeue_after <= 2
