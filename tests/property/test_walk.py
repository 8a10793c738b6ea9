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

from smendpoints.domain import names
from smendpoints.domain.desired import desire
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.virtual_aws import BRISK

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


def hand_on_the_console(harness: Harness, rng: random.Random) -> None:
    sagemaker = harness.client("sagemaker")
    scaling = harness.client("application-autoscaling")
    with contextlib.suppress(ClientError):
        match rng.randrange(4):
            case 0:
                sagemaker.delete_endpoint(EndpointName="default-iris")
            case 1:
                sagemaker.update_endpoint_weights_and_capacities(
                    EndpointName="default-iris",
                    DesiredWeightsAndCapacities=[{"VariantName": "primary", "DesiredWeight": rng.choice([2, 5])}],
                )
            case 2:
                scaling.deregister_scalable_target(
                    ServiceNamespace="sagemaker",
                    ResourceId="endpoint/default-iris/variant/primary",
                    ScalableDimension="sagemaker:variant:DesiredInstanceCount",
                )
            case 3:
                arn = sagemaker.describe_endpoint(EndpointName="default-iris")["EndpointArn"]
                sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "nobody"}])


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
            hand_on_the_console(harness, rng)
        case "delete":
            if "iris" in harness.objects:
                harness.delete("iris")


class _Nothing:
    body: dict[str, Any] = {"metadata": {}}  # noqa: RUF012


_NOTHING: Any = _Nothing()


def check_end(harness: Harness) -> None:
    """One endpoint with what it needs and what the history keeps; autoscaling as declared; idle."""
    resource = harness.resource("iris")
    desired = desire(resource, "cluster-1", None)
    inventory = harness.inventory()
    if resource.spec.desired_state == "Stopped":
        assert inventory["endpoints"] == []
        assert inventory["targets"] == []
        return
    assert inventory["endpoints"] == ["default-iris"]
    shown = harness.client("sagemaker").describe_endpoint(EndpointName="default-iris")
    assert shown["EndpointConfigName"] == desired.config_name
    assert sorted(inventory["targets"]) == sorted(target.resource_id for target in desired.targets)
    for variant in desired.variants:
        found = next(each for each in shown["ProductionVariants"] if each["VariantName"] == variant.name)
        assert found["DesiredWeight"] == variant.weight
        if variant.count is not None:
            assert found["DesiredInstanceCount"] == variant.count
    limit = resource.spec.revision_history_limit
    kept = {each.config_name for each in resource.status.history if each.outcome == "Deployed"}
    assert set(inventory["configs"]) <= kept | {desired.config_name}
    assert len(inventory["configs"]) <= limit + 1
    needed = set()
    for config in inventory["configs"]:
        described = harness.client("sagemaker").describe_endpoint_config(EndpointConfigName=config)
        needed |= {variant["ModelName"] for variant in described["ProductionVariants"]}
    assert set(inventory["models"]) == needed
    assert not [name for name in inventory["alarms"] if name.startswith(names.alarm_prefix("default-iris"))]
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
        last = {**spec(), "tags": {"end": "yes"}, "variants": random_spec(rng)["variants"]}
        for variant in last["variants"]:
            variant["environment"] = {"ATTEMPT": "last"}  # a config that no fault has spoilt yet
        harness.apply("iris", last)
        harness.run(4000, 30)
        harness.settle("iris")
        harness.run(1200, 30)
        check_end(harness)
        harness.delete("iris")
        harness.settle_gone("iris")
        assert {key: value for key, value in harness.inventory().items() if value} == {}
        assert harness.violations == []
        record_property("steps", STEPS)
    finally:
        harness.simulator.close()
