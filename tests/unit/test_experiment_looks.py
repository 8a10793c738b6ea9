"""What a look at the counts leaves in the status of an experiment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.api.experiment_status import (
    MOST_LOOKS,
    Arm,
    Challenger,
    Look,
    MetricFinding,
    SageMakerExperimentStatus,
)
from smendpoints.domain.experiment.judging import Judged
from smendpoints.domain.experiment.looks import kept, taken
from smendpoints.domain.experiment.scene import Looked, Scene
from smendpoints.statistics.rules import Verdict
from smsandbox.testing.one_experiment import finding

UNTIL = datetime(2026, 11, 26, 12, 5, tzinfo=UTC)
SOLD_UNTIL = UNTIL - timedelta(minutes=30)
BEFORE = SageMakerExperimentStatus(
    arms=[Arm(variant=name, model="m", spec_weight=1, requests=7) for name in "abcd"],
    challengers=[Challenger(variant=name) for name in "bcd"],
)


def judged(variant: str, *differences: float | None, reason: str = "not yet") -> Judged:
    names = ("errors", "sold")
    found = tuple(finding(name, each) for name, each in zip(names, differences, strict=False))
    return Judged(variant, Verdict.HOLD, reason, found)


LOOKED = Looked(
    {"b": judged("b", -0.01, 0.2), "c": judged("c", 0.02)},
    {"a": 50, "b": 30, "c": 20},
    UNTIL,
    outcomes={"sold": SOLD_UNTIL},
)


def look(
    looked: Looked | None, before: SageMakerExperimentStatus = BEFORE, **primary: Any
) -> SageMakerExperimentStatus:
    experiment = SageMakerExperiment.parse(
        {
            "metadata": {"name": "x", "namespace": "n", "uid": "u", "generation": 1},
            "spec": {
                "endpointRef": {"name": "iris"},
                "control": "a",
                "challengers": ["b", "c", "d"],
                "metrics": {"primary": {"name": "errors", "errorRate": {}, **primary}},
            },
        }
    )
    return taken(Scene(experiment, None, None, looked, UNTIL + timedelta(seconds=30), 60), before)


def test_what_a_look_brought_is_kept() -> None:
    status = look(LOOKED)
    assert (status.requests, status.counted_until) == (100, UNTIL)
    assert [(each.variant, each.requests) for each in status.arms] == [("a", 50), ("b", 30), ("c", 20), ("d", None)]
    b, c, d = status.challengers
    assert (b.verdict, b.reason) == ("HOLD", "not yet")
    assert [(each.metric, each.difference, each.counted_until) for each in b.metrics] == [
        ("errors", -0.01, None),
        ("sold", 0.2, SOLD_UNTIL),
    ]
    assert [each.metric for each in c.metrics] == ["errors"]
    assert d == Challenger(variant="d"), "nothing was found of it"
    (kept_,) = status.looks
    assert (kept_.at, kept_.requests) == (UNTIL, 100)
    assert [(each.variant, each.difference, each.lower, each.upper) for each in kept_.primary] == [
        ("b", -0.01, -0.03, 0.01),
        ("c", 0.02, -0.03, 0.01),
    ]
    assert (status.primary, status.interval) == ("2% → 1%", "-3 to +1 points")


@pytest.mark.parametrize(
    "looked",
    [None, replace(LOOKED, until=None), replace(LOOKED, judged={})],
    ids=["no look", "nothing that counts", "nothing judged"],
)
def test_where_nothing_was_found_the_status_stays(looked: Looked | None) -> None:
    assert look(looked) == BEFORE


def test_what_is_known_of_a_challenger_that_was_given_up_stays() -> None:
    given_up = Challenger(variant="b", verdict="ROLLBACK", reason="worse", ended_at=SOLD_UNTIL)
    before = BEFORE.model_copy(update={"challengers": [given_up, Challenger(variant="c")]})
    status = look(LOOKED, before)
    assert [each.verdict for each in status.challengers] == ["ROLLBACK", "HOLD"]
    assert [each.variant for each in status.looks[0].primary] == ["c"]


def test_a_reason_is_no_longer_than_the_schema_allows() -> None:
    status = look(replace(LOOKED, judged={"b": judged("b", 0.1, reason="w" * 2000)}))
    assert status.challengers[0].reason == "w" * 1024


@pytest.mark.parametrize(
    ("better", "primary", "interval"),
    [("Lower", "20 → 10", "-3 to +1"), ("Higher", "20 → 40", "+7 to +9")],
)
def test_the_challenger_that_leads_is_told_and_means_as_they_are(better: str, primary: str, interval: str) -> None:
    less = MetricFinding(metric="size", control=20, challenger=10, difference=-10, lower=-3, upper=1)
    more = MetricFinding(metric="size", control=20, challenger=40, difference=20, lower=7, upper=9)
    found = {name: Judged(name, Verdict.HOLD, "", (each,)) for name, each in (("b", less), ("c", more))}
    outcome = {"truth": "s3://bucket/truth/", "afterMinutes": 10, "type": "Mean", "lowest": 0, "highest": 100}
    metric: dict[str, Any] = {"name": "size", "errorRate": None, "better": better, "margin": 1, "outcome": outcome}
    status = look(replace(LOOKED, judged=found), **metric)
    assert (status.primary, status.interval) == (primary, interval)


def test_a_look_that_tells_of_no_further_request_takes_the_place_of_the_last() -> None:
    first, same = Look(at=SOLD_UNTIL, requests=10), Look(at=UNTIL, requests=10)
    more = Look(at=UNTIL, requests=11)
    assert kept([first], same) == [same]
    assert kept([first], more) == [first, more]
    assert kept([], first) == [first]


def test_looks_are_kept_evenly_spread_over_the_requests() -> None:
    """The first and the last stay; of the others that one goes whose neighbours are nearest to each other."""
    looks: list[Look] = []
    for requests in [10, 20, 21, *range(30, 30 + 10 * MOST_LOOKS, 10)][: MOST_LOOKS + 1]:
        looks = kept(looks, Look(at=UNTIL, requests=requests))
    assert [each.requests for each in looks[:4]] == [10, 20, 30, 40]
    assert len(looks) == MOST_LOOKS
    again = kept(looks, Look(at=SOLD_UNTIL, requests=looks[-1].requests))
    assert [each.at for each in again[-2:]] == [UNTIL, SOLD_UNTIL], "it tells of no further request"
    assert len(again) == MOST_LOOKS
