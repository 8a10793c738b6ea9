"""What was counted of an experiment, judged: what is missing, what comes later, and what is no proof."""

from typing import Any

import pytest

from smendpoints.api.experiment import SageMakerExperimentSpec
from smendpoints.domain.experiment.judging import Judged, judge, rules_of
from smendpoints.domain.experiment.metrics import counted, invocations, pair_of
from smendpoints.domain.experiment.tally import Batch, Plan, Tally
from smendpoints.domain.observed.samples import Series
from smendpoints.statistics.rules import Goal, Verdict

EVEN = [{"a": 1.0, "b": 1.0}]
ERRORS = {"name": "errors", "errorRate": {}}
SOLD = {"name": "sold", "outcome": {"truth": "s3://bucket/truth/", "afterMinutes": 10}, "better": "Higher"}
OURS = [{"name": "Endpoint", "value": "$(endpoint)"}, {"name": "Variant", "value": "$(variant)"}]
VISITS = {
    "name": "visits",
    "better": "Higher",
    "cloudWatch": {
        "numerator": {"namespace": "Shop", "metricName": "Sales", "dimensions": OURS},
        "denominator": {"namespace": "Shop", "metricName": "Visits", "dimensions": OURS},
    },
}


def spec(primary: dict[str, Any] | None = None, **changes: Any) -> SageMakerExperimentSpec:
    whole: dict[str, Any] = {
        "endpointRef": {"name": "iris"},
        "control": "a",
        "challengers": ["b"],
        "metrics": {"primary": primary or ERRORS},
        **changes,
    }
    return SageMakerExperimentSpec.model_validate(whole)


def tally(asked: SageMakerExperimentSpec, arms: dict[str, tuple[float, float | None]], periods: int = 200) -> Tally:
    """Each arm's requests and events in each of so many periods; None: the events are missing."""
    pairs = {each.name: {arm: pair_of(each, "e", arm) for arm in arms} for each in counted(asked)}
    found = Tally(Plan({arm: invocations("e", arm) for arm in arms}, pairs))
    values: dict[Series, float] = {}
    for arm, (requests, events) in arms.items():
        values[invocations("e", arm)] = requests
        for of_metric in pairs.values():
            values[of_metric[arm].requests] = requests
            if events is not None:
                values[of_metric[arm].events] = events
    for _ in range(periods):
        found.count(0, values.get)
    return found


def judged(asked: SageMakerExperimentSpec, found: Tally, *, elapsed: float = 60.0) -> Judged:
    return judge(asked, found, EVEN, "b", elapsed)


def test_a_share_that_is_worse_beyond_doubt_is_given_up() -> None:
    found = judged(spec(), tally(spec(), {"a": (100, 1), "b": (100, 20)}))
    assert found.verdict is Verdict.ROLLBACK
    assert found.primary is not None
    assert (found.primary.metric, found.primary.control, found.primary.challenger) == ("errors", 0.01, 0.2)
    assert (found.primary.difference, found.primary.worse, found.primary.passed) == (0.19, True, False)
    assert found.primary.lower is not None
    assert found.primary.upper is not None
    assert 0 < found.primary.lower < 0.19 < found.primary.upper < 1
    better = judged(spec(), tally(spec(), {"a": (100, 20), "b": (100, 1)})).primary
    assert better is not None
    assert (better.worse, better.passed) == (False, True)


def test_before_the_first_request_it_holds_and_at_the_end_nothing_is_known() -> None:
    silent = tally(spec(), {"a": (0, None), "b": (0, None)}, periods=5)
    early = judged(spec(), silent)
    assert (early.verdict, early.reason, early.primary) == (Verdict.HOLD, "no request was counted yet", None)
    longest = spec().duration.max_minutes * 60.0
    assert judged(spec(), silent, elapsed=longest - 1).verdict is Verdict.HOLD
    assert judged(spec(), silent, elapsed=longest).verdict is Verdict.INCONCLUSIVE


def test_what_a_challenger_got_in_a_step_that_gave_it_nothing_counts_for_nothing() -> None:
    weights = [{"a": 1.0, "b": 0.0}]
    found = judge(spec(), tally(spec(), {"a": (100, 1), "b": (1, 1)}), weights, "b", 60.0)
    assert found.reason == "no request was counted yet"


def test_requests_that_are_split_otherwise_than_asked_make_it_invalid() -> None:
    assert judged(spec(), tally(spec(), {"a": (100, 1), "b": (60, 1)})).verdict is Verdict.INVALID
    assert judged(spec(), tally(spec(), {"a": (100, 1), "b": (100, 1)})).verdict is not Verdict.INVALID


def test_where_clients_deal_out_users_their_requests_prove_nothing_of_the_split() -> None:
    asked = spec(assignment="Client")
    assert judged(asked, tally(asked, {"a": (100, 1), "b": (60, 1)})).verdict is not Verdict.INVALID


def test_where_events_are_missing_beside_requests_nothing_ships() -> None:
    asked = spec()
    found = judged(asked, tally(asked, {"a": (1000, 1), "b": (1000, None)}))
    assert found.verdict not in {Verdict.SHIP, Verdict.ROLLBACK}
    assert "missing" in found.reason


def test_a_count_that_nobody_ever_published_is_no_zero() -> None:
    asked = spec(VISITS)
    silent = judged(asked, tally(asked, {"a": (1000, None), "b": (1000, None)}))
    assert silent.primary is not None
    assert (silent.primary.requests, silent.primary.control, silent.verdict) == (0, None, Verdict.HOLD)
    one = judged(asked, tally(asked, {"a": (1000, 10), "b": (1000, None)}))
    assert one.primary is not None
    assert (one.primary.control, one.primary.challenger) == (0.01, 0.0), "what one arm publishes the other has none of"


def test_counts_of_different_clocks_are_no_more_than_the_requests() -> None:
    asked = spec(VISITS)
    found = judged(asked, tally(asked, {"a": (10, 12), "b": (10, 5)}))
    assert found.primary is not None
    assert (found.primary.control, found.primary.challenger) == (1.0, 0.5)


@pytest.mark.parametrize("known", [False, True])
def test_outcomes_that_come_later_are_judged_as_far_as_they_are_known(known: bool) -> None:
    asked = spec(SOLD)
    requests = tally(asked, {"a": (100, None), "b": (100, None)})
    pairs = {"sold": {arm: pair_of(spec().metrics.primary, "e", arm) for arm in "ab"}}
    later = Tally(Plan({arm: invocations("e", arm) for arm in "ab"}, pairs))
    values: dict[Series, float] = {}
    for arm, events in (("a", 10.0), ("b", 30.0)):
        values |= {invocations("e", arm): 50.0, pairs["sold"][arm].events: events}
    for _ in range(100):
        later.count(0, values.get)
    found = judge(asked, requests, EVEN, "b", 60.0, outcomes={"sold": later} if known else None)
    assert found.primary is not None
    if known:
        assert (found.primary.control, found.primary.challenger, found.primary.requests > 0) == (0.2, 0.6, True)
    else:
        assert (found.primary.requests, found.verdict) == (0, Verdict.HOLD)


def test_means_are_those_of_the_values_that_came() -> None:
    """Of each arm in each minute ten outcomes, of which the sum and the sum of squares are told."""
    size = {"truth": "s3://bucket/truth/", "afterMinutes": 10, "type": "Mean", "lowest": 0, "highest": 10}
    asked = spec({"name": "size", "outcome": size, "margin": 1})
    later = Tally(Plan({arm: invocations("e", arm) for arm in "ab"}, {"size": {}}), published={("size", "a")})
    none = judge(asked, tally(asked, {"a": (10, None), "b": (10, None)}), EVEN, "b", 60.0)
    assert none.primary is not None
    assert (none.primary.control, none.primary.requests, none.verdict) == (None, 0, Verdict.HOLD)
    values = {"a": (10.0, 10.0, 20.0, 41.0), "b": (10.0, 10.0, 50.0, 251.0)}
    for _ in range(100):
        later.batches.append(Batch(0, {"a": 10.0, "b": 10.0}, {("size", arm): each for arm, each in values.items()}))
    found = judge(asked, tally(asked, {"a": (10, None), "b": (10, None)}), EVEN, "b", 60.0, outcomes={"size": later})
    assert found.primary is not None
    assert (found.primary.control, found.primary.challenger, found.primary.requests) == (2.0, 5.0, 1000)


def test_the_rules_are_the_specs_with_the_chance_of_a_wrong_verdict_divided() -> None:
    asked = spec(
        challengers=["b", "c"],
        metrics={
            "primary": {**ERRORS, "marginPercentagePoints": 2},
            "guardrails": [{"name": "slow", "latencyAbove": {"milliseconds": 20}, "marginPercentagePoints": 1}],
        },
        confidence=0.9,
        minRequests=70,
        targetRequests=5000,
        goal="NonInferiority",
        duration={"minMinutes": 1, "maxMinutes": 30},
    )
    found = rules_of(asked)
    assert [(each.name, each.margin) for each in (found.primary, *found.guardrails)] == [
        ("errors", 0.02),
        ("slow", 0.01),
    ]
    assert (found.horizon, found.longest, found.goal) == (5000.0, 1800.0, Goal("NonInferiority"))
    assert (round(found.alpha, 6), found.least_requests) == (0.05, 70)


def test_what_is_told_has_five_digits() -> None:
    found = judged(spec(), tally(spec(), {"a": (700, 3), "b": (700, 4)})).primary
    assert found is not None
    assert (found.control, found.challenger, found.difference) == (0.0042857, 0.0057143, 0.0014286)
