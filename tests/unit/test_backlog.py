"""What wakes an object, and what does not; and what is known of all of them."""

from collections.abc import Mapping
from typing import Any

import pytest

from smendpoints.api.group import RETRY
from smendpoints.aws.calls.clients import Place
from smendpoints.controller.result import NEVER, Awaits
from smendpoints.controller.tenancy import Operator, Tenancy
from smendpoints.work.backlog import Backlog
from smendpoints.work.objects import Tracked
from smendpoints.work.reconciler import Reconciled
from smendpoints.work.workqueue import WorkQueue

HERE = Place("us-east-1")
THERE = Place("eu-west-1")


def body(version: int, name: str = "iris", generation: int = 1, **more: Any) -> dict[str, Any]:
    metadata = {
        "uid": f"uid-{name}",
        "name": name,
        "namespace": "team",
        "generation": generation,
        "resourceVersion": str(version),
        **more.pop("metadata", {}),
    }
    return {"metadata": metadata, "spec": {"variants": [{"name": "primary"}]}, "status": {}, **more}


@pytest.fixture
def backlog() -> Backlog:
    tenancy = Tenancy(Operator("us-east-1"), lambda: None)
    tenancy.set_policies([])
    tenancy.set_namespaces({"team": {}})
    return Backlog(tenancy, WorkQueue(slots=8, object_seconds=0))


def begun(backlog: Backlog, now: float) -> list[Tracked]:
    found = []
    while (tracked := backlog.begin(now)) is not None:
        found.append(tracked)
    return found


def reconcile(backlog: Backlog, now: float, *written: Mapping[str, Any], **came: Any) -> list[str]:
    """Let all that are due have their turn; their names."""
    found = begun(backlog, now)
    for each in found:
        where = (HERE, f"team-{each.name}")
        backlog.settle(each, Reconciled(tuple(written), whereabouts=where, **came), now)
    return [each.name for each in found]


def test_a_new_object_is_due_and_then_nothing_wakes_it_by_itself(backlog: Backlog) -> None:
    backlog.see(body(1), 0.0)
    assert reconcile(backlog, 0.0) == ["iris"]
    assert (begun(backlog, 1e9), backlog.next_at()) == ([], NEVER)


def test_a_newer_version_wakes_it_and_one_that_is_known_or_older_does_not(backlog: Backlog) -> None:
    backlog.see(body(5), 0.0)
    reconcile(backlog, 0.0)
    backlog.see(body(5), 1.0)
    backlog.see(body(4), 1.0)
    assert reconcile(backlog, 1.0) == []
    backlog.see(body(6), 2.0)
    assert reconcile(backlog, 2.0) == ["iris"]


def test_its_own_write_does_not_wake_it_before_or_after_the_answer_comes(backlog: Backlog) -> None:
    backlog.see(body(1), 0.0)
    (tracked,) = begun(backlog, 0.0)
    written = body(2, status={"instances": "1/1"})
    backlog.see(written, 0.1)  # the watch is faster than the answer
    backlog.settle(tracked, Reconciled((written,)), 0.2)
    backlog.see(written, 0.3)
    assert begun(backlog, 1.0) == []
    assert tracked.read()["status"] == {"instances": "1/1"}


@pytest.mark.parametrize(
    "edit",
    [{"generation": 2}, {"metadata": {"annotations": {RETRY: "1"}}}, {"metadata": {"deletionTimestamp": "now"}}],
    ids=["an edit", "a retry", "a deletion"],
)
def test_what_was_asked_for_before_its_own_write_is_seen_in_the_answer(backlog: Backlog, edit: dict[str, Any]) -> None:
    """The answer is newer than the edit's own event, which then tells nothing new."""
    backlog.see(body(1), 0.0)
    (tracked,) = begun(backlog, 0.0)
    backlog.settle(tracked, Reconciled((body(3, **edit),)), 1.0)
    backlog.see(body(2, **edit), 1.0)
    assert reconcile(backlog, 1.0) == ["iris"]


def test_somebody_elses_change_while_it_is_reconciled_has_it_reconciled_once_more(backlog: Backlog) -> None:
    backlog.see(body(1), 0.0)
    (tracked,) = begun(backlog, 0.0)
    backlog.see(body(3), 0.1)
    backlog.settle(tracked, Reconciled((body(2),)), 0.2)
    assert reconcile(backlog, 0.2) == ["iris"]
    assert tracked.version == 3


def test_what_happens_to_its_endpoint_wakes_it_and_what_happens_to_another_does_not(backlog: Backlog) -> None:
    backlog.see(body(1), 0.0)
    backlog.see(body(2, "rose"), 0.0)
    reconcile(backlog, 0.0)
    backlog.moved(HERE, {"TEAM-Rose".lower()}, 1.0)
    backlog.moved(THERE, {"team-iris"}, 1.0)
    assert reconcile(backlog, 1.0) == ["rose"]
    backlog.moved(HERE, None, 2.0)
    assert sorted(reconcile(backlog, 2.0)) == ["iris", "rose"]


@pytest.mark.parametrize("moved", [{"team-iris"}, None], ids=["it", "all of the place"])
def test_what_happens_to_its_endpoint_while_it_is_reconciled_for_the_first_time_wakes_it(
    backlog: Backlog, moved: set[str] | None
) -> None:
    """Whose endpoint it is was not known when it was told; nothing else may ever happen to the endpoint."""
    backlog.see(body(1), 0.0)
    backlog.see(body(2, "rose"), 0.0)
    found = {each.name: each for each in begun(backlog, 0.0)}
    backlog.moved(HERE, moved, 0.1)
    backlog.moved(THERE, {"team-rose"}, 0.1)
    for each in found.values():
        backlog.settle(each, Reconciled((), whereabouts=(HERE, f"Team-{each.name}")), 0.2)
    assert reconcile(backlog, 0.2) == (["iris"] if moved is not None else ["iris", "rose"])
    backlog.moved(HERE, {"team-rose"}, 0.3)
    assert reconcile(backlog, 0.3) == ["rose"]


@pytest.mark.parametrize("wakes", ["AWS", "its deadline", "a change while it is reconciled"])
def test_what_waits_for_aws_comes_before_what_is_new_in_its_namespace(backlog: Backlog, wakes: str) -> None:
    """What AWS has done is all but done; what is new begins a way that takes AWS minutes."""
    backlog.see(body(1), 0.0)
    (tracked,) = begun(backlog, 0.0)
    if wakes == "a change while it is reconciled":
        backlog.moved(HERE, {"team-iris"}, 0.5)
    for number in range(20):
        backlog.see(body(10 + number, f"new-{number}"), 1.0)
    after = 2.0 if wakes == "its deadline" else 600.0
    backlog.settle(tracked, Reconciled((), after, Awaits.CHANGE, (HERE, "team-iris")), 2.0)
    if wakes == "AWS":
        backlog.moved(HERE, {"team-iris"}, 3.0)
    assert begun(backlog, 4.0)[0].name == "iris"


def test_what_awaits_nothing_is_no_sooner_than_what_came_before_it(backlog: Backlog) -> None:
    backlog.see(body(1), 0.0)
    reconcile(backlog, 0.0)
    backlog.see(body(2, "new"), 1.0)
    backlog.moved(HERE, {"team-iris"}, 1.5)
    assert reconcile(backlog, 2.0) == ["new", "iris"]


def test_its_own_deadline_wakes_it(backlog: Backlog) -> None:
    backlog.see(body(1), 0.0)
    reconcile(backlog, 0.0, requeue_after=30.0)
    assert (reconcile(backlog, 29.0), backlog.next_at()) == ([], 30.0)
    assert reconcile(backlog, 30.0) == ["iris"]


def test_policies_wake_every_object_and_only_when_they_change(backlog: Backlog) -> None:
    tenancy = backlog._tenancy
    backlog.see(body(1), 0.0)
    reconcile(backlog, 0.0)
    tenancy.set_policies([])
    backlog.ruled(1.0)
    assert reconcile(backlog, 1.0) == []
    tenancy.set_policies(None, "forbidden")
    backlog.ruled(2.0)
    assert reconcile(backlog, 2.0) == ["iris"]


def test_an_object_that_goes_frees_its_name_for_the_one_that_waits_for_it(backlog: Backlog) -> None:
    first = body(1, "first", metadata={"creationTimestamp": "2026-01-01T00:00:00Z"})
    second = body(2, "second", metadata={"creationTimestamp": "2026-01-02T00:00:00Z"})
    for each in (first, second):
        each["spec"] = {**each["spec"], "endpointName": "prod"}
        backlog.see(each, 0.0)
    reconcile(backlog, 0.0)
    reconcile(backlog, 0.0)
    backlog.forget("uid-first", 1.0)
    assert reconcile(backlog, 1.0) == ["second"]


def test_what_is_awaited_is_counted_by_place_until_it_is_awaited_no_more(backlog: Backlog) -> None:
    backlog.see(body(1), 0.0)
    backlog.see(body(2, "rose"), 0.0)
    reconcile(backlog, 0.0, awaits=Awaits.CHANGE)
    assert backlog.places() == {HERE}
    assert (backlog.awaited(HERE).moving, backlog.awaited(HERE).leaving, backlog.awaited(THERE).moving) == (2, 0, 0)
    backlog.moved(HERE, {"team-iris"}, 1.0)
    reconcile(backlog, 1.0, awaits=Awaits.GONE)
    assert (backlog.awaited(HERE).moving, backlog.awaited(HERE).leaving) == (1, 1)
    backlog.forget("uid-iris", 2.0)
    backlog.forget("uid-rose", 2.0)
    assert (backlog.places(), backlog.awaited(HERE).leaving) == (set(), 0)


def test_an_object_that_goes_while_it_is_reconciled_is_forgotten_and_its_slot_is_free(backlog: Backlog) -> None:
    backlog.see(body(1), 0.0)
    (tracked,) = begun(backlog, 0.0)
    backlog.forget("uid-iris", 0.1)
    backlog.settle(tracked, Reconciled((body(9),), requeue_after=1.0, whereabouts=(HERE, "team-iris")), 0.2)
    assert (begun(backlog, 1e6), backlog.places(), backlog.counts()) == (
        [],
        set(),
        {"known": 0, "reconciled": 0, "waiting": 0},
    )


def test_what_is_kept_of_a_version_is_what_is_read_of_it(backlog: Backlog) -> None:
    """Managed fields are the largest part of many objects, and nobody reads them."""
    backlog.see(body(1, metadata={"managedFields": [{"manager": "kubectl"}] * 100}), 0.0)
    (tracked,) = begun(backlog, 0.0)
    assert "managedFields" not in tracked.read()["metadata"]
    assert len(tracked.body) < 300


def named_again(version: int) -> dict[str, Any]:
    """Another object under the name of the first."""
    found = body(version)
    found["metadata"]["uid"] = "uid-again"
    return found


def test_an_object_under_the_name_of_another_says_that_the_other_is_gone(backlog: Backlog) -> None:
    backlog.see(body(1), 0.0)
    reconcile(backlog, 0.0)
    backlog.see(named_again(5), 1.0)
    assert backlog.uids() == {"uid-again"}
    backlog.see(body(4), 2.0)  # events of two objects may come in any order
    assert backlog.uids() == {"uid-again"}
    assert [each.uid for each in begun(backlog, 2.0)] == ["uid-again"]


def test_one_that_is_made_again_while_it_is_reconciled_keeps_nothing_of_the_first(backlog: Backlog) -> None:
    backlog.see(body(1), 0.0)
    (first,) = begun(backlog, 0.0)
    backlog.see(named_again(5), 1.0)
    backlog.settle(first, Reconciled((body(3),), whereabouts=(HERE, "team-iris")), 2.0)
    assert backlog.uids() == {"uid-again"}
    assert [each.uid for each in begun(backlog, 2.0)] == ["uid-again"]
    backlog.moved(HERE, {"team-iris"}, 3.0)
    assert begun(backlog, 3.0) == []


def test_which_objects_are_there_is_asked_now_and_then_and_once_the_watch_began_anew(backlog: Backlog) -> None:
    backlog.listed(0.0)
    backlog.see(body(1), 0.0)
    assert [backlog.doubts(now) for now in (0.0, 599.0, 600.0)] == [False, False, True]
    assert backlog.counted({"uid-iris"}, backlog.uids(), 600.0) == frozenset()
    assert not backlog.doubts(601.0)
    backlog.watched_anew(601.0)
    backlog.watched_anew(602.5)  # each object of the listing tells it
    assert [backlog.doubts(now) for now in (602.9, 603.0)] == [False, True]


GOING = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("found", "doubted"),
    [
        (Reconciled((body(2, metadata={**GOING, "finalizers": []}),)), True),
        (Reconciled((body(2, metadata={**GOING, "finalizers": ["another's"]}),)), False),
        (Reconciled((body(2, metadata={"finalizers": []}),)), False),
        (Reconciled(gone=True), True),
        (Reconciled(), False),
    ],
    ids=["finalized", "another keeps it", "nobody deletes it", "not found", "nothing"],
)
def test_an_object_that_must_be_gone_and_of_which_the_watch_does_not_tell_is_asked_for(
    backlog: Backlog, found: Reconciled, *, doubted: bool
) -> None:
    backlog.listed(0.0)
    backlog.see(body(1), 0.0)
    (tracked,) = begun(backlog, 0.0)
    backlog.settle(tracked, found, 1.0)
    assert [backlog.doubts(now) for now in (5.9, 6.0)] == [False, doubted]
    backlog.forget("uid-iris", 7.0)
    assert not backlog.doubts(8.0), "it was told"


def test_what_is_not_listed_is_gone_with_all_that_it_held_unless_it_came_after_it_was_asked(backlog: Backlog) -> None:
    backlog.listed(0.0)
    for name in ("iris", "rose"):
        backlog.see(body(1, name), 0.0)
    reconcile(backlog, 0.0)
    known = backlog.uids()
    backlog.see(body(2, "tulip"), 1.0)
    assert backlog.counted({"uid-rose"}, known, 2.0) == {"uid-iris"}
    assert backlog.uids() == {"uid-rose", "uid-tulip"}
    backlog.moved(HERE, {"team-iris"}, 3.0)
    assert reconcile(backlog, 3.0) == ["tulip"]
    assert backlog.counts() == {"known": 2, "reconciled": 2, "waiting": 0}


def test_one_that_was_found_there_is_not_doubted_again_for_the_same(backlog: Backlog) -> None:
    backlog.listed(0.0)
    backlog.see(body(1), 0.0)
    (tracked,) = begun(backlog, 0.0)
    backlog.settle(tracked, Reconciled(gone=True), 1.0)
    assert backlog.doubts(6.0)
    backlog.counted({"uid-iris"}, backlog.uids(), 6.5)
    assert not backlog.doubts(7.0)
