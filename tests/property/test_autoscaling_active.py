"""`AutoscalingActive` is true while the target is registered, whatever becomes of revisions; else it says AWS's error."""

from typing import Any

from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant

SCALES = ("True", "ScalingActive", "scaling primary 1 to 5")


def told(harness: Harness) -> tuple[str, str, str]:
    condition = harness.condition("iris", "AutoscalingActive")
    assert condition is not None
    return condition.status, condition.reason, condition.message.partition("; instance.count of")[0]


def registered(harness: Harness) -> bool:
    return bool(harness.inventory()["targets"])


def watched(harness: Harness, seconds: float) -> set[tuple[bool, str]]:
    """What was so and what was told, at each moment."""
    seen = set()
    until = harness.clock.now() + seconds
    while harness.clock.now() < until:
        harness.tick()
        seen.add((registered(harness), told(harness)[0]))
        harness.world.advance(5.0)
    return seen


def test_it_stays_true_during_a_rollout_that_leaves_the_target_alone(harness: Harness) -> None:
    harness.ready()
    harness.run(120)
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    assert watched(harness, 900) == {(True, "True")}
    assert told(harness) == SCALES


def test_it_stays_true_after_an_update_that_failed(harness: Harness) -> None:
    harness.ready()
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    assert watched(harness, 900) == {(True, "True")}
    ready = harness.condition("iris", "Ready")
    assert ready is not None
    assert ready.reason == "UpdateFailed"
    harness.restart()
    harness.run(300)
    assert told(harness) == SCALES


def test_it_is_false_while_the_target_is_off_for_an_update_and_true_again_after_it_failed(harness: Harness) -> None:
    harness.ready()
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", with_variant(spec(), instance={"type": "ml.c5.large"}))
    seen = watched(harness, 900)
    assert (False, "False") in seen
    assert (False, "True") not in seen
    harness.settle_told("iris", "UpdateFailed")
    harness.run(60)
    assert registered(harness)
    assert told(harness) == SCALES


def test_a_registration_that_is_denied_is_told_with_the_error_of_aws(harness: Harness) -> None:
    harness.world.faults.add({"kind": "access_denied", "operation": "RegisterScalableTarget"})
    harness.apply("iris", spec())
    harness.settle("iris")
    status, reason, message = told(harness)
    assert (status, reason) == ("False", "AccessDenied")
    assert "RegisterScalableTarget" in message
    harness.run(900, 30)
    assert told(harness)[1] == "AccessDenied"


def test_bounds_that_are_denied_leave_true_what_is_registered(harness: Harness) -> None:
    harness.ready()
    harness.world.faults.add({"kind": "access_denied", "operation": "RegisterScalableTarget"})
    wider: dict[str, Any] = {"minCapacity": 1, "maxCapacity": 9, "targetInvocationsPerInstance": 70}
    harness.apply("iris", with_variant(spec(), scaling=wider))
    harness.settle_told("iris", "AccessDenied")
    status, _, message = told(harness)
    assert status == "True"
    assert message.startswith("scaling primary 1 to 5; register_scalable_target") or "RegisterScalableTarget" in message


def test_bounds_and_tags_are_applied_in_the_middle_of_a_rollout_and_weights_are_told_to_wait(harness: Harness) -> None:
    canary = {"strategy": "Canary", "stepInstances": 1, "stepWaitSeconds": 3600}
    fixed = {**spec()["variants"][0], "instance": {"type": "ml.m5.large", "count": 2}}
    scaling = {"minCapacity": 2, "maxCapacity": 5, "targetInvocationsPerInstance": 70}
    harness.ready(rollout=canary, variants=[{**fixed, "scaling": scaling}])
    new = {**fixed, "modelArtifact": ARTIFACTS[1]}
    harness.apply("iris", spec(rollout=canary, variants=[{**new, "scaling": scaling}]))
    harness.run(900, 15)
    assert harness.live()["EndpointStatus"] == "Updating"
    wider = {**scaling, "maxCapacity": 18}
    harness.apply("iris", spec(rollout=canary, tags={"team": "ml"}, variants=[{**new, "weight": 3, "scaling": wider}]))
    harness.run(60)
    assert harness.live()["EndpointStatus"] == "Updating"
    client = harness.client("application-autoscaling")
    (target,) = client.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 18)
    tags = harness.client("sagemaker").list_tags(ResourceArn=harness.live()["EndpointArn"])["Tags"]
    assert {"Key": "team", "Value": "ml"} in tags
    ready = harness.condition("iris", "Ready")
    assert ready is not None
    assert "waiting for AWS to be done: primary: weight 1 → 3" in ready.message


def test_what_a_new_endpoint_is_given_is_no_change_in_place(harness: Harness) -> None:
    harness.ready()
    harness.run(60)
    assert registered(harness)
    assert [event.reason for event in harness.events] == ["Creating", "InService"]
