"""What is computed of an experiment before it is shown: the view of the object, and the picture's geometry."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smclient.console.sequence import picture
from smclient.views.challengers import LookView
from smclient.views.experiments import experiment_view, is_kept
from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.domain.experiment.figures import afterwards
from smendpoints.statistics.counts import Counts
from smendpoints.statistics.rules import Better, Metric, Rules, Verdict
from smendpoints.statistics.verdict import Measured, Traffic, decide

Make = Callable[..., dict[str, Any]]
START = datetime(2026, 11, 26, 8, tzinfo=UTC)


def look(minute: float, difference: float | None, lower: float | None, upper: float | None) -> LookView:
    return LookView(START + timedelta(minutes=minute), int(minute * 100), difference, lower, upper)


def places(points: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (each.split(",") for each in points.split())]


def test_the_fixture_is_what_the_operator_writes(an_experiment: Make) -> None:
    parsed = SageMakerExperiment.parse(an_experiment())
    assert parsed.status.challengers[1].ended_at is not None
    assert len(parsed.status.looks) == 15


def test_the_band_narrows_about_the_estimate_from_the_start_to_the_last_look() -> None:
    drawn = picture([look(10, -1, -3, 1), look(20, -1, -2, 0), look(40, -1, -1.5, -0.5)], START, 2.0)
    assert drawn is not None
    line, band = places(drawn.line), places(drawn.band)
    assert [x for x, _ in line] == pytest.approx(
        [drawn.left + (drawn.right - drawn.left) * at for at in (0.25, 0.5, 1)]
    )
    uppers, lowers = band[:3], band[:2:-1]
    assert [x for x, _ in uppers] == [x for x, _ in lowers] == [x for x, _ in line]
    heights = [low - high for (_, high), (_, low) in zip(uppers, lowers, strict=True)]
    assert heights == sorted(heights, reverse=True)
    assert drawn.margin_y is not None
    assert drawn.margin_y < drawn.zero_y < line[0][1], "above is worse, and the estimate is below zero"
    assert drawn.end.x == pytest.approx(drawn.right)
    assert drawn.anchor == "end"
    assert [tick.text for tick in drawn.times] == ["0", "10 min", "20 min", "30 min", "40 min"]


def test_first_bounds_that_are_wide_or_open_are_cut_and_hide_nothing() -> None:
    looks = [look(1, 0.4, None, None), look(2, 0.3, -60, 80), look(3, 0.2, -0.4, 0.8), look(4, 0.2, -0.3, 0.7)]
    drawn = picture(looks, START, None)
    assert drawn is not None
    assert drawn.cut
    assert drawn.margin_y is None
    band = places(drawn.band)
    assert [y for _, y in band[:2]] == [drawn.top, drawn.top]
    assert [y for _, y in band[-2:]] == [drawn.floor, drawn.floor]
    last = band[3][1] - drawn.top
    assert last < (drawn.floor - drawn.top) / 4, "what is possible in the end fills the picture"
    whole = picture([*looks[2:], *looks[2:]], START, None)
    assert whole is not None
    assert not whole.cut


def test_without_a_difference_there_is_no_picture() -> None:
    assert picture([], START, 1.0) is None
    assert picture([look(1, None, -100, 100)], START, 1.0) is None


shares = st.one_of(st.none(), st.floats(-100, 100))


@given(
    st.lists(st.tuples(st.floats(0, 20000), st.floats(-100, 100), shares, shares), min_size=1, max_size=60),
    st.sampled_from([None, 0.0, 0.1, -5.0, 50.0]),
)
def test_nothing_is_drawn_outside_of_the_frame(
    found: list[tuple[float, float, float | None, float | None]], margin: float | None
) -> None:
    drawn = picture([look(*each) for each in sorted(found, key=lambda each: each[0])], START, margin)
    assert drawn is not None
    for x, y in (*places(drawn.line), *places(drawn.band)):
        assert drawn.left - 0.1 <= x <= drawn.right + 0.1
        assert drawn.top - 0.1 <= y <= drawn.floor + 0.1
    assert all(drawn.left - 0.1 <= tick.x <= drawn.right + 0.1 for tick in drawn.times)
    assert all(drawn.top - 0.1 <= tick.x <= drawn.floor + 0.1 for tick in drawn.points)
    assert 1 <= len(drawn.times) <= 7
    assert drawn.top <= drawn.zero_y <= drawn.floor


def test_a_view_tells_arms_findings_and_looks_in_percent(an_experiment: Make) -> None:
    view = experiment_view(an_experiment())
    assert [(each.variant, each.share) for each in view.arms] == [("forest", 50), ("boosting", 50), ("deep", 0)]
    boosting, deep = view.challengers
    assert [(each.name, each.source) for each in boosting.metrics] == [
        ("errors", "requests answered with 4xx"),
        ("slow", "requests that took the model more than 20 ms"),
    ]
    assert boosting.metrics[0].difference == pytest.approx(-2)
    assert boosting.metrics[0].passed
    assert deep.metrics[0].worse
    assert deep.metrics[1].control is None, "it was not looked at"
    assert len(boosting.looks) == 15
    assert deep.looks[-1].at <= START + timedelta(minutes=30), "after it was given up looks only repeat the last"
    assert view.ends_by == START + timedelta(days=1)
    assert (view.split, view.in_git) == ("right", None)


def test_before_its_first_look_everything_is_unknown(an_experiment: Make) -> None:
    found = an_experiment()
    found["status"] = {"observedGeneration": -1}
    view = experiment_view(found)
    assert (view.phase, view.message) == (None, "the operator has not looked at it yet")
    assert [each.share for each in view.arms] == [None, None, None]
    assert [each.looks for each in view.challengers] == [(), ()]
    assert view.split == "waiting"


def test_a_broken_split_is_recognised_by_the_operators_own_words(an_experiment: Make) -> None:
    metric = Metric("errors", Better.LOWER, 0.01)
    counts = Counts(np.array([1000.0]), np.array([10.0]))
    traffic = Traffic(np.array([[5000.0], [1000.0]]), np.array([1.0, 1.0]))
    rules = Rules(primary=metric, guardrails=(), horizon=1e4, longest=1e6)
    decided = decide(rules, {"errors": Measured(counts, counts)}, traffic, elapsed=60)
    assert decided.verdict == Verdict.INVALID
    found = an_experiment()
    found["status"]["challengers"][0]["reason"] = decided.reason
    view = experiment_view(found)
    assert (view.split, view.split_reason) == ("broken", f"boosting: {decided.reason}")
    found["spec"]["assignment"] = "Client"
    assert experiment_view(found).split == "unchecked"


@pytest.mark.parametrize(
    ("verdict", "spec", "weights", "expected"),
    [
        ("SHIP", {"onVerdict": "ShiftTraffic"}, {"forest": 0, "boosting": 10, "deep": 0}, "boosting"),
        ("SHIP", {"onVerdict": "ShiftTraffic"}, None, None),  # edited since
        ("SHIP", {}, None, "boosting"),
        ("ROLLBACK", {}, None, "forest"),
        ("INVALID", {}, None, None),
        ("INCONCLUSIVE", {"onVerdict": "ShiftTraffic"}, None, None),
    ],
)
def test_what_to_write_in_git_gives_the_arms_weights_to_one_and_others_keep_their_share(
    an_experiment: Make, verdict: str, spec: dict[str, Any], weights: dict[str, float] | None, expected: str | None
) -> None:
    winner = "boosting" if verdict == "SHIP" else None
    found = an_experiment(phase="Finished", verdict=verdict, winner=winner, weights=weights)
    found["spec"].update(spec)
    view = experiment_view(found)
    if expected is None:
        assert view.in_git is None
        return
    assert view.in_git == {name: 10 if name == expected else 0 for name in ("forest", "boosting", "deep")}
    told = afterwards("iris", SageMakerExperiment.parse(found).status.arms, expected)
    assert ", ".join(f"{name} {weight}" for name, weight in view.in_git.items()) in told


def test_what_the_endpoints_spec_says_already_is_not_to_be_written(an_experiment: Make) -> None:
    view = experiment_view(an_experiment(phase="Finished", verdict="SHIP", winner="boosting", weights=None))
    variants = [{"name": "forest", "weight": 0}, {"name": "boosting", "weight": 1}, {"name": "other", "weight": 5}]
    assert is_kept(view, {"spec": {"variants": variants}})
    before = copy.deepcopy(variants)
    del before[0]["weight"]
    assert not is_kept(view, {"spec": {"variants": before}}), "a weight that is not said is 1"
    assert not is_kept(view, None)
