"""What an edit takes out of the spec, AWS has no longer; what no call changes in place comes with a new revision.

In virtual time, against the oracle: to the letter.
"""

import copy
from typing import Any

import pytest

from smsandbox.assets import ROLE_ARN
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE, GROWING, spec, with_variant
from smsandbox.testing.witness import Witness

METRIC = {
    "namespace": "shop",
    "metricName": "Queue",
    "dimensions": [{"name": "region", "value": "eu"}],
    "unit": "Count",
}
TRACKING = {"name": "queue", "customizedMetric": METRIC, "targetValue": 5}
BUSY = {"name": "busy", "predefinedMetric": "ConcurrentRequestsPerModel", "targetValue": 5}
STEPS = {
    "name": "steps",
    "steps": [{"lowerBound": 0, "upperBound": 5, "adjustment": 1}],
    "alarm": {"metric": METRIC, "comparisonOperator": "GreaterThanThreshold", "threshold": 5},
}
NOON = {
    "name": "noon",
    "schedule": "cron(30 11 ? * MON-FRI *)",
    "timeZone": "Europe/Berlin",
    "minCapacity": 1,
    "maxCapacity": 4,
}
SCALING = {
    "minCapacity": 1,
    "maxCapacity": 5,
    "targetTracking": [TRACKING],
    "stepScaling": [STEPS],
    "schedules": [NOON],
}
TAKEN_OUT: list[tuple[str | int, ...]] = [
    ("targetTracking", 0, "customizedMetric", "unit"),
    ("targetTracking", 0, "customizedMetric", "dimensions"),
    ("stepScaling", 0, "steps", 0, "lowerBound"),
    ("stepScaling", 0, "steps", 0, "upperBound"),
    ("stepScaling", 0, "alarm", "metric", "unit"),
    ("stepScaling", 0, "alarm", "metric", "dimensions"),
    ("schedules", 0, "timeZone"),
    ("schedules", 0, "minCapacity"),
    ("schedules", 0, "maxCapacity"),
]


def scaled(**scaling: Any) -> dict[str, Any]:
    return with_variant(spec(), scaling={"minCapacity": 1, "maxCapacity": 5, **scaling})


def less(path: tuple[str | int, ...]) -> dict[str, Any]:
    scaling: Any = copy.deepcopy(SCALING)
    found = scaling
    for key in path[:-1]:
        found = found[key]
    del found[path[-1]]
    return with_variant(spec(), scaling=scaling)


def edit(harness: Harness, *specs: dict[str, Any]) -> None:
    """Apply one after the other, and let the end be looked at."""
    witness = Witness(harness)
    for each in specs:
        harness.apply("iris", each)
        harness.settle("iris")
        harness.run(130, 15)
    witness.check()


@pytest.mark.parametrize("path", TAKEN_OUT, ids=lambda path: ".".join(str(key) for key in path))
def test_a_field_of_the_scaling_that_is_taken_out_is_gone(harness: Harness, path: tuple[str | int, ...]) -> None:
    edit(harness, with_variant(spec(), scaling=SCALING), less(path))
    assert harness.failed_calls() == {}


POLICIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a policy gets another name": (
        scaled(targetTracking=[BUSY]),
        scaled(targetTracking=[{**BUSY, "name": "busier"}]),
    ),
    "the short form becomes a long one": (
        scaled(targetInvocationsPerInstance=70),
        scaled(targetTracking=[{**BUSY, "predefinedMetric": "InvocationsPerInstance", "targetValue": 70}]),
    ),
    "two policies change names": (
        scaled(targetTracking=[BUSY, TRACKING]),
        scaled(targetTracking=[{**BUSY, "name": "queue"}, {**TRACKING, "name": "busy"}]),
    ),
    "a policy becomes one of another type": (
        scaled(targetTracking=[{**TRACKING, "name": "steps"}]),
        scaled(stepScaling=[STEPS]),
    ),
    "and back again": (scaled(stepScaling=[STEPS]), scaled(targetTracking=[{**TRACKING, "name": "steps"}])),
}


@pytest.mark.parametrize(("before", "after"), POLICIES.values(), ids=POLICIES.keys())
def test_scaling_policies_come_after_those_that_stand_in_their_way(
    harness: Harness, before: dict[str, Any], after: dict[str, Any]
) -> None:
    edit(harness, before, after)
    assert harness.failed_calls() == {}


def by_hand(harness: Harness, **model: Any) -> None:
    """An endpoint that the console made."""
    sagemaker = harness.client("sagemaker")
    container = {"Image": ECHO_IMAGE, "ModelDataUrl": ARTIFACTS[0], **model}
    sagemaker.create_model(ModelName="old-model", PrimaryContainer=container, ExecutionRoleArn=ROLE_ARN)
    variant = {"VariantName": "primary", "ModelName": "old-model", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="old-config", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    sagemaker.create_endpoint(EndpointName="legacy", EndpointConfigName="old-config")
    harness.world.advance(600)


ADOPTING = spec(endpointName="legacy", adoptExisting=True)


def test_an_adopted_endpoint_may_have_a_policy_of_the_console(harness: Harness) -> None:
    by_hand(harness)
    scaling = harness.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/legacy/variant/primary",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    scaling.put_scaling_policy(
        **target,
        PolicyName="SageMakerEndpointInvocationScalingPolicy",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 500.0, "PredefinedMetricSpecification": metric},
    )
    harness.apply("iris", ADOPTING)
    harness.settle_told("iris", "InService")
    policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert [each["PolicyName"] for each in policies] == ["invocations-per-instance"]
    assert harness.failed_calls() == {}


def test_a_variable_taken_out_of_an_adopted_endpoints_environment_is_gone(harness: Harness) -> None:
    by_hand(harness, Environment={"WORKERS": "2", "DEBUG": "1"})
    adopting = with_variant(ADOPTING, environment={"WORKERS": "2", "DEBUG": "1"})
    harness.apply("iris", adopting)
    harness.settle_told("iris", "InService")
    assert harness.live("legacy")["EndpointConfigName"] == "old-config"
    harness.apply("iris", with_variant(adopting, environment={"WORKERS": "2"}))
    harness.settle("iris")
    sagemaker = harness.client("sagemaker")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=harness.live("legacy")["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    assert model["PrimaryContainer"]["Environment"] == {"WORKERS": "2"}


WARM = {"memorySizeMB": 2048, "maxConcurrency": 20, "provisionedConcurrency": 4}
COLD = {"memorySizeMB": 2048, "maxConcurrency": 20}


def serverless(hosting: dict[str, Any]) -> dict[str, Any]:
    return with_variant(spec(), instance=None, scaling=None, serverless=hosting)


def test_concurrency_is_no_longer_kept_warm_when_the_spec_names_none(harness: Harness) -> None:
    edit(harness, serverless(WARM), serverless(COLD))
    assert "ProvisionedConcurrency" not in harness.live()["ProductionVariants"][0]["CurrentServerlessConfig"]


def test_concurrency_that_a_hand_keeps_warm_is_told(harness: Harness) -> None:
    edit(harness, serverless(COLD))
    change = {"MaxConcurrency": 20, "ProvisionedConcurrency": 4}
    harness.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="default-iris",
        DesiredWeightsAndCapacities=[{"VariantName": "primary", "ServerlessUpdateConfig": change}],
    )
    harness.run(600)
    told = harness.condition("iris", "Drifted")
    assert told is not None
    assert told.status == "True"
    assert told.message == "primary: provisionedConcurrency 4 → none; AWS changes that only with a new revision"
    edit(harness, with_variant(serverless(COLD), modelArtifact=ARTIFACTS[1]))


FIXED = with_variant(spec(), scaling=None, instance={"type": "ml.m5.large", "count": 2})


def shadowed(base: dict[str, Any], count: int, weight: float = 1) -> dict[str, Any]:
    shadow = {"name": "shadow", "image": ECHO_IMAGE, "modelArtifact": ARTIFACTS[1], "weight": weight}
    return {**base, "shadow": {**shadow, "instance": {"type": "ml.m5.large", "count": count}}}


@pytest.mark.parametrize("base", [FIXED, spec()], ids=["a fixed count", "an autoscaled count"])
def test_the_count_and_weight_of_a_shadow_are_what_the_spec_says(harness: Harness, base: dict[str, Any]) -> None:
    edit(harness, shadowed(base, 1), shadowed(base, 2), shadowed(base, 2, 0.5), shadowed(base, 1, 0.5))


def test_a_shadows_count_goes_there_and_back_again_and_what_autoscaling_grew_stays(harness: Harness) -> None:
    witness = Witness(harness)
    growing = with_variant(spec(), scaling=GROWING)
    grown = []
    for count, scaled_to in ((1, 3), (2, 4), (1, 5), (2, 5)):
        harness.apply("iris", shadowed(growing, count))
        harness.settle("iris")
        harness.scale_by_hand(scaled_to)
        harness.run(130)
        harness.settle("iris")
        grown.append(harness.live()["ProductionVariants"][0]["CurrentInstanceCount"])
        assert harness.live()["ShadowProductionVariants"][0]["CurrentInstanceCount"] == count
    harness.apply("iris", shadowed(growing, 1))
    harness.settle("iris")
    assert grown == [3, 4, 5, 5]
    assert harness.live()["ProductionVariants"][0]["CurrentInstanceCount"] == 5
    harness.run(130)
    witness.check()


def test_a_shadow_that_comes_or_goes_takes_the_guard_off_a_rollout_and_that_is_told_before(harness: Harness) -> None:
    guarded = {**FIXED, "rollout": {"strategy": "Canary", "stepPercent": 50, "stepWaitSeconds": 60}}
    for before, after in ((guarded, shadowed(guarded, 1)), (shadowed(guarded, 1), guarded)):
        harness.apply("iris", {**before, "rollout": {}})
        harness.settle("iris")
        harness.apply("iris", after)
        harness.settle("iris")
        stalled = harness.condition("iris", "Stalled")
        assert stalled is not None
        assert "AWS guards a rollout only while the variants keep their names" in stalled.message
    assert harness.failed_calls() == {}


def kill(harness: Harness, after: int) -> None:
    """Let the operator be killed right after the change in AWS of that number."""

    def alive() -> bool:
        return harness.kill_after is not None

    harness.kill_after = after
    until = harness.clock.now() + 600
    while alive():
        assert harness.clock.now() < until, "it made no such change"
        harness.tick()
        harness.world.advance(5)


def tags_of(harness: Harness) -> list[str]:
    """The keys of tags that are not the operator's marks."""
    tags = harness.client("sagemaker").list_tags(ResourceArn=harness.live()["EndpointArn"])["Tags"]
    return sorted(tag["Key"] for tag in tags if not tag["Key"].startswith("smendpoints.dev/"))


TAGGED = spec(tags={"team": "ml", "cost": "42"})


@pytest.mark.parametrize("kill_after", range(4))
def test_a_tag_is_gone_though_the_operator_was_killed_before_it_told_that_it_had_set_it(
    harness: Harness, kill_after: int
) -> None:
    witness = Witness(harness)
    harness.apply("iris", TAGGED)
    kill(harness, kill_after)  # after the model, the config, the endpoint (the tags), the scaling
    harness.apply("iris", spec(tags={"cost": "42"}))
    harness.settle("iris")
    harness.run(130, 15)
    witness.check()


@pytest.mark.parametrize("kill_after", [None, 0])
def test_a_tag_that_came_and_went_is_gone_though_the_operator_was_killed_between(
    harness: Harness, kill_after: int | None
) -> None:
    harness.ready()
    witness = Witness(harness)
    for tags in ({"team": "ml"}, {"cost": "42"}, {"team": "ml", "stage": "dev"}, {}):
        harness.apply("iris", spec(tags=tags))
        if kill_after is None:
            harness.settle("iris")
        else:
            kill(harness, kill_after)
    harness.settle("iris")
    harness.run(130, 15)
    witness.check()
    resolved = harness.resource("iris").status.resolved
    assert resolved is not None
    assert resolved.other_tag_keys == []


def test_a_tag_that_a_policy_requires_no_longer_is_gone_though_the_operator_was_killed(harness: Harness) -> None:
    harness.ready()
    harness.run(130, 15)
    harness.policy("costs", {"requiredTags": {"centre": "42"}})
    kill(harness, 0)
    assert "centre" in tags_of(harness)
    harness.policy("costs", None)
    harness.settle("iris")
    harness.run(130, 15)
    assert tags_of(harness) == []


def test_a_tag_that_a_hand_set_stays(harness: Harness) -> None:
    harness.apply("iris", TAGGED)
    harness.settle("iris")
    arn = harness.live()["EndpointArn"]
    harness.client("sagemaker").add_tags(ResourceArn=arn, Tags=[{"Key": "audit", "Value": "2026"}])
    harness.apply("iris", spec())
    harness.settle("iris")
    harness.run(130, 15)
    assert tags_of(harness) == ["audit"]
