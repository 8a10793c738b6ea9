"""When an object is tried again after something went wrong: sooner or later, by what it was and how often."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.controller.finalize import Finalizer
from smendpoints.controller.memory import Memory
from smendpoints.controller.result import NEVER
from smendpoints.controller.settings import ControllerSettings
from smendpoints.controller.trouble import Goal, Pursuit, Trouble
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason
from smsandbox.testing.specs import spec

RUNS, LEAVES = Pursuit(Goal.RUN, 1, ()), Pursuit(Goal.FINALIZE, 1, ())
POLL = 5.0
DENIED = ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "no")
REFUSED = ReconcileError(Kind.INVALID, Reason.INVALID_SPEC, "no")
THROTTLED = ReconcileError(Kind.RETRY, Reason.THROTTLED, "slower")
BUSY = ReconcileError(Kind.BUSY, Reason.BUSY, "wait")


@dataclass
class Tries:
    """One object that goes on failing; a wait is told by the longest that it may be."""

    memory: Memory = field(default_factory=Memory)
    now: float = 1000.0

    def wait(self, failure: ReconcileError, longest: float, *, poll: float = POLL) -> None:
        """It fails, and waits for at most so long, and for no less than half of it."""
        waits = self.memory.trouble.back_off(failure, poll, self.now)
        leaving = self.memory.trouble.pursuit == LEAVES
        shortest = 0.8 if failure.kind is Kind.BLOCKED and not leaving else 0.5
        assert shortest * longest <= waits <= longest
        self.now += waits
        assert self.memory.trouble.retry_at == self.now


def test_what_may_work_soon_is_tried_within_seconds_then_less_often() -> None:
    tries = Tries()
    for longest in (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0, 300.0, 300.0, 300.0, 300.0):
        tries.wait(THROTTLED, longest)
    tries.memory.remember_success()
    tries.wait(THROTTLED, 2.0)
    Tries().wait(THROTTLED, 0.5, poll=0.5)


def test_what_is_busy_is_looked_at_as_often_as_anything_that_moves() -> None:
    tries = Tries()
    for longest in (POLL, 2 * POLL, 4 * POLL):
        tries.wait(BUSY, longest)


def test_what_only_somebody_can_cure_is_tried_after_minutes() -> None:
    tries = Tries()
    for polls in (60, 120, 240, 360, 360):
        tries.wait(DENIED, polls * POLL)


def test_woken_before_its_time_it_does_not_wait_longer_for_that() -> None:
    tries = Tries()
    tries.wait(DENIED, 60 * POLL)
    tries.now -= 1.0
    tries.wait(DENIED, 60 * POLL)
    tries.wait(DENIED, 120 * POLL)


def test_each_object_waits_for_a_time_of_its_own() -> None:
    for failure in (DENIED, THROTTLED):
        assert len({Trouble().back_off(failure, POLL, 0.0) for _ in range(50)}) > 10


def test_what_was_refused_for_good_is_tried_again_by_a_deletion_alone() -> None:
    assert Trouble().back_off(REFUSED, POLL, 0.0) == NEVER
    for failure in (REFUSED, DENIED):
        tries = Tries()
        tries.memory.pursue(LEAVES)
        tries.wait(failure, 2.0)
        tries.wait(failure, 4.0)


def test_a_deletion_that_could_not_even_begin_is_tried_again() -> None:
    body = {
        "metadata": {"name": "iris", "namespace": "default", "uid": "u", "deletionTimestamp": "2026-11-26T00:00:00Z"},
        "spec": spec(),
    }
    memory = Memory()
    memory.pursue(RUNS)
    finalizer = Finalizer(
        ControllerSettings("cluster-1", "us-east-1"), lambda: datetime.now(UTC), lambda: 0.0, lambda _: None
    )
    for failure in (REFUSED, DENIED):
        found = finalizer.failed(SageMakerEndpoint.parse(body), failure, memory)
        assert found.requeue_after <= 4.0


@pytest.mark.parametrize(
    ("reason", "told"), [(Reason.BUSY, Reason.NOT_ACCESSIBLE), (Reason.ROLE_NOT_FOUND, Reason.ROLE_NOT_FOUND)]
)
def test_what_may_still_settle_is_believed_for_two_minutes(reason: Reason, told: Reason) -> None:
    memory, failure = Memory(), ReconcileError(Kind.SETTLING, reason, "not yet")
    assert [memory.judge(failure, now).kind for now in (0.0, 60.0, 119.9)] == [Kind.SETTLING] * 3
    stuck = memory.judge(failure, 120.0)
    assert (stuck.kind, stuck.reason, stuck.message) == (Kind.BLOCKED, told, "not yet")
    assert memory.judge(DENIED, 120.0) is DENIED
    memory.remember_success()
    assert memory.judge(failure, 500.0).kind is Kind.SETTLING


def test_trouble_on_the_way_to_something_else_is_forgotten() -> None:
    memory = Memory()
    memory.pursue(RUNS)
    memory.trouble.back_off(DENIED, POLL, 0.0)
    memory.pursue(RUNS)
    assert (memory.trouble.failures, memory.trouble.blocked) == (1, 1)
    memory.pursue(Pursuit(Goal.STOP, 1, ()))
    assert (memory.trouble.failures, memory.trouble.blocked) == (0, 0)
    memory.trouble.back_off(DENIED, POLL, 0.0)
    memory.remember_success()
    assert memory.trouble.failures == 0
    assert memory.trouble.pursuit == Pursuit(Goal.STOP, 1, ()), "it is still the same that is asked for"


def test_trouble_with_alarms_is_beside_that_with_the_endpoint_and_ends_with_what_is_asked_for() -> None:
    memory = Memory()
    memory.pursue(RUNS)
    alarms = replace(RUNS, content="as wanted")
    memory.monitors(alarms).back_off(DENIED, POLL, 0.0)
    assert (memory.monitors(alarms).failures, memory.trouble.failures) == (1, 0)
    assert memory.monitors(replace(alarms, content="otherwise")).failures == 0
    memory.monitors(alarms).back_off(DENIED, POLL, 0.0)
    assert memory.monitors(replace(alarms, annotations=("again",))).retry_at < 0.0


def test_a_note_is_told_once_and_only_so_many_are_kept() -> None:
    memory = Memory()
    memory.note(str(each) for each in range(12))
    memory.note(["0"])
    assert memory.unsaid() == tuple(str(each) for each in range(10))
    memory.note(["3"])
    assert memory.unsaid() == ()


def test_a_change_that_goes_on_at_once_goes_on_with_what_it_saw() -> None:
    memory = Memory()
    memory.seen.look = look = object()  # type: ignore[assignment]
    memory.ended(7.0, after=0)
    assert (memory.schedule.begun, memory.seen.look) == (7.0, look)
    memory.ended(7.0, after=0.1)
    assert (memory.schedule.begun, memory.seen.look) == (None, None)


def test_no_wait_for_aws_is_longer_than_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda least, most: most)
    tries = Tries()
    for _ in range(10):
        waits = tries.memory.trouble.back_off(THROTTLED, POLL, tries.now)
    assert waits == 300.0


def test_what_only_somebody_can_cure_is_tried_after_five_minutes_and_each_half_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("random.uniform", lambda least, most: most)
    tries = Tries()
    waits = []
    for _ in range(6):
        waits.append(tries.memory.trouble.back_off(DENIED, 5.0, tries.now))
        tries.now += waits[-1]
    assert waits == [300.0, 600.0, 1200.0, 1800.0, 1800.0, 1800.0]
