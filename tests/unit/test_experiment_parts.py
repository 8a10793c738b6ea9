"""What experiments are made of: who has the traffic, weights, few batches of many minutes, few looks of many."""

import itertools
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smendpoints.api.experiment import SageMakerExperiment, SageMakerExperimentSpec
from smendpoints.api.experiment_metrics import ExperimentMetric
from smendpoints.api.experiment_status import (
    MOST_LOOKS,
    Arm,
    Challenger,
    Look,
    MetricFinding,
    SageMakerExperimentStatus,
    TrafficStep,
)
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import TrafficOwner
from smendpoints.domain.desired.names import content_hash
from smendpoints.domain.experiment import arms
from smendpoints.domain.experiment.ending import broken
from smendpoints.domain.experiment.figures import afterwards, interval, lead, primary, split
from smendpoints.domain.experiment.looks import kept
from smendpoints.domain.experiment.metrics import invocations, pair_of, series_of
from smendpoints.domain.experiment.saying import Said, Saying, events, shown
from smendpoints.domain.experiment.scene import Scene
from smendpoints.domain.experiment.tally import Plan, Tally
from smendpoints.domain.observed.samples import Series
from smendpoints.domain.tenancy.traffic import TrafficClaim, TrafficClaims, traffic_claim, with_traffic
from smsandbox.testing import specs

START = datetime(2026, 11, 26, tzinfo=UTC)


def spec(**changes: Any) -> SageMakerExperimentSpec:
    whole: dict[str, Any] = {
        "endpointRef": {"name": "iris"},
        "control": "a",
        "challengers": ["b"],
        "metrics": {"primary": {"name": "errors", "errorRate": {}}},
        **changes,
    }
    return SageMakerExperimentSpec.model_validate(whole)


def claim(uid: str, created: str = "1", **changes: Any) -> TrafficClaim:
    return TrafficClaim(**{"uid": uid, "namespace": "n", "name": uid, "endpoint": "e", "created": created, **changes})


def test_the_first_that_came_has_the_traffic_and_whoever_has_begun_stays() -> None:
    early, late = claim("late-uid", "1"), claim("a", "2")
    assert TrafficClaims([late, early]).owner("n", "e") == early
    begun = claim("a", "2", begun=True, weights=(("x", 1.0),))
    found = TrafficClaims([early, begun])
    assert found.owner("n", "e") == begun
    assert found.in_force("n", "e") == TrafficOwner(experiment="a", weights={"x": 1.0})
    ours = TrafficClaims([claim("a", weights=(("x", 1.0),), endpoint_uid="u")])
    assert ours.in_force("n", "e") == ours.in_force("n", "e", "u") == found.in_force("n", "e")
    assert ours.in_force("n", "e", "made again") is None
    assert found.owner("other", "e") is None
    over = claim("a", "2", begun=True, holds=False)
    assert TrafficClaims([early, over]).owner("n", "e") == early
    assert TrafficClaims([early, over]).differs(found) == {("n", "e")}
    assert found.differs(TrafficClaims([begun])) == set(), "who waits changes nothing"
    first, second = claim("a"), claim("b")
    assert TrafficClaims([second, first]).owner("n", "e") == first, "within one second the uid decides"


@pytest.mark.parametrize(
    ("status", "meta", "holds", "weights"),
    [
        ({}, {}, True, None),
        ({"phase": "Running", "weights": {"a": 1}}, {}, True, (("a", 1.0),)),
        ({"phase": "Running", "weights": {"a": 1}}, {"deletionTimestamp": "now"}, False, None),
        ({"phase": "Finished"}, {}, False, None),
        ({"phase": "Finished", "weights": {"a": 1}}, {}, True, (("a", 1.0),)),
    ],
)
def test_what_a_status_claims(status: dict[str, Any], meta: dict[str, Any], *, holds: bool, weights: Any) -> None:
    body = {
        "metadata": {"uid": "u", "namespace": "n", "name": "x", **meta},
        "spec": {"endpointRef": {"name": "e"}},
        "status": status,
    }
    found = traffic_claim(body)
    assert (found.holds, found.weights, found.endpoint) == (holds, weights, "e")


def endpoint(first: float = 3, second: float = 1) -> SageMakerEndpoint:
    metadata = {"name": "iris", "namespace": "n", "uid": "u"}
    return SageMakerEndpoint.parse({"metadata": metadata, "spec": specs.two_variants(first, second)})


@pytest.mark.parametrize(("weight", "holds"), [(0.5, True), (0.0, False)])
def test_weights_are_in_force_wherever_some_variant_gets_a_request(weight: float, holds: bool) -> None:
    metadata = {"name": "iris", "namespace": "n", "uid": "u", "generation": 1}
    live = SageMakerEndpoint.parse({"metadata": metadata, "spec": specs.two_variants(3, 1)})
    owner = TrafficOwner(experiment="x", weights={"primary": weight, "challenger": 0.0})
    assert (with_traffic(live, owner).traffic is not None) is holds


def test_weights_in_force_stand_in_for_those_of_the_spec_unless_nobody_would_serve() -> None:
    owner = TrafficOwner(experiment="x", weights={"primary": 0.5, "challenger": 3.5})
    ruled = with_traffic(endpoint(), owner)
    assert [each.weight for each in ruled.spec.variants] == [0.5, 3.5]
    assert ruled.traffic == owner
    gone = TrafficOwner(experiment="x", weights={"primary": 0, "challenger": 0})
    assert with_traffic(endpoint(), gone) == endpoint()
    assert with_traffic(endpoint(), None) == endpoint()


def test_the_arms_share_what_the_spec_gives_them_and_a_challenger_given_up_leaves_its_part_to_the_control() -> None:
    three = [Arm(variant=name, model="", spec_weight=weight) for name, weight in (("a", 3), ("b", 0), ("c", 1))]
    wanted = spec(challengers=["b", "c"], trafficPercent=20)
    assert arms.weights_of(wanted, three, 20, ()) == {"a": 3.2, "b": 0.4, "c": 0.4}
    assert arms.weights_of(wanted, three, 20, {"b"}) == {"a": 3.6, "b": 0, "c": 0.4}
    assert arms.all_to(three, "c") == {"a": 0, "b": 0, "c": 4}
    idle = [Arm(variant=name, model="", spec_weight=0) for name in "ab"]
    assert arms.weights_of(spec(), idle, 50, ()) == {"a": 1, "b": 1}, "the spec gives them nothing: they need some"


AUTOSCALED = {"minCapacity": 1, "maxCapacity": 4, "targetInvocationsPerInstance": 70}


@pytest.mark.parametrize(
    ("edit", "another"),
    [
        ({"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/other:1"}, True),
        ({"modelArtifact": "s3://models/other.tar.gz"}, True),
        ({"environment": {"A": "b"}}, True),
        ({"instance": {"type": "ml.m5.xlarge", "count": 1}}, True),
        ({"instance": {"type": "ml.m5.large", "count": 1, "volumeSizeGB": 90}}, True),
        ({"instance": {"type": "ml.m5.large", "count": 5}}, False),
        ({"scaling": AUTOSCALED}, False),
        ({"weight": 9}, False),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("at", [0, 1])
def test_an_arm_is_another_only_if_its_model_or_host_is(edit: dict[str, Any], at: int, *, another: bool) -> None:
    before, changed = specs.two_variants(3, 1), specs.two_variants(3, 1)
    changed["variants"][at] |= edit
    metadata = {"name": "iris", "namespace": "n", "uid": "u"}
    one, other = (SageMakerEndpoint.parse({"metadata": metadata, "spec": each}) for each in (before, changed))
    names = [each["name"] for each in before["variants"]]
    differing = [
        name
        for name in names
        if (was := arms.arm_of(one, name)) is None
        or (now := arms.arm_of(other, name)) is None
        or was.model != now.model
    ]
    assert differing == ([names[at]] if another else []), "the other arm is the same in any case"


def test_the_ramp_ends_with_the_share_and_without_one_all_arms_get_as_much() -> None:
    ramp = [{"trafficPercent": 5, "minutes": 1}, {"trafficPercent": 60, "minutes": 1}]
    assert arms.percents(spec(ramp=ramp, trafficPercent=70)) == [5, 60, 70]
    assert arms.percents(spec(ramp=ramp)) == [5, 50]
    assert arms.percents(spec(ramp=ramp, trafficPercent=60)) == [5, 60], "once"
    assert arms.percents(spec(challengers=list("bcde"))) == [80]


def test_what_serves_makes_an_arm_and_not_how_many_of_it() -> None:
    before = arms.arm_of(endpoint(), "primary")
    assert before is not None
    base = specs.two_variants(3, 1)
    metadata = {"name": "iris", "namespace": "n", "uid": "u"}

    def model(**changes: Any) -> str:
        found = arms.arm_of(
            SageMakerEndpoint.parse({"metadata": metadata, "spec": specs.with_variant(base, **changes)}), "primary"
        )
        assert found is not None
        return found.model

    again = {**metadata, "annotations": {"smendpoints.dev/redeployedAt": "2026-11-22T12:00:00Z"}}
    deployed_anew = arms.arm_of(SageMakerEndpoint.parse({"metadata": again, "spec": base}), "primary")
    assert deployed_anew is not None
    assert deployed_anew.model != before.model, "what is below the same S3 URI may be another model"
    assert model(weight=7) == model(scaling=None) == before.model
    assert model(instance={"type": "ml.m5.large", "count": 9}) == before.model
    assert model(environment={"A": "1"}) != before.model
    assert model(instance={"type": "ml.m5.xlarge", "count": 1}) != before.model
    assert arms.arm_of(endpoint(), "none") is None
    small, warm, large = (
        model(instance=None, serverless={"memorySizeMB": memory, "maxConcurrency": most})
        for memory, most in ((1024, 1), (1024, 9), (2048, 1))
    )
    assert small == warm != large


def minutes(number: int, seed: int) -> list[dict[Series, float]]:
    """What CloudWatch has of two arms, minute by minute; some have no request."""
    dice = random.Random(seed)
    found = []
    for _ in range(number):
        each: dict[Series, float] = {}
        for arm in "ab":
            pair = pair_of(spec().metrics.primary, "e", arm)
            requests = dice.choice([0, 3, 50, 400])
            each[pair.requests] = requests
            if requests:
                each[pair.events] = dice.randint(0, requests)
        found.append(each)
    return found


def tally() -> Tally:
    pairs = {"errors": {arm: pair_of(spec().metrics.primary, "e", arm) for arm in "ab"}}
    return Tally(Plan({arm: invocations("e", arm) for arm in "ab"}, pairs))


def read(found: Tally, what: list[Mapping[Series, float]], first: int = 0) -> None:
    for number, each in enumerate(what, first):
        found.count(0 if number < 500 else 1, each.get)


def test_two_weeks_of_minutes_become_some_hundred_batches_and_no_request_is_lost() -> None:
    found, what = tally(), minutes(14 * 24 * 60, seed=1)
    read(found, list(what))
    assert len(found.batches) < 700
    total = sum(value for each in what for series, value in each.items() if series.metric == "Invocations")
    assert sum(found.requests().values()) == total
    assert sum(batch.total() for batch in found.batches) >= total * 0.97
    assert {batch.step for batch in found.batches} == {0, 1}, "none spans a change of the weights"


def test_batches_are_the_same_however_often_the_process_starts_again_and_whatever_the_outcomes() -> None:
    what = minutes(900, seed=2)
    whole, parts, inverted = tally(), tally(), tally()
    read(whole, list(what))
    read(parts, list(what[:333]))
    read(parts, list(what[333:]), 333)
    assert parts.batches == whole.batches
    read(
        inverted, [{key: value if key.metric == "Invocations" else 0.0 for key, value in each.items()} for each in what]
    )
    assert [each.requests for each in inverted.batches] == [each.requests for each in whole.batches]


def test_what_is_missing_beside_requests_is_no_zero() -> None:
    found = tally()
    pair = found.plan.pairs["errors"]["b"]
    each = {pair.requests: 10.0}
    assert found.plan.lacks(each.get)
    found.count(0, each.get)
    assert found.batches[0].counts["errors", "b"] is None
    assert found.batches[0].counts["errors", "a"] == (0, 0)


def test_slow_requests_are_what_is_not_below_the_limit() -> None:
    metric = ExperimentMetric.model_validate({"name": "slow", "latencyAbove": {"milliseconds": 20}})
    pair = pair_of(metric, "e", "b")
    assert pair.events.statistic == "PR(:20000)"
    assert pair.counted({pair.requests: 200.0, pair.events: 97.5}.get) == (200, 5)
    nothing: dict[Series, float] = {}
    assert pair.counted(nothing.get) == (0, 0)


def test_counts_of_ones_own_are_of_this_endpoint_and_variant_and_silence_is_no_zero_of_the_container() -> None:
    dimensions = [{"name": "Endpoint", "value": "x-$(endpoint)"}, {"name": "Variant", "value": "$(variant)"}]
    count = {"namespace": "Shop", "metricName": "Visits", "dimensions": dimensions}
    ratio = {"numerator": {**count, "metricName": "Sales"}, "denominator": {**count, "statistic": "SampleCount"}}
    pair = pair_of(ExperimentMetric.model_validate({"name": "sales", "cloudWatch": ratio}), "e", "b")
    assert pair.events == Series("Shop", "Sales", (("Endpoint", "x-e"), ("Variant", "b")), "Sum")
    assert pair.requests.statistic == "SampleCount"
    assert not pair.lacks({pair.requests: 3.0}.get)
    models = [{"variant": each, "model": "iris", "version": "1"} for each in "ab"]
    own = ExperimentMetric.model_validate({"name": "failures", "container": {"models": models}})
    found = pair_of(own, "e", "b")
    assert found.events.dimensions == (("Model", "iris"), ("Variant", "b"), ("Version", "1"))
    assert found.lacks({found.requests: 3.0}.get)


def test_three_metrics_of_two_arms_are_eight_series() -> None:
    slow = [{"name": f"s{each}", "latencyAbove": {"milliseconds": each}} for each in (20, 500)]
    metrics = {"primary": {"name": "errors", "errorRate": {}}, "guardrails": slow}
    assert len(set(series_of(spec(metrics=metrics), "e"))) == 8


def test_looks_are_thinned_evenly_in_requests() -> None:
    looks: list[Look] = []
    requests = 0
    for minute in range(2000):
        requests += 10 if minute % 100 < 50 else 1000  # a quiet hour has as many looks, and fewer requests
        looks = kept(looks, Look(at=START + timedelta(minutes=minute), requests=requests))
    assert len(looks) == MOST_LOOKS
    assert (looks[0].requests, looks[-1].requests) == (10, requests)
    steps = [after.requests - before.requests for before, after in itertools.pairwise(looks)]
    assert max(steps) < 4 * requests / MOST_LOOKS
    again = kept(looks, Look(at=START, requests=requests))
    assert len(again) == MOST_LOOKS
    assert again[-1].at == START, "a look without a further request takes the place of the last"


def test_traffic_is_told_in_percent_whatever_the_weights_add_up_to() -> None:
    assert split({"a": 3.0, "b": 1.0}) == "a 75 %, b 25 %"
    assert split({"a": 0.0, "b": 0.0}) == "a 0 %, b 0 %"


def test_what_becomes_of_the_traffic_says_what_to_write_in_git() -> None:
    both = [Arm(variant="a", model="1", spec_weight=3), Arm(variant="b", model="2", spec_weight=1)]
    assert afterwards("shop", both, None) == "the weights of shop's spec are in force again"
    told = afterwards("shop", both, "b")
    assert told.startswith(
        "b gets all traffic of the experiment until the weights of its variants in shop are edited: set "
    )
    assert "in Git to a 0, b 4" in told


# What programs see of each reason beside `Ready`, and whether its Event is a warning: as docs/reference/conditions.md has it.
SAYINGS = {
    Saying.WAITING: ("False", ["Reconciling"], False),
    Saying.LEAVING: ("False", ["Reconciling"], False),
    Saying.NOT_FOUND: ("False", ["Stalled"], True),
    Saying.INVALID_SPEC: ("False", ["Stalled"], True),
    Saying.TAKEN: ("False", ["Stalled"], True),
    Saying.INVALID: ("False", ["Stalled"], True),
    Saying.UNREADABLE: ("False", ["Stalled"], True),
    Saying.RUNNING: ("True", [], False),
    Saying.SHIP: ("True", [], False),
    Saying.ROLLBACK: ("True", [], True),
    Saying.INCONCLUSIVE: ("True", [], False),
}


@pytest.mark.parametrize("reason", Saying)
def test_an_experiment_says(reason: Saying) -> None:
    ready, besides, warning = SAYINGS[reason]
    conditions = shown(Said(reason, "a sentence"), 3, START)
    assert [(each.type, each.status) for each in conditions] == [
        ("Ready", ready),
        *((each, "True") for each in besides),
    ]
    assert {(each.reason, each.message, each.observed_generation) for each in conditions} == {(reason, "a sentence", 3)}
    before, after = SageMakerExperimentStatus(), SageMakerExperimentStatus(conditions=conditions)
    assert [(each.reason, each.warning) for each in events(before, after)] == [(reason, warning)]
    assert events(after, after) == ()


def test_steps_of_the_traffic_are_told_and_challengers_that_are_given_up() -> None:
    conditions = shown(Said(Saying.RUNNING, "ramp"), 3, START)
    step = TrafficStep(traffic_percent=5, weights={}, asked_at=START)
    before = SageMakerExperimentStatus(conditions=conditions, steps=[step], challengers=[Challenger(variant="b")])
    ramped = before.model_copy(update={"steps": [step, step]})
    assert [(each.reason, each.warning) for each in events(before, ramped)] == [("Running", False)]
    lost = before.model_copy(update={"challengers": [Challenger(variant="b", reason="worse", ended_at=START)]})
    (event,) = events(before, lost)
    assert (event.warning, event.reason, event.message) == (True, "ROLLBACK", "b gets no more traffic: worse")
    assert events(lost, lost) == ()
    assert events(before, lost.model_copy(update={"verdict": "ROLLBACK"})) == (), "the verdict tells it"
    assert events(before, SageMakerExperimentStatus()) == ()


def metric(**told: Any) -> Challenger:
    return Challenger(variant="b", metrics=[MetricFinding(metric="m", **told)])


@pytest.mark.parametrize(
    ("leading", "mean", "told"),
    [
        (None, False, (None, None)),
        (metric(), False, (None, None)),
        (metric(control=0.02, lower=-0.01), False, (None, None)),
        (metric(challenger=0.02, upper=0.01), False, (None, None)),
        (metric(control=0.02, challenger=0.0, lower=-0.03, upper=0.0), False, ("2% → 0%", "-3 to +0 points")),
        (metric(control=0.0, challenger=0.5, lower=0.0, upper=0.5), False, ("0% → 50%", "+0 to +50 points")),
        (metric(control=2.5, challenger=3.0, lower=-0.5, upper=1.25), True, ("2.5 → 3", "-0.5 to +1.25")),
    ],
)
def test_the_leading_challenger_is_told_in_numbers(
    leading: Challenger | None, mean: bool, told: tuple[str | None, str | None]
) -> None:
    assert (primary(leading, mean=mean), interval(leading, mean=mean)) == told


@pytest.mark.parametrize(("higher", "best"), [(True, "c"), (False, "b")])
def test_the_best_that_is_not_given_up_leads(higher: bool, best: str) -> None:
    def one(name: str, difference: float | None, *, over: bool = False) -> Challenger:
        found = [MetricFinding(metric="m", difference=difference)]
        return Challenger(variant=name, metrics=found, ended_at=START if over else None)

    three = [one("b", -0.1), one("c", 0.1), one("d", None)]
    over = [one("e", 9.0, over=True), one("f", -9.0, over=True)]
    leading = lead([*three, *over, Challenger(variant="g")], higher=higher)
    assert leading is not None
    assert leading.variant == best
    ended = lead(over, higher=higher)
    assert ended is not None
    assert ended.variant == ("e" if higher else "f")
    assert lead([one("d", None)], higher=higher) is None


def test_outcomes_of_requests_that_are_captured_elsewhere_conclude_nothing() -> None:
    outcome = {"name": "sold", "outcome": {"truth": "s3://bucket/truth/", "afterMinutes": 10}}
    capturing = {"metadata": {"name": "iris", "namespace": "n", "uid": "u", "generation": 1}}
    shown_ = {"endpoint": {"name": "default-iris", "status": "InService"}}

    def why_not(destination: str | None, metric: dict[str, Any], *, named: bool = True) -> str | None:
        wish = specs.two_variants(3, 1)
        if destination is not None:
            wish["dataCapture"] = {"destination": destination}
        body = {**capturing, "spec": wish, "status": shown_ if named else {}}
        asked = spec(control="primary", challengers=["challenger"], metrics={"primary": metric})
        live = SageMakerEndpoint.parse(body)
        found = [arm for name in asked.arms() if (arm := arms.arm_of(live, name)) is not None]
        status = SageMakerExperimentStatus(
            fixed=content_hash(asked.fixed()), arms=found, captured="s3://captured/here/default-iris"
        )
        metadata = {"name": "x", "namespace": "n", "uid": "u", "generation": 1}
        made = SageMakerExperiment.parse({"metadata": metadata, "spec": asked.to_json()})
        scene = Scene(made.model_copy(update={"status": status}), live, None, None, START, 60)
        return broken(scene)

    assert why_not("s3://captured/here", outcome) is None
    assert why_not("s3://captured/here", outcome, named=False) is None, "it has no name in AWS for a moment"
    for destination in ("s3://captured/elsewhere", None):
        told = why_not(destination, outcome)
        assert told is not None
        assert told.startswith("iris captures its requests elsewhere than when it began, or no more")
        assert why_not(destination, {"name": "errors", "errorRate": {}}) is None


def test_programs_may_rely_on_these_reasons() -> None:
    assert {each.name: each.value for each in Saying} == {
        "WAITING": "Waiting",
        "NOT_FOUND": "EndpointNotFound",
        "INVALID_SPEC": "InvalidSpec",
        "TAKEN": "TrafficTaken",
        "RUNNING": "Running",
        "UNREADABLE": "MetricsUnreadable",
        "SHIP": "SHIP",
        "ROLLBACK": "ROLLBACK",
        "INVALID": "INVALID",
        "INCONCLUSIVE": "INCONCLUSIVE",
        "LEAVING": "Deleting",
    }


def test_every_word_of_a_claim_is_read() -> None:
    meta = {"uid": "u", "namespace": "n", "name": "x", "creationTimestamp": "2026-11-26T00:00:00Z"}
    status = {"phase": "Running", "startedAt": "2026-11-26T01:00:00Z", "weights": {"b": 1, "a": 3}, "endpointUID": "e"}
    body = {"metadata": meta, "spec": {"endpointRef": {"name": "iris"}}, "status": status}
    weights = (("a", 3.0), ("b", 1.0))
    expected = TrafficClaim("u", "n", "x", "iris", "2026-11-26T00:00:00Z", True, True, weights, "e")
    assert traffic_claim(body) == expected
    bare = {"metadata": {key: meta[key] for key in ("uid", "namespace", "name")}}
    assert traffic_claim(bare) == TrafficClaim("u", "n", "x", "", "", False, True, None, None)
