"""Summaries of outcomes, as they stand in S3 between who joins them and the operator: what is read, and what is not."""

import json
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.domain.experiment.outcomes import Minute, Summary, SummaryError, captured_at, summary_at

SHARES = Summary("u", "sold", 90, {"a": {60: Minute(5, 2, 2.0, 2.0), 59: Minute(3)}, "b": {}})
MEANS = Summary("u", "revenue", 90, {"a": {60: Minute(5, 2, -7.5, 40.0)}}, mean=True)


def test_a_minute_counts_requests_events_and_sums() -> None:
    assert Minute() == Minute(0, 0, 0.0, 0.0)
    assert Minute().plus(0.0) == Minute(1, 0, 0.0, 0.0)
    assert Minute().plus(1.0).plus(1.0) == Minute(2, 2, 2.0, 2.0)
    assert Minute().plus(-3.0).plus(0.0).plus(5.0) == Minute(3, 2, 2.0, 34.0)


def test_what_is_written_is_read_again_and_the_same_content_is_the_same_bytes() -> None:
    assert Summary.parse(SHARES.dump(), "u", "sold", mean=False) == SHARES
    assert Summary.parse(MEANS.dump(), "u", "revenue", mean=True) == MEANS
    assert replace(SHARES, mean=False) == SHARES
    other_order = replace(SHARES, arms={"b": {}, "a": dict(sorted(SHARES.arms["a"].items()))})
    assert other_order.dump() == SHARES.dump()
    assert "squares" not in SHARES.dump().decode()


def changed(**changes: Any) -> bytes:
    """The summary of means with its first arm, or the whole of it, changed."""
    whole = json.loads(MEANS.dump())
    arm = whole["arms"]["a"]
    for key, value in changes.items():
        (arm if key in arm else whole)[key] = value
    return json.dumps(whole).encode()


FOREIGN = "it is no summary of outcomes"
WRONG: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{", FOREIGN),
    "a list": (b"[]", FOREIGN),
    "nothing of it": (b"{}", FOREIGN),
    "arms that are none": (changed(arms=[]), FOREIGN),
    "a minute that is no number": (changed(minutes=["60"]), FOREIGN),
    "requests below 0": (changed(requests=[-1]), FOREIGN),
    "half a request": (changed(requests=[2.5]), FOREIGN),
    "true for a number": (changed(requests=[True]), FOREIGN),
    "more events than requests": (changed(events=[6]), FOREIGN),
    "as many events as requests, and less in the squares": (changed(events=[5], squares=[11.0]), FOREIGN),
    "squares below 0": (changed(squares=[-1.0]), FOREIGN),
    "a sum that its squares contradict": (changed(squares=[28.0]), FOREIGN),
    "a sum that is beyond all numbers": (changed(total=[1e300]), FOREIGN),
    "squares beyond all numbers": (changed(squares=[1e101]), FOREIGN),
    "true for a sum": (changed(total=[True]), FOREIGN),
    "text for a sum": (changed(total=["1"]), FOREIGN),
    "columns of two lengths": (changed(requests=[5, 5]), FOREIGN),
    "a minute twice": (
        changed(minutes=[60, 60], requests=[5, 5], events=[2, 2], total=[1.0, 1.0], squares=[1.0, 1.0]),
        FOREIGN,
    ),
    "no until": (changed(until=None), FOREIGN),
    "another release": (changed(version=99), "it is of another release of kubectl smendpoint"),
    "another experiment": (changed(experiment="v"), "it is of another experiment"),
    "another metric": (changed(metric="sold"), "it is of another experiment"),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_is_not_read_with(name: str) -> None:
    data, told = WRONG[name]
    with pytest.raises(SummaryError, match=told):
        Summary.parse(data, "u", "revenue", mean=True)


def test_the_bounds_of_what_agrees_are_read() -> None:
    for data in (
        changed(squares=[28.125]),
        changed(events=[5], squares=[11.25]),
        changed(events=[0], total=[0.0], squares=[0.0]),
    ):
        assert Summary.parse(data, "u", "revenue", mean=True).until == 90


def test_each_summary_has_a_place_beside_what_is_captured() -> None:
    captured = captured_at("s3://captured/here/", "default-iris")
    assert captured == captured_at("s3://captured/here", "default-iris") == "s3://captured/here/default-iris"
    assert summary_at(captured, "x", "sold") == f"{captured}/_outcomes/x/sold.json"


def test_it_is_written_so() -> None:
    """Another release may read it: whoever changes this has to change the version."""
    assert b" " not in MEANS.dump()
    assert json.loads(MEANS.dump()) == {
        "version": 1,
        "experiment": "u",
        "metric": "revenue",
        "until": 90,
        "arms": {"a": {"minutes": [60], "requests": [5], "events": [2], "total": [-7.5], "squares": [40.0]}},
    }
