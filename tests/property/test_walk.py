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

from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.virtual_aws import BRISK
from smsandbox.testing.witness import Witness

STEPS = 60
FAULTS: list[dict[str, Any]] = [
    {"kind": "throttle", "probability": 0.3},
    {"kind": "error", "probability": 0.2},
    {"kind": "lose_response", "probability": 0.2, "operation": "Create*"},
    {"kind": "lose_response", "probability": 0.3, "operation": "Update*"},
    {"kind": "lose_response", "probability": 0.3, "operation": "Delete*"},
    {"kind": "access_denied", "operation": "UpdateEndpoint", "times": 1},
    {"kind": "never_healthy", "times": 1},
    {"kind": "rollback", "times": 1},
]


def random_spec(rng: random.Random) -> dict[str, Any]:
    base = spec(revisionHistoryLimit=rng.choice([0, 1, 3]), tags={"team": rng.choice(["ml", "web"])})
    changes: dict[str, Any] = {
        "modelArtifact": rng.choice(ARTIFACTS[:3]),
        "instance": {"type": rng.choice(["ml.m5.large", "ml.c5.large"]), "count": rng.choice([1, 2])},
        "weight": rng.choice([1, 3]),
    }
    if rng.random() < 0.4:
        changes["scaling"] = None
    base = with_variant(base, **changes)
    if rng.random() < 0.4:
        other = {**base["variants"][0], "name": "challenger", "modelArtifact": ARTIFACTS[1]}
        base = {**base, "variants": [*base["variants"], other]}
    elif rng.random() < 0.3:
        base["rollout"] = {"strategy": "Canary", "stepPercent": 10, "stepWaitSeconds": 60}
        base = with_variant(base, instance={"type": "ml.m5.large", "count": 2})
    if rng.random() < 0.1:
        base["desiredState"] = "Stopped"
    return base


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


def step(harness: Harness, rng: random.Random) -> None:
    match rng.choices(
        ["time", "edit", "fault", "mend", "restart", "kill", "hand", "delete"], [30, 15, 10, 6, 4, 10, 6, 2]
    )[0]:
        case "time":
            harness.run(*rng.choice([(5, 5), (30, 5), (120, 15), (600, 15)]))
        case "edit":
            if "deletionTimestamp" not in harness.objects.get("iris", _NOTHING).body["metadata"]:
                harness.apply("iris", random_spec(rng))
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


SEEDS = range(int(os.environ.get("SMENDPOINTS_WALKS", "40")))


@pytest.mark.parametrize(
    "seed", [int(os.environ["SMENDPOINTS_WALK_SEED"])] if "SMENDPOINTS_WALK_SEED" in os.environ else SEEDS
)
def test_every_history_ends_as_the_last_spec_says(seed: int, record_property: Callable[[str, object], None]) -> None:
    rng = random.Random(seed)
    harness = Harness(seed=seed, settings=BRISK if seed % 2 else None)
    witness = Witness(harness)
    print(f"SMENDPOINTS_WALK_SEED={seed}, {STEPS} steps")
    try:
        harness.apply("iris", random_spec(rng))
        for _ in range(STEPS):
            step(harness, rng)
        harness.world.faults.remove()
        harness.kill_after = None
        if "iris" in harness.objects and "deletionTimestamp" in harness.objects["iris"].body["metadata"]:
            harness.settle_gone("iris")
            assert {key: value for key, value in harness.inventory().items() if value} == {}
        last = {**spec(), "tags": {"team": "last"}, "variants": random_spec(rng)["variants"]}
        for variant in last["variants"]:
            variant["environment"] = {"ATTEMPT": "last"}  # a config that no fault has spoilt yet
        harness.apply("iris", last)
        harness.run(4000, 30)
        harness.settle("iris")
        harness.run(1200, 30)
        check_end(harness, witness)
        for hand in HANDS:  # what a hand does to what is at rest
            hand(harness)
            harness.run(1200, 30)
            witness.check()
        harness.delete("iris")
        harness.settle_gone("iris")
        assert {key: value for key, value in harness.inventory().items() if value} == {}
        assert harness.violations == []
        record_property("steps", STEPS)
    finally:
        harness.simulator.close()
