"""Autoscaling that was taken off for an update is put back as it was when the update fails, in virtual time."""

import json
from datetime import datetime, time
from itertools import pairwise
from typing import Any

import pytest

from smendpoints.api.snapshot import AutoscalingSnapshot
from smendpoints.domain.plan.snapshot import restoring_calls
from smsandbox.assets import BUCKET
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import STEPS, spec, with_variant

SCALING = {
    "minCapacity": 2,
    "maxCapacity": 7,
    "targetInvocationsPerInstance": 90,
    "stepScaling": [STEPS],
    "schedules": [{"name": "morning", "schedule": "cron(0 8 * * ? *)", "timeZone": "Europe/Berlin", "minCapacity": 3}],
}
BASE = with_variant(spec(), scaling=SCALING)
ANEW = {
    "CreationTime",
    "PolicyARN",
    "ScheduledActionARN",
    "ScalableTargetARN",
    "Alarms",
    "AlarmConfigurationUpdatedTimestamp",
}
OTHER_TYPE = {"type": "ml.c5.large", "count": 2}
RENAMED = {**BASE, "variants": [{**BASE["variants"][0], "name": "other"}]}
UNSCALED = with_variant(BASE, scaling=None, instance=OTHER_TYPE)
EDITS: dict[str, dict[str, Any]] = {
    "another type": with_variant(BASE, instance=OTHER_TYPE),
    "another type without scaling": UNSCALED,
    "another variant": RENAMED,
}


def scaling(harness: Harness) -> dict[str, Any]:
    """Targets, policies and schedules as AWS shows them, without what AWS numbers anew."""
    client = harness.client("application-autoscaling")
    shown = {
        "targets": client.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"],
        "policies": client.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"],
        "schedules": client.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"],
    }
    shown["alarms"] = harness.client("cloudwatch").describe_alarms(AlarmNamePrefix="smendpoints/")["MetricAlarms"]
    arns = {policy["PolicyARN"]: policy["PolicyName"] for policy in shown["policies"]}
    for alarm in shown["alarms"]:
        alarm["AlarmActions"] = [arns[arn] for arn in alarm["AlarmActions"]]
    return {
        kind: [{key: value for key, value in each.items() if key not in ANEW and "State" not in key} for each in found]
        for kind, found in shown.items()
    }


@pytest.fixture
def before(harness: Harness) -> dict[str, Any]:
    """The autoscaling of an endpoint in service."""
    harness.apply("iris", BASE)
    harness.settle("iris")
    found = scaling(harness)
    assert [len(each) for each in found.values()] == [1, 2, 1, 1]
    return found


def stalled(harness: Harness) -> str:
    told = harness.condition("iris", "Stalled")
    assert told is not None
    return told.reason


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_an_update_that_aws_refuses_leaves_autoscaling_as_it_was(
    harness: Harness, before: dict[str, Any], edit: dict[str, Any]
) -> None:
    harness.world.faults.add({"kind": "access_denied", "service": "sagemaker", "operation": "UpdateEndpoint"})
    harness.apply("iris", edit)
    harness.run(60)
    assert stalled(harness) == "AccessDenied"
    assert scaling(harness) == before
    harness.run(1800, 15)
    assert scaling(harness) == before
    harness.world.faults.remove()
    harness.run(1800, 15)
    assert harness.condition("iris", "Stalled") is None
    targets = [target["ResourceId"].rpartition("/")[2] for target in scaling(harness)["targets"]]
    assert targets == ([] if edit is UNSCALED else [edit["variants"][0]["name"]])


@pytest.mark.parametrize("killed", [False, True], ids=["", "though the operator was killed in between"])
@pytest.mark.parametrize("edit", [UNSCALED, RENAMED], ids=["another type without scaling", "another variant"])
def test_an_update_that_aws_rolls_back_leaves_autoscaling_as_it_was(
    harness: Harness, before: dict[str, Any], edit: dict[str, Any], killed: bool
) -> None:
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", edit)
    if killed:
        harness.kill_after = 2  # model, config, and the target that is in the way
    harness.settle("iris")
    assert vars(harness)["kill_after"] is None
    assert stalled(harness) == "UpdateFailed"
    assert scaling(harness) == before
    harness.run(1200, 15)
    assert scaling(harness) == before
    assert harness.resource("iris").status.rollout.autoscaling_snapshot  # type: ignore[union-attr]

    harness.apply("iris", BASE)
    resource = harness.settle("iris")
    assert scaling(harness) == before
    assert resource.status.rollout is not None
    assert resource.status.rollout.autoscaling_snapshot == []


NAMES_OF_BEFORE = {"totalSteps": "steps", "awsMessage": "step"}


def calls_of_before(snapshots: list[dict[str, Any]]) -> list[str]:
    """What the release before kept of the same autoscaling."""

    def encode(value: Any) -> Any:
        return {"policyARN": [value.resource_id, value.policy]}

    found = []
    for each in snapshots:
        actions = restoring_calls(AutoscalingSnapshot.model_validate(each), "default-iris")
        calls = [[action.verb.name, action.target, action.params] for action in actions]
        found.append(json.dumps({"resourceID": actions[0].target, "calls": calls}, default=encode))
    return found


def test_an_update_that_the_release_before_began_leaves_autoscaling_as_it_was(
    harness: Harness, before: dict[str, Any]
) -> None:
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", UNSCALED)
    each = harness.objects["iris"]
    while each.body["status"]["rollout"]["phase"] != "InProgress":
        harness.run(5)
    client = harness.client("application-autoscaling")
    assert client.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    under_way = dict(each.body["status"]["rollout"])
    kept = under_way.pop("autoscalingSnapshot")
    assert kept
    rollout = {NAMES_OF_BEFORE.get(key, key): value for key, value in under_way.items()}
    rollout["takenOff"] = calls_of_before(kept)
    harness.set_status("iris", {**each.body["status"], "rollout": rollout})
    harness.restart()
    harness.settle("iris")
    assert stalled(harness) == "UpdateFailed"
    assert scaling(harness) == before
    now = each.body["status"]["rollout"]
    assert now["autoscalingSnapshot"] == kept
    assert now.keys().isdisjoint({*NAMES_OF_BEFORE.values(), "takenOff"})


def test_while_a_lack_of_capacity_is_waited_out_the_old_fleet_scales(harness: Harness, before: dict[str, Any]) -> None:
    harness.world.faults.add({"kind": "capacity", "resource": "ml.c5.large"})
    harness.apply("iris", UNSCALED)
    harness.run(900, 15)
    ready = harness.condition("iris", "Ready")
    assert ready is not None
    assert "trying again at" in ready.message
    assert scaling(harness) == before


def test_a_count_that_finds_no_capacity_is_told_and_asked_for_now_and_then(harness: Harness) -> None:
    fixed = with_variant(spec(), scaling=None)
    harness.apply("iris", fixed)
    harness.settle("iris")
    harness.world.faults.add({"kind": "capacity"})
    harness.world.calls.reset()
    harness.apply("iris", with_variant(fixed, instance={"type": "ml.m5.large", "count": 4}))
    harness.run(1800, 15)
    ready = harness.condition("iris", "Ready")
    assert ready is not None
    assert ready.reason == "CapacityShortage"
    assert "Unable to provision requested ML compute capacity" in ready.message
    assert 2 <= harness.world.calls.count("UpdateEndpointWeightsAndCapacities") <= 8
    told = [event for event in harness.events if event.reason == "CapacityShortage"]
    assert told[0].warning
    harness.world.faults.remove()
    resource = harness.settle("iris")
    assert resource.status.instances == "4/4"


def test_each_failure_is_waited_out_longer_and_the_wait_told_is_the_wait_kept(harness: Harness) -> None:
    harness.world.faults.add({"kind": "capacity"})
    harness.apply("iris", with_variant(spec(), modelArtifact=f"s3://{BUCKET}/b/model.tar.gz"))
    waits: list[int] = []
    for _ in range(600):
        harness.run(15)
        ready = harness.condition("iris", "Ready")
        failed = harness.resource("iris").status.rollout
        if ready is not None and failed is not None and "trying again at" in ready.message:
            since = failed.endpoint_modified_at
            assert since is not None
            moment = ready.message.rpartition("trying again at ")[2].partition(";")[0]
            told = (datetime.combine(since.date(), time.fromisoformat(moment)) - since).seconds
            if not waits or told > waits[-1]:
                waits.append(told)
    assert len(waits) >= 4
    assert [later / earlier for earlier, later in pairwise(waits)] == pytest.approx([2.0] * (len(waits) - 1), rel=0.35)
