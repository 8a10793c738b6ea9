"""Which series of CloudWatch each metric of an analysis and of an experiment is counted by, and what is made of them."""

from typing import Any

import numpy as np
import pytest

from smendpoints.api.analysis import Analysis
from smendpoints.api.experiment import SageMakerExperimentSpec
from smendpoints.domain.experiment.metrics import Pair, invocations, pair_of, series_of
from smendpoints.domain.observed.samples import (
    Arm,
    Readings,
    Series,
    counts,
    error_rate,
    latency_above,
    share_above,
    wanted,
)
from smendpoints.domain.plan.analysis import fleets, rules_of, share_of
from smendpoints.statistics.rules import Better, Goal

ERRORS = {"name": "m", "errorRate": {}}
ENDPOINT = (("EndpointName", "e"), ("VariantName", "v"))
NEW = (("EndpointConfigName", "c"), *ENDPOINT)
SAGEMAKER = "AWS/SageMaker"
OURS = [{"name": "Endpoint", "value": "x-$(endpoint)"}, {"name": "Variant", "value": "$(variant)-y"}]
COUNTS = {
    "numerator": {"namespace": "Shop", "metricName": "Sales", "dimensions": OURS, "statistic": "SampleCount"},
    "denominator": {"namespace": "Shop", "metricName": "Visits", "dimensions": OURS},
}
CONTAINER = {"models": [{"variant": name, "model": f"m-{name}", "version": "2"} for name in ("u", "v")]}


def experiment(metric: dict[str, Any], **metrics: Any) -> SageMakerExperimentSpec:
    whole = {"endpointRef": {"name": "iris"}, "control": "u", "challengers": ["v"]}
    return SageMakerExperimentSpec.model_validate({**whole, "metrics": {"primary": metric, **metrics}})


def pair(metric: dict[str, Any]) -> Pair:
    return pair_of(experiment({"name": "m", **metric}).metrics.primary, "e", "v")


REQUESTS = Series(SAGEMAKER, "Invocations", ENDPOINT, "Sum")
SHOP = (("Endpoint", "x-e"), ("Variant", "v-y"))
PLACE = (("Model", "m-v"), ("Variant", "v"), ("Version", "2"))
PAIRS: dict[str, tuple[dict[str, Any], Pair]] = {
    "server errors": ({"errorRate": {}}, Pair(REQUESTS, Series(SAGEMAKER, "Invocation5XXErrors", ENDPOINT, "Sum"))),
    "errors of the caller": (
        {"errorRate": {"answers": "4xx"}},
        Pair(REQUESTS, Series(SAGEMAKER, "Invocation4XXErrors", ENDPOINT, "Sum")),
    ),
    "slow requests": (
        {"latencyAbove": {"milliseconds": 20}},
        Pair(REQUESTS, Series(SAGEMAKER, "ModelLatency", ENDPOINT, "PR(:20000)"), below=True),
    ),
    "counts of one's own": (
        {"cloudWatch": COUNTS},
        Pair(Series("Shop", "Visits", SHOP, "Sum"), Series("Shop", "Sales", SHOP, "SampleCount"), always=False),
    ),
    "the container's errors": (
        {"container": CONTAINER},
        Pair(
            Series("smendpoints/inference", "Invocations", PLACE, "Sum"),
            Series("smendpoints/inference", "Errors5XX", PLACE, "Sum"),
        ),
    ),
    "the container's other errors elsewhere": (
        {"container": {**CONTAINER, "count": "Errors4XX", "namespace": "Shop"}},
        Pair(Series("Shop", "Invocations", PLACE, "Sum"), Series("Shop", "Errors4XX", PLACE, "Sum")),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_metric_of_an_experiment_is_counted_by(name: str) -> None:
    metric, expected = PAIRS[name]
    assert pair(metric) == expected


def test_all_that_an_experiment_reads_is_named_but_outcomes() -> None:
    sold = {"name": "sold", "outcome": {"truth": "s3://bucket/truth/", "afterMinutes": 10}}
    asked = experiment(ERRORS, guardrails=[sold])
    errors = [
        Series(SAGEMAKER, "Invocation5XXErrors", (("EndpointName", "e"), ("VariantName", each)), "Sum") for each in "uv"
    ]
    assert set(series_of(asked, "e")) == {invocations("e", "u"), invocations("e", "v"), *errors}


SHARES: dict[str, tuple[dict[str, Any], Series, Series]] = {
    "server errors": ({"errorRate": {}}, REQUESTS, Series(SAGEMAKER, "Invocation5XXErrors", ENDPOINT, "Sum")),
    "errors of the caller": (
        {"errorRate": {"answers": "4xx"}},
        REQUESTS,
        Series(SAGEMAKER, "Invocation4XXErrors", ENDPOINT, "Sum"),
    ),
    "slow requests": (
        {"latencyAbove": {"milliseconds": 1500}},
        REQUESTS,
        Series(SAGEMAKER, "ModelLatency", ENDPOINT, "PR(:1500000)"),
    ),
    "another metric of each request": (
        {"metricAbove": {"namespace": SAGEMAKER, "metricName": "OverheadLatency", "threshold": 0.5}},
        REQUESTS,
        Series(SAGEMAKER, "OverheadLatency", ENDPOINT, "PR(:0.5)"),
    ),
    "a metric of one's own": (
        {"metricAbove": {"namespace": "Shop", "metricName": "Hits"}},
        Series("Shop", "Hits", ENDPOINT, "SampleCount"),
        Series("Shop", "Hits", ENDPOINT, "PR(:0)"),
    ),
}


@pytest.mark.parametrize("name", SHARES)
def test_a_metric_of_an_analysis_is_counted_by(name: str) -> None:
    metric, requests, events = SHARES[name]
    (asked,) = Analysis.model_validate({"metrics": [{"name": "m", **metric}]}).metrics
    assert share_of(asked).series(ENDPOINT) == (requests, events)
    assert share_of(asked).below is events.statistic.startswith("PR(")


def test_the_old_fleet_is_the_variant_less_the_new_one() -> None:
    old, new = fleets("e", "v", "c")
    assert (old.parts(), new.parts()) == ((ENDPOINT, NEW), (NEW,))
    events = [Series(SAGEMAKER, "Invocation5XXErrors", each, "Sum") for each in (ENDPOINT, NEW)]
    requests = [Series(SAGEMAKER, "Invocations", each, "Sum") for each in (ENDPOINT, NEW)]
    assert wanted((old, new), [error_rate("m")]) == {*events, *requests}


def test_the_rules_of_a_judged_rollout_are_the_specs() -> None:
    metrics = [
        {"name": "a", "errorRate": {}, "marginPercentagePoints": 2},
        {"name": "b", "errorRate": {}, "better": "Higher"},
    ]
    asked = Analysis.model_validate({"metrics": metrics, "confidence": 0.9, "minRequests": 50})
    found = rules_of(asked, [("a", "v"), ("b", "v")], 1000.0)
    assert [(each.name, each.better, each.margin) for each in (found.primary, *found.guardrails)] == [
        ("a of v", Better.LOWER, 0.02),
        ("b of v", Better.HIGHER, 0.005),
    ]
    assert (found.goal, round(found.alpha, 6), found.horizon) == (Goal.NON_INFERIORITY, 0.1, 1000.0)
    assert found.least_requests == 50


NAN = float("nan")


@pytest.mark.parametrize(
    ("requests", "events", "counted"),
    [
        (10.0, 3.0, (10.0, 3.0)),
        (10.4, 2.6, (10.0, 3.0)),
        (0.0, None, (0.0, 0.0)),
        (None, None, (0.0, 0.0)),
        (10.0, None, (NAN, NAN)),
        (10.0, 12.0, (10.0, 10.0)),
    ],
)
def test_requests_without_events_are_missing_and_no_requests_are_none(
    requests: float | None, events: float | None, counted: tuple[float, float]
) -> None:
    share = error_rate("m")
    of_requests, of_events = share.series(ENDPOINT)
    told = {of_requests: requests, of_events: events}
    points = {series: {7: value} for series, value in told.items() if value is not None}
    found = counts(Arm("v", ENDPOINT), share, Readings(60, 8, points), [7])
    np.testing.assert_array_equal((found.requests[0], found.events[0]), counted)
    later = counts(Arm("v", ENDPOINT), share, Readings(60, 7, points), [7])
    assert later.requests[0] == 0.0, "what was not read yet is not known"
    unread = counts(Arm("v", ENDPOINT), share, Readings(60, 8, points, frozenset({of_requests})), [7])
    assert np.isnan(unread.requests[0])


@pytest.mark.parametrize(
    ("whole", "part", "counted"),
    [
        ((10, 3), (4, 1), (6.0, 2.0)),
        ((4, 1), (10, 3), (NAN, NAN)),
        ((10, 1), (4, 2), (6.0, 0.0)),
        ((10, 3), (10, 3), (0.0, 0.0)),
    ],
)
def test_of_the_old_fleet_count_those_that_the_new_one_had_not(
    whole: tuple[float, float], part: tuple[float, float], counted: tuple[float, float]
) -> None:
    share = error_rate("m")
    points = {}
    for place, values in ((ENDPOINT, whole), (NEW, part)):
        for series, value in zip(share.series(place), values, strict=True):
            points[series] = {7: float(value)}
    found = counts(Arm("old", ENDPOINT, less=NEW), share, Readings(60, 8, points), [7])
    np.testing.assert_array_equal((found.requests[0], found.events[0]), counted)


def test_slow_requests_are_told_as_the_percentage_that_was_not() -> None:
    share = latency_above("slow", 20)
    of_requests, of_events = share.series(ENDPOINT)
    readings = Readings(60, 9, {of_requests: {7: 200.0, 8: 40.0}, of_events: {7: 97.5, 8: 100.0}})
    found = counts(Arm("v", ENDPOINT), share, readings, [7, 8])
    assert (found.requests.tolist(), found.events.tolist()) == ([200.0, 40.0], [5.0, 0.0])


@pytest.mark.parametrize(
    ("namespace", "metric", "requests"),
    [
        ("AWS/SageMaker", "ModelLatency", "Invocations Sum"),
        ("AWS/SageMaker", "CPUUtilization", "CPUUtilization SampleCount"),
        ("Shop", "ModelLatency", "ModelLatency SampleCount"),
        ("Shop", "Hits", "Hits SampleCount"),
    ],
)
def test_there_is_a_sample_for_each_request_of_some_of_sagemakers_metrics_alone(
    namespace: str, metric: str, requests: str
) -> None:
    whole, above = share_above("slow", namespace, metric, 2.5).series(())
    assert f"{whole.metric} {whole.statistic}" == requests
    assert (above.namespace, above.metric, above.statistic) == (namespace, metric, "PR(:2.5)")
