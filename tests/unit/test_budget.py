"""One budget in virtual time: free until AWS throttles, then near what AWS admits, and never learnt from idleness."""

import pytest

from smendpoints.aws.calls.budget import Budget


class Aws:
    """Admits `rate` calls a second, with a burst of as many."""

    def __init__(self, rate: float) -> None:
        self.rate, self.tokens, self.at = rate, max(1.0, rate), 0.0
        self.taken = self.refused = 0

    def call(self, budget: Budget, now: float) -> None:
        self.tokens = min(max(1.0, self.rate), self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            self.refused += 1
            budget.refused(now)
        else:
            self.tokens -= 1
            self.taken += 1
            budget.admitted(now)


def call_for(budget: Budget, aws: Aws, begin: float, seconds: float) -> None:
    """Somebody always waits for the next call."""
    now = begin
    while now < begin + seconds:
        if budget.ready_at > now:
            budget.awaited(now)
            now = max(now + 1e-6, min(budget.ready_at, now + 1.0))
            continue
        budget.take(now)
        aws.call(budget, now)
        now += 0.001


def learnt(limit: float) -> tuple[Budget, Aws]:
    """A budget that kept to this limit for a minute, after a burst."""
    budget, aws = Budget(), Aws(limit)
    for _ in range(50):
        aws.call(budget, 0.0)
    call_for(budget, aws, 0.0, 60.0)
    aws.taken = aws.refused = 0
    return budget, aws


def test_calls_are_free_until_aws_throttles() -> None:
    budget = Budget()
    for _ in range(5000):
        assert budget.ready_at <= 0.0
        budget.take(0.0)
        budget.admitted(0.0)
    assert budget.rate is None


@pytest.mark.parametrize("limit", [2.0, 5.0, 20.0, 60.0])
def test_after_a_minute_nearly_all_that_aws_admits_is_used_and_little_is_refused(limit: float) -> None:
    budget, aws = learnt(limit)
    call_for(budget, aws, 60.0, 300.0)
    print(f"{limit} a second: {aws.taken} taken, {aws.refused} refused")
    assert aws.taken > 0.9 * limit * 300
    assert aws.refused < 0.1 * (aws.taken + aws.refused)


def test_a_limit_that_falls_is_followed_within_seconds() -> None:
    budget, aws = learnt(20.0)
    aws.rate = 2.0
    call_for(budget, aws, 60.0, 10.0)
    assert budget.rate is not None
    assert budget.rate < 4.0


def test_a_limit_that_rises_is_found_within_two_minutes() -> None:
    budget, aws = learnt(2.0)
    aws.rate = 40.0
    call_for(budget, aws, 60.0, 120.0)
    assert budget.rate is None or budget.rate > 30.0


def test_calls_refused_together_slow_down_once() -> None:
    budget = Budget()
    for _ in range(40):
        budget.admitted(0.0)
    for _ in range(20):
        budget.refused(0.1)
    assert budget.rate == pytest.approx(40 / 2 * 0.7, rel=0.06)


def test_what_nobody_waits_for_does_not_grow_and_is_forgotten_after_ten_minutes() -> None:
    budget, _ = learnt(5.0)
    before = budget.rate
    budget.fade(600.0)
    budget.take(600.0)
    assert budget.rate == before
    budget.fade(661.0)
    assert budget.rate is None
