"""What a judged rollout can see, from the traffic of the hour before: reckoned and told before it begins."""

from datetime import UTC, datetime
from typing import Any

import pytest

from smendpoints.api.analysis import Analysis, AnalysisStatus, ComparedMetric
from smendpoints.api.rollout import Rollout
from smendpoints.domain.observed.observed import ObservedEndpoint, ObservedVariant
from smendpoints.domain.observed.samples import Readings
from smendpoints.domain.plan.analysis import forewarning, planned, series_before

BEGUN = datetime(2026, 11, 26, 12, 0, 30, tzinfo=UTC)
ERRORS = {"name": "errors", "errorRate": {}}
CANARY = Rollout(strategy="Canary", step_wait_seconds=1200)


def asked(*metrics: dict[str, Any], **others: Any) -> Analysis:
    """An analysis as the API server hands it over."""
    return Analysis.model_validate({"metrics": list(metrics) or [ERRORS], **others})


LIVE = ObservedEndpoint(
    "shop", "arn", "InService", "old", BEGUN, BEGUN, variants=(ObservedVariant("a", desired_count=4),)
)


def hour(requests: int, events: int) -> Readings:
    """The same in each minute of an hour."""
    points = {}
    for each in series_before(asked(), LIVE):
        value = float(requests if each.metric == "Invocations" else events)
        points[each] = dict.fromkeys(range(100, 160), value)
    return Readings(60, 160, points)


def test_what_the_traffic_before_lets_be_seen_is_told_beforehand() -> None:
    few = planned(asked(), CANARY, LIVE, ["a"], hour(3, 0))
    assert few.requests_per_minute == 3.0
    assert few.horizon == 3 * 19
    smallest = few.metrics[0].smallest_visible_points
    assert smallest is None or smallest > 20
    assert forewarning(few).startswith("at 3 requests a minute this rollout cannot see ")
    assert few.message == forewarning(few)
    many = planned(asked(), CANARY, LIVE, ["a"], hour(6000, 6))
    assert many.metrics[0].smallest_visible_points is not None
    assert many.metrics[0].smallest_visible_points < 1
    assert (forewarning(many), many.message) == ("", "")
    assert planned(asked(), CANARY, LIVE, ["a"], Readings(60, 160, {})).requests_per_minute == 0.0
    none = planned(asked(), CANARY, LIVE, ["a"], hour(0, 0))
    assert "any difference of errors of a" in forewarning(none)


def test_as_many_steps_as_the_instances_make_are_planned_for() -> None:
    way = Rollout(strategy="Linear", step_percent=30, step_wait_seconds=1200)
    two_of_four = planned(asked(), way, LIVE, ["a"], hour(3, 0))
    assert two_of_four.horizon == 3 * 19  # both fleets serve for one wait: 30 % of four instances are two


def test_without_the_hour_before_it_is_judged_all_the_same_and_told() -> None:
    found = planned(asked(), CANARY, LIVE, ["a", "b"], "AccessDenied")
    assert found.horizon == 10_000
    assert [(each.name, each.variant) for each in found.metrics] == [("errors", "a")]
    assert "AccessDenied" in found.message
    assert forewarning(found) == ""
    strange = planned(asked(), CANARY, LIVE, ["b"], hour(100, 1))
    assert strange.metrics == []
    assert "no variant" in strange.message


def test_the_share_of_events_before_is_what_the_smallest_difference_is_reckoned_from() -> None:
    rare, often = (planned(asked(), CANARY, LIVE, ["a"], hour(6000, events)) for events in (6, 1800))
    assert rare.metrics[0].smallest_visible_points is not None
    assert often.metrics[0].smallest_visible_points is not None
    assert often.metrics[0].smallest_visible_points > 1.5 * rare.metrics[0].smallest_visible_points


def dim(**visible: float) -> AnalysisStatus:
    """An analysis with margins of one point that sees these differences of its metrics."""
    analysis = asked(*({"name": name, "errorRate": {}, "marginPercentagePoints": 1} for name in visible))
    metrics = [ComparedMetric(name=name, variant="v", smallest_visible_points=each) for name, each in visible.items()]
    return AnalysisStatus(asked=analysis, horizon=1, requests_per_minute=3.0, metrics=metrics)


@pytest.mark.parametrize(
    ("visible", "told", "more"),
    [
        ({"a": 3.0}, [], ""),
        ({"a": 0.0}, [], ""),
        ({"a": 3.5}, ["3.5 percentage points of a"], ""),
        (
            {"a": 4.0, "b": 6.0, "c": 3.1},
            ["6 percentage points of b", "4 percentage points of a", "3.1 percentage points of c"],
            "",
        ),
        (
            {"a": 4.0, "b": 6.0, "c": 5.0, "d": 7.0},
            ["7 percentage points of d", "6 percentage points of b", "5 percentage points of c"],
            ", and 1 more",
        ),
    ],
)
def test_differences_far_beyond_the_margin_that_cannot_be_seen_are_told_the_largest_first(
    visible: dict[str, float], told: list[str], more: str
) -> None:
    words = ", ".join(f"less than {each} of v" for each in told)
    warned = forewarning(dim(**visible))
    assert warned == (f"at 3 requests a minute this rollout cannot see {words}{more}" if told else "")


def test_how_little_is_seen_depends_on_the_share_the_margin_and_which_side_is_worse() -> None:
    def visible(share: int = 10, **metric: Any) -> float | None:
        way = CANARY.model_copy(update={"step_percent": share})
        made = planned(asked({**ERRORS, **metric}), way, LIVE, ["a"], hour(600, 12))
        return made.metrics[0].smallest_visible_points

    usual = visible()
    assert usual is not None
    for other in (visible(50), visible(better="Higher"), visible(marginPercentagePoints=5)):
        assert other is not None
        assert abs(other - usual) > 0.05


@pytest.mark.parametrize("better", ["Lower", "Higher"])
def test_a_metric_that_was_never_published_is_planned_for_as_if_all_were_well(better: str) -> None:
    own = {"name": "hits", "metricAbove": {"namespace": "Shop", "metricName": "Hits"}, "better": better}
    made = planned(asked(ERRORS, own), CANARY, LIVE, ["a"], hour(6000, 6))
    assert [each.smallest_visible_points is not None for each in made.metrics] == [True, True]


@pytest.mark.parametrize(
    ("way", "horizon"),
    [
        (Rollout(strategy="Linear", step_percent=25, step_wait_seconds=1200), 57_000),
        (Rollout(strategy="Linear", step_percent=50, step_wait_seconds=1200), 19_000),
        (Rollout(strategy="Canary", step_wait_seconds=660), 10_000),
        (Rollout(strategy="Canary", step_wait_seconds=30), 1),
    ],
    ids=["three waits between four steps", "one between two", "a canary's", "one shorter than the warm-up"],
)
def test_requests_count_as_long_as_both_fleets_serve_but_for_a_minute_of_each_wait(way: Rollout, horizon: int) -> None:
    assert planned(asked(), way, LIVE, ["a"], hour(1000, 0)).horizon == horizon


def test_the_busiest_variant_that_is_compared_is_planned_for() -> None:
    variants = (*LIVE.variants, ObservedVariant("b", desired_count=1))
    live = ObservedEndpoint("shop", "arn", "InService", "old", BEGUN, BEGUN, variants=variants)
    requests = {"a": 1000.0, "b": 50.0}
    points = {
        each: dict.fromkeys(
            range(100, 160), requests[dict(each.dimensions)["VariantName"]] if each.metric == "Invocations" else 0.0
        )
        for each in series_before(asked(), live)
    }
    both = planned(asked(), CANARY, live, ["a", "b"], Readings(60, 160, points))
    assert (both.requests_per_minute, both.horizon) == (1050.0, 19_000)
    assert [each.variant for each in both.metrics] == ["a", "b"]
    one = planned(asked(), CANARY, live, ["b", "new"], Readings(60, 160, points))
    assert (one.requests_per_minute, one.horizon) == (1050.0, 950)
    young = Readings(60, 160, {each: dict.fromkeys(range(150, 160), 60.0) for each in points})
    assert planned(asked(), CANARY, LIVE, ["a"], young).requests_per_minute == 60.0, "of ten minutes"


def test_the_new_fleet_gets_the_part_of_the_first_step_or_half_on_the_average() -> None:
    def visible(instances: int | None = 4, strategy: str = "Canary", **way: Any) -> float:
        variants = (ObservedVariant("a", desired_count=instances),)
        live = ObservedEndpoint("shop", "arn", "InService", "old", BEGUN, BEGUN, variants=variants)
        rollout = Rollout.model_validate({"strategy": strategy, "stepWaitSeconds": 1200} | way)
        found = planned(asked(), rollout, live, ["a"], hour(1000, 1)).metrics[0].smallest_visible_points
        assert found is not None
        return found

    assert visible(stepPercent=50) < visible(stepPercent=25) < visible(stepPercent=10)
    assert visible(stepInstances=1) == visible(stepPercent=25), "one of four"
    assert visible(stepInstances=2) == visible(stepInstances=3) == visible(stepPercent=50)
    assert visible() == visible(stepPercent=10), "the default"
    assert visible(None, stepInstances=2) == visible(stepPercent=10), "of how many is not known"
    three_waits = 3 * (1200 - 60) + 60  # between four steps, each but for its first minute
    assert visible(strategy="Linear", stepPercent=25) == visible(stepPercent=50, stepWaitSeconds=three_waits)
