"""What fails is told, keeps serving, and is tried again only when that may help; in virtual time."""

import pytest

from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant


def test_a_failed_update_is_seen_told_and_not_tried_again(harness: Harness) -> None:
    harness.ready()
    before = harness.live()["EndpointConfigName"]
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    resource = harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert "ping health check" in stalled.message
    assert stalled.reason == "UpdateFailed"
    assert harness.live()["EndpointConfigName"] == before
    assert resource.status.history[0].outcome == "Failed"
    updates = harness.calls("UpdateEndpoint")
    harness.run(3600)
    harness.restart()
    harness.run(3600)
    assert harness.calls("UpdateEndpoint") == updates == 1
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[2]))
    resource = harness.settle("iris")
    assert harness.live()["EndpointConfigName"] != before
    assert resource.status.failure is None


def test_going_back_after_a_failed_update_is_ready_again(harness: Harness) -> None:
    harness.ready()
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.settle("iris")
    harness.apply("iris", spec())
    harness.settle("iris")
    ready_condition = harness.condition("iris", "Ready")
    assert ready_condition is not None
    assert ready_condition.status == "True"
    assert harness.condition("iris", "Stalled") is None


@pytest.mark.parametrize("how", ["fails", "is refused", "is under way"])
def test_what_an_edit_made_that_was_taken_back_is_cleared_away(harness: Harness, how: str) -> None:
    """The same config is in service that was when nothing was left to clear away."""
    harness.ready(revisionHistoryLimit=0)
    harness.run(120)
    before = harness.inventory()
    if how == "fails":
        harness.world.faults.add({"kind": "never_healthy", "times": 1})
    elif how == "is refused":
        refusal = {"code": "ValidationException", "status": 400, "times": 1}
        harness.world.faults.add({"kind": "error", "operation": "UpdateEndpoint", **refusal})
    harness.apply("iris", with_variant(spec(revisionHistoryLimit=0), modelArtifact=ARTIFACTS[1]))
    if how == "is under way":
        while not harness.calls("UpdateEndpoint"):
            harness.tick()
    else:
        harness.settle("iris")
    harness.apply("iris", spec(revisionHistoryLimit=0))
    harness.settle("iris")
    harness.run(120)
    after = harness.inventory()
    assert (after["models"], after["configs"]) == (before["models"], before["configs"])


def test_a_failed_creation_is_told_and_made_anew_when_the_spec_changes(harness: Harness) -> None:
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", spec())
    harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert stalled.reason == "CreateFailed"
    assert harness.live()["EndpointStatus"] == "Failed"
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.settle("iris")
    assert harness.live()["EndpointStatus"] == "InService"
    harness.run(300)
    assert len(harness.inventory()["configs"]) == 1
    assert len(harness.inventory()["models"]) == 1


@pytest.mark.parametrize("stage", ["creation", "update"])
def test_what_failed_is_tried_again_when_the_annotation_asks_for_it(harness: Harness, stage: str) -> None:
    wanted = spec()
    if stage == "update":
        harness.ready()
        wanted = with_variant(spec(), modelArtifact=ARTIFACTS[1])
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", wanted)
    resource = harness.settle("iris")
    assert resource.status.failure is not None
    assert "smendpoints.dev/retry" in (resource.status.failure.hint or "")
    harness.run(600)
    assert harness.condition("iris", "Stalled") is not None
    harness.annotate("iris", {"smendpoints.dev/retry": "1"})
    harness.run(30)
    resource = harness.settle("iris")
    assert harness.condition("iris", "Stalled") is None
    assert [each.outcome for each in resource.status.history][:2] == ["Deployed", "Failed"]


def test_a_rollout_that_aws_refuses_is_told_and_tried_again_when_its_way_changes(harness: Harness) -> None:
    harness.ready()
    changed = {"modelArtifact": ARTIFACTS[1]}
    too_big = {"strategy": "Canary", "stepInstances": 1, "stepWaitSeconds": 60}
    harness.apply("iris", with_variant(spec(rollout=too_big), **changed))
    resource = harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert "CanarySize" in stalled.message
    assert resource.status.history[0].outcome == "Failed"
    harness.apply("iris", with_variant(spec(), **changed))
    resource = harness.settle("iris")
    assert harness.condition("iris", "Stalled") is None
    assert harness.live()["EndpointConfigName"] == resource.status.history[0].config_name
    assert resource.status.history[0].outcome == "Deployed"


def test_a_creation_whose_answer_was_lost_is_no_conflict_of_names(harness: Harness) -> None:
    harness.world.faults.add({"kind": "lose_response", "operation": "CreateEndpoint", "times": 1})
    harness.ready()
    told = [(event.reason, event.warning) for event in harness.events]
    assert told == [("Creating", False), ("InService", False)]
