"""Random histories: edits, time, faults, kills and hands on the console, through the real controller.

After each history the world must be as the last spec says: one endpoint, nothing left over, idle. While it goes on,
nothing in use is deleted (the harness watches every deletion). `SMENDPOINTS_WALK_SEED` replays one history.
"""

import contextlib
import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from smsandbox.assets import BUCKET
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE, spec, with_variant
from smsandbox.testing.virtual_aws import BRISK
from smsandbox.testing.witness import Witness

STEPS = 50
FAULTS: list[dict[str, Any]] = [
    {"kind": "throttle", "probability": 0.3},
    {"kind": "error", "probability": 0.2},
    {"kind": "lose_response", "probability": 0.2, "operation": "Create*"},
    {"kind": "lose_response", "probability": 0.3, "operation": "Update*"},
    {"kind": "lose_response", "probability": 0.3, "operation": "Delete*"},
    {"kind": "access_denied", "operation": "UpdateEndpoint", "times": 1},
    {"kind": "never_healthy", "times": 1},
    {"kind": "rollback", "times": 1},
    {"kind": "capacity", "times": 1},
    {"kind": "delay", "delay_seconds": 7.0, "times": 2},
]


TAGS = ({"team": "ml"}, {"team": "web"})
STEPS_OF_SCALING = {
    "name": "bursts",
    "steps": [{"lowerBound": 0, "adjustment": 1}],
    "alarm": {
        "metric": {"namespace": "Shop", "metricName": "Waiting", "unit": "Count"},
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 12.5,
        "treatMissingData": "notBreaching",
    },
}
SCHEDULE = {"name": "once", "schedule": "at(2031-01-01T00:00:00)", "minCapacity": 2}
CAPTURE = {"destination": f"s3://{BUCKET}/captured", "csvContentTypes": ["text/csv"]}
ASYNC = {"outputPath": f"s3://{BUCKET}/answers", "maxConcurrentInvocationsPerInstance": 4}
ROLLOUTS = (
    {"strategy": "Canary", "stepPercent": 10, "stepWaitSeconds": 60},
    {"strategy": "Linear", "stepPercent": 50, "stepWaitSeconds": 30, "rollback": {"maxErrorRatePercent": 5}},
    {"strategy": "Rolling", "stepPercent": 50, "stepWaitSeconds": 30},
)


def some_scaling(rng: random.Random) -> dict[str, Any] | None:
    if rng.random() < 0.4:
        return None
    scaling: dict[str, Any] = {"minCapacity": 1, "maxCapacity": rng.choice([5, 8])}
    scaling["targetInvocationsPerInstance"] = rng.choice([70, 90.5])
    scaling["scaleInCooldownSeconds"] = rng.choice([300, 120])
    if rng.random() < 0.3:
        scaling["stepScaling"] = [STEPS_OF_SCALING]
    if rng.random() < 0.3:
        scaling["schedules"] = [SCHEDULE]
    return scaling


def serverless_spec(rng: random.Random, *, warm: bool) -> dict[str, Any]:
    hosting = {"memorySizeMB": rng.choice([1024, 2048]), "maxConcurrency": rng.choice([10, 20])}
    tracking = {"name": "warmth", "predefinedMetric": "ProvisionedConcurrencyUtilization", "targetValue": 0.7}
    scaling = None
    if warm:
        hosting["provisionedConcurrency"] = rng.choice([2, 4])
        if rng.random() < 0.5:
            scaling = {"minCapacity": 1, "maxCapacity": rng.choice([5, 8]), "targetTracking": [tracking]}
    artifact = rng.choice(ARTIFACTS[:3])
    return with_variant(spec(), modelArtifact=artifact, instance=None, serverless=hosting, scaling=scaling)


def random_spec(rng: random.Random, *, serverless: str | None) -> dict[str, Any]:
    """A spec that the API server would take, whatever was there before."""
    common: dict[str, Any] = {
        "revisionHistoryLimit": rng.choice([0, 1, 3]),
        "tags": rng.choice(TAGS),
    }
    if rng.random() < 0.1:
        common["desiredState"] = "Stopped"
    if serverless:
        return {**serverless_spec(rng, warm=serverless == "warm"), **common}
    base = with_variant(
        spec(),
        modelArtifact=rng.choice(ARTIFACTS[:3]),
        instance={"type": rng.choice(["ml.m5.large", "ml.c5.large"]), "count": rng.choice([1, 2])},
        weight=rng.choice([1, 3]),
        scaling=some_scaling(rng),
    )
    match rng.choices(["alone", "challenger", "shadow", "rollout"], [3, 4, 2, 3])[0]:
        case "challenger":
            other = {**base["variants"][0], "name": "challenger", "modelArtifact": ARTIFACTS[1]}
            base = {**base, "variants": [*base["variants"], other]}
        case "shadow":
            shadow = {"name": "shadow", "image": ECHO_IMAGE, "modelArtifact": rng.choice(ARTIFACTS[1:3])}
            base["shadow"] = {**shadow, "weight": 1, "instance": {"type": "ml.m5.large", "count": rng.choice([1, 2])}}
        case "rollout":
            base = with_variant(base, instance={"type": "ml.m5.large", "count": 2})
            base["rollout"] = rng.choice(ROLLOUTS)
    if rng.random() < 0.2:
        base["dataCapture"] = {**CAPTURE, "samplingPercentage": rng.choice([10, 100])}
    if rng.random() < 0.15:
        base["async"] = ASYNC
    return {**base, **common}


def hand_weighs(harness: Harness) -> None:
    change = {"VariantName": "primary", "DesiredWeight": 5.0}
    harness.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="default-iris", DesiredWeightsAndCapacities=[change]
    )


def hand_deletes(harness: Harness) -> None:
    harness.client("sagemaker").delete_endpoint(EndpointName="default-iris")


def hand_tags(harness: Harness) -> None:
    arn = harness.live()["EndpointArn"]
    harness.client("sagemaker").add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "nobody"}])


def targets(harness: Harness) -> list[dict[str, str]]:
    scaling = harness.client("application-autoscaling")
    found = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    return [{key: each[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")} for each in found]


def hand_ends_scaling(harness: Harness) -> None:
    for target in targets(harness)[:1]:
        harness.client("application-autoscaling").deregister_scalable_target(**target)


def hand_sets_bounds(harness: Harness) -> None:
    for target in targets(harness)[:1]:
        harness.client("application-autoscaling").register_scalable_target(**target, MinCapacity=2, MaxCapacity=40)


def hand_changes_a_policy(harness: Harness) -> None:
    scaling = harness.client("application-autoscaling")
    for policy in scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"][:1]:
        identity = {key: policy[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
        scaling.delete_scaling_policy(**identity, PolicyName=policy["PolicyName"])


HANDS = (hand_weighs, hand_deletes, hand_tags, hand_ends_scaling, hand_sets_bounds, hand_changes_a_policy)


def step(harness: Harness, rng: random.Random, *, serverless: str | None) -> None:
    match rng.choices(
        ["time", "edit", "fault", "mend", "restart", "kill", "hand", "delete"], [30, 15, 10, 6, 4, 10, 6, 2]
    )[0]:
        case "time":
            harness.run(*rng.choice([(5, 5), (30, 5), (120, 15), (600, 15)]))
        case "edit":
            if "deletionTimestamp" not in harness.objects.get("iris", _NOTHING).body["metadata"]:
                harness.apply("iris", random_spec(rng, serverless=serverless))
        case "fault":
            harness.world.faults.add(rng.choice(FAULTS))
        case "mend":
            harness.world.faults.remove()
        case "restart":
            harness.restart()
        case "kill":
            harness.kill_after = rng.randrange(6)
        case "hand":
            with contextlib.suppress(ClientError):
                rng.choice(HANDS)(harness)
        case "delete":
            if "iris" in harness.objects:
                harness.delete("iris")


class _Nothing:
    body: dict[str, Any] = {"metadata": {}}  # noqa: RUF012


_NOTHING: Any = _Nothing()


def check_end(harness: Harness, witness: Witness) -> None:
    """As the last spec says, to the letter; then idle."""
    witness.check()
    harness.world.calls.reset()
    writes = harness.writes
    harness.run(600, 15)
    assert harness.writes == writes
    own = {
        operation
        for service in harness.world.calls.counts().values()
        for operation in service
        if not operation.startswith(("List", "Describe", "Get"))
    }
    assert own == set()


# What the histories together have to reach: calls of the operator, states of the endpoint, faults that strike.
EXPECTED = {
    *("CreateModel", "DeleteModel", "CreateEndpointConfig", "DeleteEndpointConfig", "CreateEndpoint", "DeleteEndpoint"),
    *(
        "UpdateEndpoint",
        "UpdateEndpointWeightsAndCapacities",
        "AddTags",
        "PutMetricAlarm",
        "DeleteAlarms",
    ),
    *("RegisterScalableTarget", "DeregisterScalableTarget", "PutScalingPolicy", "DeleteScalingPolicy"),
    "PutScheduledAction",
    *(f"endpoint {status}" for status in ("Creating", "Updating", "InService", "Deleting", "Failed")),
    *(f"fault {fault['kind']}" for fault in FAULTS),
}
# Seeds of this run alone, as many as wanted; the end of the run says which.
FRESH = [f"fresh-{number}" for number in range(int(os.environ.get("SMENDPOINTS_FRESH_WALKS", "0")))]
SEEDS: list[int | str] = [*range(int(os.environ.get("SMENDPOINTS_WALKS", "22"))), *FRESH]


def reached(harness: Harness, witness: Witness) -> set[str]:
    operations = {
        operation
        for service in harness.world.calls.counts().values()
        for operation, codes in service.items()
        if "OK" in codes
    }
    return {*operations, *witness.seen, *(f"fault {kind}" for kind in harness.world.faults.struck())}


@pytest.mark.parametrize(
    "chosen", [int(os.environ["SMENDPOINTS_WALK_SEED"])] if "SMENDPOINTS_WALK_SEED" in os.environ else SEEDS
)
def test_every_history_ends_as_the_last_spec_says(
    chosen: int | str, record_property: Callable[[str, object], None]
) -> None:
    seed = chosen if isinstance(chosen, int) else random.SystemRandom().randrange(1_000_000)
    if chosen in FRESH:
        record_property("seed", seed)
    rng = random.Random(seed)
    harness = Harness(seed=seed, settings=BRISK if seed % 2 else None)
    witness = Witness(harness, exact=False)
    serverless = {5: "warm", 11: "cold"}.get(seed % 12)
    print(f"SMENDPOINTS_WALK_SEED={seed}, {STEPS} steps")
    try:
        harness.apply("iris", random_spec(rng, serverless=serverless))
        for _ in range(STEPS):
            step(harness, rng, serverless=serverless)
        harness.world.faults.remove()
        harness.kill_after = None
        if "iris" in harness.objects and "deletionTimestamp" in harness.objects["iris"].body["metadata"]:
            harness.settle_gone("iris")
            assert {key: value for key, value in harness.inventory().items() if value} == {}
        last = {**random_spec(rng, serverless=serverless), "tags": {"team": "last"}, "desiredState": "Running"}
        last.pop("rollout", None)  # AWS guards no update from or to other variants
        for variant in last["variants"]:
            variant["environment"] = {"ATTEMPT": "last"}  # a config that no fault has spoilt yet
        harness.apply("iris", last)
        harness.run(4000, 30)
        harness.settle("iris")
        harness.run(1200, 30)
        found = reached(harness, witness)
        check_end(harness, witness)
        for hand in HANDS:  # what a hand does to what is at rest
            hand(harness)
            harness.run(1200, 30)
            witness.check()
        harness.delete("iris")
        harness.settle_gone("iris")
        assert {key: value for key, value in harness.inventory().items() if value} == {}
        assert harness.violations == []
        found |= reached(harness, witness)
        record_property("steps", STEPS)
        record_property("walked", "|".join(sorted(EXPECTED & found)))
        record_property("to be walked", "|".join(sorted(EXPECTED)))
    finally:
        harness.simulator.close()
