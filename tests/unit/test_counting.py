"""What is counted of an experiment: whole periods in order, outcomes as their summaries tell, and who hears of trouble."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.api.experiment_status import Challenger, SageMakerExperimentStatus, TrafficStep
from smendpoints.controller.counting import LATE, Counting, Running, begun
from smendpoints.controller.outcomes import Outcomes
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.experiment.metrics import invocations
from smendpoints.domain.experiment.outcome_tally import tally_of
from smendpoints.domain.experiment.outcomes import Minute, Summary, Written
from smendpoints.domain.experiment.tally import Plan, Tally, step_at
from smendpoints.domain.observed.samples import Readings, Series
from smendpoints.domain.reasons import Reason

PERIOD = 60
START = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
FIRST = int(START.timestamp()) // PERIOD
DENIED = ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "no")
THROTTLED = ReconcileError(Kind.RETRY, Reason.THROTTLED, "slower")
GONE = ReconcileError(Kind.GONE, Reason.PENDING, "nothing there")


def step(begins: float | None = 0, ends: float | None = None) -> TrafficStep:
    """Times in minutes."""
    return TrafficStep(
        traffic_percent=50,
        weights={"a": 1.0, "b": 1.0},
        asked_at=START,
        counts_from=START + timedelta(minutes=begins) if begins is not None else None,
        counts_until=START + timedelta(minutes=ends) if ends is not None else None,
    )


def experiment(*steps: TrafficStep, outcome: bool = False, **status: Any) -> SageMakerExperiment:
    late = {"name": "sold", "marginPercentagePoints": 5, "outcome": {"truth": "s3://bucket/truth/", "afterMinutes": 10}}
    spec = {
        "endpointRef": {"name": "iris"},
        "control": "a",
        "challengers": ["b"],
        "metrics": {"primary": {"name": "errors", "errorRate": {}}, **({"guardrails": [late]} if outcome else {})},
    }
    made = SageMakerExperiment.parse(
        {"metadata": {"name": "x", "namespace": "n", "uid": "u", "generation": 1}, "spec": spec}
    )
    told = SageMakerExperimentStatus(
        phase="Running",
        started_at=START,
        steps=list(steps or (step(),)),
        challengers=[Challenger(variant="b")],
        captured="s3://captured/e",
        **status,
    )
    return made.model_copy(update={"status": told})


@dataclass
class Aws:
    """CloudWatch as it is set, and summaries in S3."""

    now: datetime = START
    requests: dict[int, float] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)
    fails: ReconcileError | None = None
    unread: frozenset[Series] = frozenset()
    asked: int = 0
    written: Written | ReconcileError | None = None
    etags: list[str | None] = field(default_factory=list)

    @property
    def datapoints(self) -> "Aws":
        return self

    @property
    def summaries(self) -> "Summaries":
        return Summaries(self)

    def settled(self, now: datetime) -> int:
        return int(now.timestamp()) // PERIOD

    def read(self, wanted: Collection[Series], since: int, now: datetime) -> Readings:
        self.asked += 1
        if self.fails is not None:
            raise self.fails
        points: dict[Series, Mapping[int, float]] = {
            each: {
                at: 0.0 if "5XX" in each.metric or "4XX" in each.metric else number
                for at, number in self.requests.items()
                if not (at in self.missing and "XX" in each.metric)
            }
            for each in wanted
        }
        return Readings(since, self.settled(now), points, self.unread)


@dataclass
class Summaries:
    aws: Aws

    def read(self, uri: str, known: str | None) -> Written | None:
        assert uri == "s3://captured/e/_outcomes/x/sold.json"
        self.aws.etags.append(known)
        if isinstance(self.aws.written, ReconcileError):
            raise self.aws.written
        return self.aws.written if self.aws.written is None or self.aws.written.etag != known else None


class Count:
    """One experiment that is looked at minute by minute."""

    def __init__(self, *steps: TrafficStep, outcome: bool = False) -> None:
        self.aws = Aws()
        whole = experiment(*steps, outcome=outcome)
        self.running = Running(whole, None, "e", begun(whole, "e"))  # type: ignore[arg-type]
        self.counting = Counting(lambda _: self.aws, lambda: self.aws.now, PERIOD)  # type: ignore[arg-type,return-value]

    def look(self, minutes: float) -> Any:
        self.aws.now = START + timedelta(minutes=minutes)
        self.counting.read(self.running)
        return self.running.kept.looked


def test_whole_periods_count_once_they_have_settled_and_each_once() -> None:
    count = Count()
    count.aws.requests = {FIRST + minute: 10.0 * (minute + 1) for minute in range(6)}
    assert count.look(0.5) is None
    assert count.aws.asked == 0
    looked = count.look(3.5)
    judged = looked.judged
    assert looked.until == START + timedelta(minutes=2), "the newest may still change"
    assert looked.requests == {"a": 30, "b": 30}
    assert count.look(3.9) is looked
    assert count.aws.asked == 1, "there is nothing new"
    later = count.look(5.5)
    assert later.requests == {"a": 100, "b": 100}
    assert later.judged is not judged
    assert count.running.since(PERIOD) == FIRST + 4
    count.aws.requests |= {FIRST + minute: 0.0 for minute in range(4, 9)}
    assert count.look(7.5).judged is later.judged, "nothing more was counted, so that nothing is reckoned again"


def test_only_what_lies_within_a_step_counts() -> None:
    count = Count(step(0, 2), step(None), step(3))
    count.aws.requests = {FIRST + minute: 10.0 for minute in range(6)}
    assert count.look(6.5).requests == {"a": 40, "b": 40}
    assert count.running.since(PERIOD) == FIRST + 5


def test_a_period_of_which_something_is_missing_is_waited_for_and_then_passed_over() -> None:
    count = Count()
    count.aws.requests = {FIRST + minute: 10.0 for minute in range(20)}
    count.aws.missing = {FIRST + 2}
    assert count.look(5.5).until == START + timedelta(minutes=2)
    assert count.look(2 + LATE - 0.5).until == START + timedelta(minutes=2)
    assert count.look(2 + LATE + 0.5).until == START + timedelta(minutes=2 + LATE - 1)
    assert LATE == 10, "minutes that CloudWatch may be late"


def test_as_long_as_the_first_period_is_waited_for_nothing_is_counted() -> None:
    count = Count()
    count.aws.requests = {FIRST + minute: 10.0 for minute in range(4)}
    count.aws.missing = {FIRST}
    looked = count.look(3.5)
    assert (looked.until, looked.requests) == (None, {"a": 0, "b": 0})


def test_who_is_denied_hears_of_it_at_once_and_who_is_throttled_at_the_third_time() -> None:
    denied = Count()
    denied.aws.fails = DENIED
    assert denied.look(3.5).unread == "no"
    throttled = Count()
    throttled.aws.fails = THROTTLED
    assert [throttled.look(minute + 0.5) for minute in (3, 4)] == [None, None]
    asked = throttled.aws.asked
    assert (throttled.look(4.9), throttled.aws.asked) == (None, asked), "a period is asked for once, told or not"
    assert throttled.look(5.5).unread == "slower"
    throttled.aws.fails = None
    assert throttled.look(6.5).unread is None
    throttled.aws.fails = THROTTLED
    assert throttled.look(7.5) is None, "it is counted from the start"


def test_what_cloudwatch_tells_nothing_of_is_named() -> None:
    count = Count()
    count.aws.unread = frozenset({invocations("e", "a")})
    assert [count.look(minute + 0.5) for minute in (3, 4)] == [None, None]
    assert count.look(5.5).unread == "CloudWatch tells nothing of Invocations"


def summary(until: int = FIRST + 3, **arms: Mapping[int, Minute]) -> bytes:
    return Summary("u", "sold", until, arms or {"a": {FIRST: Minute(5, 2, 2.0, 2.0)}}).dump()


def test_outcomes_are_read_again_when_they_were_written_again() -> None:
    count = Count(outcome=True)
    count.aws.written = Written("one", summary())
    looked = count.look(3.5)
    assert (looked.outcomes, looked.unread, looked.notes) == ({"sold": START + timedelta(minutes=3)}, None, ())
    assert count.running.kept.outcomes.seen() == (("sold", "one"),)
    count.aws.written = Written("two", summary(FIRST + 4))
    assert count.look(4.5).outcomes == {"sold": START + timedelta(minutes=4)}
    assert count.aws.etags == [None, "one"]


@pytest.mark.parametrize(
    ("written", "unread", "note"),
    [
        (GONE, None, "nothing is known yet"),
        (Written("one", b"{}"), None, "it is no summary of outcomes"),
        (DENIED, "outcomes of sold: no", None),
        (None, None, None),
    ],
)
def test_what_is_wrong_with_outcomes_is_told_and_what_is_known_stays(
    written: Written | ReconcileError | None, unread: str | None, note: str | None
) -> None:
    found, aws = Outcomes(), Aws(written=Written("zero", summary()))
    whole = experiment(outcome=True)
    found.read(whole, aws.summaries)
    aws.written = written
    found.read(whole, aws.summaries)
    assert (found.unread, bool(found.tallies), found.seen()) == (unread, True, (("sold", "zero"),))
    told = f"outcomes of sold: {note}, run `kubectl smendpoint outcomes` now and then (s3://captured/e/_outcomes/x/sold.json)"
    assert found.notes == ((told,) if note else ())
    aws.written = None
    found.read(whole, aws.summaries)
    assert (found.unread, found.notes) == (None, ())


def test_minutes_of_outcomes_become_batches_up_to_the_last_that_is_old_enough() -> None:
    arms = {"a": {FIRST: Minute(5, 2), FIRST + 3: Minute(7)}, "b": {FIRST + 1: Minute(4, 1), FIRST - 1: Minute(9)}}
    tally = tally_of(Summary("u", "sold", FIRST + 3, arms), ("a", "b"), [step()])
    assert (tally.until, tally.requests()) == (FIRST + 3, {"a": 5, "b": 4})
    assert [batch.counts for batch in tally.batches] == [
        {("sold", "a"): (5.0, 2.0), ("sold", "b"): (0.0, 0.0)},
        {("sold", "a"): (0.0, 0.0), ("sold", "b"): (4.0, 1.0)},
    ]
    means = tally_of(
        Summary("u", "sold", FIRST + 3, {"a": {FIRST: Minute(5, 2, -3.0, 9.0)}}, mean=True), ("a",), [step()]
    )
    assert means.batches[0].counts == {("sold", "a"): (5.0, 2.0, -3.0, 9.0)}


def test_a_batch_is_whole_once_it_has_its_share_of_what_came_before() -> None:
    series = invocations("e", "a")
    tally = Tally(Plan({"a": series}, {}))
    for number in (0.0, 1000.0, 19.0, 1.0, 20.4):
        tally.count(0, {series: number}.get)
    assert [batch.total() for batch in tally.batches] == [1000.0, 20.0]
    assert tally.requests() == {"a": 1040}
    tally.count(1, {series: 5.0}.get)
    assert [(batch.step, batch.total()) for batch in tally.batches] == [(0, 1000.0), (0, 20.0), (0, 20.0)]


@pytest.mark.parametrize(
    ("minutes", "found"),
    [(-0.5, None), (0, 0), (1, 0), (1.5, None), (2, None), (3, 2), (300, 2)],
)
def test_a_period_lies_whole_in_a_step_or_in_none(minutes: float, found: int | None) -> None:
    steps = [step(0, 2), step(None), step(3)]
    assert step_at(steps, (START + timedelta(minutes=minutes)).timestamp(), PERIOD) == found


def test_periods_without_requests_make_no_batch() -> None:
    series = invocations("e", "a")
    found = Tally(Plan({"a": series}, {}))
    for step_, requests in ((0, 0.0), (0, 1.0), (0, 0.0), (1, 0.0), (1, 2.0), (2, 0.0)):
        found.count(step_, {series: requests}.get)
    assert [(each.step, each.requests) for each in found.batches] == [(0, {"a": 1.0}), (1, {"a": 2.0})]
    assert found.requests() == {"a": 3}
