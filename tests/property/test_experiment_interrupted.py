"""Experiments whose endpoint stops, comes back or is meddled with while they run: what was dealt out otherwise does not count."""

from collections.abc import Mapping
from typing import Any

import pytest

from smsandbox.testing import specs
from smsandbox.testing.trial import Trial, better

pytestmark = pytest.mark.hours

STOPPED = {"desiredState": "Stopped"}


def wanted(**changes: Any) -> Mapping[str, Any]:
    return {**specs.two_variants(3, 1), **changes}


def stop_and_start(trial: Trial, seconds: float = 900) -> None:
    trial.harness.apply("iris", wanted(**STOPPED))
    trial.harness.run(seconds, 30)
    reason, message = trial.ready()
    assert reason == "Running"
    assert message.startswith("iris is Stopped: waiting for the traffic to be primary ")
    trial.harness.apply("iris", wanted())
    trial.until(lambda: trial.status().steps[-1].counts_from is not None)


@pytest.fixture(autouse=True)
def _refusals(trial: Trial) -> None:
    """A config of the same content is there from before the stop."""
    trial.expected = {
        "CreateEndpointConfig ValidationException",
        "CreateModel ValidationException",
        "DescribeEndpoint ValidationException",
    }


def test_a_fleet_that_starts_with_the_configs_weights_breaks_no_split(trial: Trial) -> None:
    trial.begin()
    trial.until(lambda: bool(trial.status().looks))
    before = trial.status()
    stop_and_start(trial)
    first, second = trial.status().steps
    assert first.counts_until is not None
    assert second.counts_from is not None
    assert second.counts_from > first.counts_until
    assert second.weights == first.weights == trial.weights()
    ended = trial.finished()
    assert ended.verdict == "INCONCLUSIVE", trial.ready()
    assert (ended.requests or 0) > (before.requests or 0), "both parts count"
    trial.harness.run(300)
    assert trial.weights() == {"primary": 3, "challenger": 1}


@pytest.mark.parametrize("restart", [False, True])
def test_it_comes_to_its_verdict_over_stops_and_restarts_of_the_operator(trial: Trial, *, restart: bool) -> None:
    trial.traffic.behaves = better
    trial.begin(duration={"minMinutes": 120, "maxMinutes": 600})
    for _ in range(3):
        trial.until(trial.counts)
        trial.harness.run(600, 30)
        stop_and_start(trial)
        if restart:
            trial.harness.restart()
    ended = trial.finished()
    assert (ended.verdict, ended.winner) == ("SHIP", "challenger"), trial.ready()
    assert len(ended.steps) == 4


def test_weights_that_somebody_changed_do_not_count_where_drift_is_only_told(trial: Trial) -> None:
    trial.harness.apply("iris", wanted(driftPolicy="Report"))
    trial.harness.settle("iris")
    trial.begin()
    trial.until(lambda: bool(trial.status().looks))
    sagemaker = trial.harness.client("sagemaker")

    def weigh(primary: float, challenger: float) -> None:
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="default-iris",
            DesiredWeightsAndCapacities=[
                {"VariantName": "primary", "DesiredWeight": primary},
                {"VariantName": "challenger", "DesiredWeight": challenger},
            ],
        )

    weigh(9, 1)
    trial.until(lambda: len(trial.status().steps) == 2, 600)
    first, _ = trial.status().steps
    assert first.counts_until is not None
    trial.harness.run(300, 30)
    assert "waiting for the traffic to be primary 50 %, challenger 50 %" in trial.ready()[1]
    weigh(2, 2)
    trial.until(lambda: trial.status().steps[-1].counts_from is not None, 600)
    assert trial.finished().verdict == "INCONCLUSIVE", trial.ready()


def test_a_ramp_goes_on_where_it_was_and_a_step_that_was_never_counted_is_none(trial: Trial) -> None:
    trial.begin(ramp=[{"trafficPercent": 10, "minutes": 20}], duration={"maxMinutes": 300})
    trial.until(trial.counts)
    trial.harness.run(15 * 60, 30)
    stop_and_start(trial)
    trial.harness.apply("iris", wanted(**STOPPED))
    trial.harness.run(120, 30)
    trial.harness.apply("iris", wanted())
    trial.until(lambda: trial.status().steps[-1].traffic_percent == 50, 3600)
    shares = [each.traffic_percent for each in trial.status().steps]
    assert shares == [10, 10, 50]
    assert len({each.asked_at for each in trial.status().steps}) == 3


def test_one_that_is_interrupted_for_ever_ends_and_keeps_its_status_small(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smendpoints.domain.experiment.life.MOST_STEPS", 2)
    trial.begin(duration={"maxMinutes": 600})
    for _ in range(2):
        trial.until(trial.counts)
        trial.harness.run(300, 30)
        trial.harness.apply("iris", wanted(**STOPPED))
        trial.harness.run(300, 30)
        trial.harness.apply("iris", wanted())
        trial.harness.run(600, 30)
    ended = trial.finished(limit=600)
    assert ended.verdict == "INVALID"
    assert "its traffic was interrupted too often: iris is " in trial.ready()[1]
    assert len(ended.steps) == 2
