"""Objects that are deleted and made again under the same name at once: nothing that was remembered of the first is the second's.

In virtual time. Whoever only looks now and then, as experiments do, sees no gap between the two.
"""

from typing import Any

import pytest

from smsandbox.testing import specs
from smsandbox.testing.harness import Harness
from smsandbox.testing.trial import Trial, better, experiment

RETAINED: dict[str, Any] = {"deletionPolicy": "Retain"}


def recreate_unseen(harness: Harness, name: str, spec: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Delete the object and make it again before anybody looks at experiments."""
    with monkeypatch.context() as nobody:
        nobody.setattr(harness.experimenter, "step", lambda: None)
        harness.delete(name)
        for _ in range(200):
            harness.tick()
            if name not in harness.objects:
                break
            harness.world.advance(5.0)
        assert name not in harness.objects
        harness.apply(name, spec)
        harness.tick()


@pytest.fixture(autouse=True)
def _refusals(trial: Trial) -> None:
    """What is asked for may have just been deleted, or is there from before."""
    trial.expected = {
        "CreateEndpointConfig ValidationException",
        "CreateModel ValidationException",
        "DescribeEndpoint ValidationException",
    }


@pytest.mark.parametrize("elsewhere", [False, True], ids=["same name in AWS", "another name in AWS"])
def test_an_experiment_on_an_endpoint_that_was_made_again_ends_and_holds_up_no_other(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, *, elsewhere: bool
) -> None:
    harness = trial.harness
    harness.apply("iris", {**specs.two_variants(3, 1), **RETAINED})
    harness.apply("team-b/iris", specs.two_variants(3, 1))
    harness.settle("iris")
    harness.settle("team-b/iris")
    trial.send(better, 3000, "team-b-iris", seed=1)
    trial.begin()
    harness.experiments.apply("team-b/ab", experiment())
    trial.until(lambda: bool(trial.status().looks) and bool(trial.status("team-b/ab").looks))
    name = {"endpointName": "iris-2"} if elsewhere else {"adoptExisting": True}
    recreate_unseen(harness, "iris", {**specs.two_variants(3, 1), **name}, monkeypatch)
    ended = trial.finished()
    assert ended.verdict == "INVALID"
    assert "was deleted and made again" in trial.ready()[1]
    assert trial.finished("team-b/ab").winner == "challenger"
    harness.settle("iris")
    assert harness.resource("iris").status.traffic_owner is None


def test_weights_of_a_verdict_are_not_those_of_an_endpoint_that_was_made_again(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial.traffic.behaves = better
    trial.begin(onVerdict="ShiftTraffic", duration={"maxMinutes": 600})
    trial.finished()
    trial.harness.run(120)
    assert trial.weights()["primary"] == 0
    recreate_unseen(trial.harness, "iris", specs.two_variants(3, 1), monkeypatch)
    trial.harness.settle("iris")
    assert trial.weights() == {"primary": 3, "challenger": 1}
    assert trial.harness.resource("iris").status.traffic_owner is None
    trial.harness.run(300)
    assert trial.weights() == {"primary": 3, "challenger": 1}
    assert trial.status().weights is None


@pytest.mark.parametrize("kill", [None, 0, 1, 2, 3])
def test_an_object_that_is_made_again_at_once_is_as_if_it_were_the_first(harness: Harness, kill: int | None) -> None:
    """It was stuck for what was then wrong; the neighbour of the same name in another namespace notices nothing."""
    harness.apply("team-b/iris", specs.spec())
    harness.settle("team-b/iris")
    neighbour = harness.live("team-b-iris")
    harness.apply("iris", specs.spec(executionRoleARN="arn:aws:iam::123456789012:role/missing"))
    harness.run(900.0, 30.0)
    harness.delete("iris")
    for _ in range(400):
        harness.kill_before_write = kill
        harness.tick()
        if "iris" not in harness.objects:
            break
        harness.world.advance(5.0)
        kill = None
    harness.apply("iris", specs.spec())
    begun = harness.clock.now()
    harness.settle("iris", 600.0)
    told = harness.condition("iris", "Ready")
    assert told is not None
    assert (told.status, harness.clock.now() - begun < 300) == ("True", True)
    assert harness.live("team-b-iris")["LastModifiedTime"] == neighbour["LastModifiedTime"]
    assert harness.violations == []
