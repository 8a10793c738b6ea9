"""Random histories: edits, time, faults, kills and hands on the console, through the real controller.

After each history the world must be as the last spec says: one endpoint, nothing left over, idle. While it goes on,
nothing in use is deleted (the harness watches every deletion). `SMENDPOINTS_WALK_SEED` and `PYTHONHASHSEED`, as a
failure prints them, replay one history.
"""

import contextlib
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from smendpoints.api.group import ABORT_REVISION, REDEPLOYED_AT, RETRY, ROLLBACK_TO
from smsandbox.aws.core.ports import InstanceSpec
from smsandbox.testing.harness import Harness
from smsandbox.testing.operator_policy import hold
from smsandbox.testing.random_specs import kinds_of, random_spec, with_attempt
from smsandbox.testing.specs import ARTIFACTS, spec
from smsandbox.testing.traffic import Behaviour, Traffic
from smsandbox.testing.virtual_aws import BRISK
from smsandbox.testing.witness import Witness
from smsandbox.world import ACCOUNT, REGION

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
    {"kind": "delete_fails", "times": 1},
]

LATE = {"endpoint_config": 20.0, "model": 20.0, "role": 20.0}
AT_ONCE = dict.fromkeys(LATE, 0.0)


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
    keys = ("ServiceNamespace", "ResourceId", "ScalableDimension")
    return [{key: each[key] for key in keys} for each in found if "/default-iris/" in each["ResourceId"]]


def hand_ends_scaling(harness: Harness) -> None:
    for target in targets(harness)[:1]:
        harness.client("application-autoscaling").deregister_scalable_target(**target)


def hand_sets_bounds(harness: Harness) -> None:
    for target in targets(harness)[:1]:
        harness.client("application-autoscaling").register_scalable_target(**target, MinCapacity=2, MaxCapacity=40)


def hand_changes_a_policy(harness: Harness) -> None:
    scaling = harness.client("application-autoscaling")
    found = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    for policy in [each for each in found if "/default-iris/" in each["ResourceId"]][:1]:
        identity = {key: policy[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
        scaling.delete_scaling_policy(**identity, PolicyName=policy["PolicyName"])


HANDS = (hand_weighs, hand_deletes, hand_tags, hand_ends_scaling, hand_sets_bounds, hand_changes_a_policy)


class Walk:
    """A history of one object; in some there is another one beside it, which must not notice."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.harness = Harness(seed=seed, settings=BRISK if seed % 2 else None)
        self.serverless = {5: "warm", 11: "cold"}.get(seed % 12)
        self.tried: set[str] = set()
        if seed % 3 == 0:
            hold(self.harness)
            self.tried.add("IAM enforced")
        self.traffic: Traffic | None = None
        if seed % 5 == 0:
            self._send()
        self.beside = None
        if seed % 4 == 1:
            self.harness.apply("beside", spec(revisionHistoryLimit=0))
            self.harness.settle("beside")
            self.beside = Witness(self.harness, "beside", exact=False)
        self.witness = Witness(self.harness, exact=False)

    def _send(self) -> None:
        """Traffic; one of the artifacts is a model that fails often."""

        def behaves(instance: InstanceSpec) -> Behaviour:
            bad = any(ARTIFACTS[2] in str(each) for each in instance.containers)
            return Behaviour(errors=0.3 if bad else 0.01)

        self.traffic = Traffic(self.harness.world, "default-iris", 300, behaves, account=ACCOUNT, region=REGION)
        self.tried.add("traffic")

    def random_spec(self) -> dict[str, Any]:
        now = datetime.fromtimestamp(self.harness.clock.now(), UTC)
        made = random_spec(self.rng, now, serverless=self.serverless)
        self.tried |= kinds_of(made)
        return made

    def is_leaving(self) -> bool:
        found = self.harness.objects.get("iris")
        return found is not None and "deletionTimestamp" in found.body["metadata"]

    def step(self) -> None:
        """What happens next, by chance."""
        kinds = {
            self.pass_time: 30,
            self.edit: 15,
            self.put_a_fault: 10,
            self.mend: 6,
            self.harness.restart: 3,
            self.kill: 10,
            self.see_late: 2,
            self.interfere: 6,
            self.retry: 2,
            self.abort: 4,
            self.go_back: 2,
            self.redeploy: 1,
            self.suspend: 1,
            self.delete: 2,
        }
        self.rng.choices(list(kinds), list(kinds.values()))[0]()

    def pass_time(self) -> None:
        self.harness.run(*self.rng.choice([(5, 5), (30, 5), (120, 15), (600, 15)]))

    def edit(self) -> None:
        if not self.is_leaving():
            self.harness.apply("iris", self.random_spec())

    def put_a_fault(self) -> None:
        self.harness.world.faults.add(self.rng.choice(FAULTS))

    def mend(self) -> None:
        self.harness.world.faults.remove()
        self._see_after(AT_ONCE)

    def kill(self) -> None:
        how = self.rng.random()
        if how < 0.5:
            self.harness.kill_after = self.rng.randrange(6)
        elif how < 0.7:
            self.harness.fail_over_after = self.rng.randrange(6)
        else:
            self.harness.kill_before_write = self.rng.randrange(3)
            self.tried.add("killed before a write")

    def see_late(self) -> None:
        """What is new is seen elsewhere after a while."""
        self._see_after(LATE)
        self.tried.add("seen late")

    def _see_after(self, seconds: dict[str, float]) -> None:
        settings = self.harness.world.settings
        self.harness.world.settings = settings.changed({"consistency": seconds})

    def interfere(self) -> None:
        with contextlib.suppress(ClientError):
            self.rng.choice(HANDS)(self.harness)

    def retry(self) -> None:
        if "iris" in self.harness.objects:
            self.harness.annotate("iris", {RETRY: str(self.harness.clock.now())})
            self.tried.add("retry")

    def abort(self) -> None:
        """Of whatever is rolled out."""
        for revision in self.revisions("InProgress"):
            self.harness.annotate("iris", {ABORT_REVISION: str(revision)})
            self.tried.add("aborted")

    def go_back(self) -> None:
        """To a revision that served once, until the next edit."""
        served = self.revisions("Deployed")
        if served:
            generation = self.harness.objects["iris"].body["metadata"]["generation"]
            self.harness.annotate("iris", {ROLLBACK_TO: f"{self.rng.choice(served)}@{generation}"})
            self.tried.add("gone back")

    def redeploy(self) -> None:
        if "iris" in self.harness.objects:
            self.harness.annotate("iris", {REDEPLOYED_AT: str(self.harness.clock.now())})
            self.tried.add("redeployed")

    def revisions(self, outcome: str) -> list[int]:
        """Of the history, those that ended so."""
        if "iris" not in self.harness.objects:
            return []
        history = self.harness.resource("iris").status.history
        return [each.revision for each in history if each.outcome == outcome]

    def delete(self) -> None:
        if "iris" in self.harness.objects:
            self.harness.delete("iris")

    def suspend(self) -> None:
        """For a while the object is only watched, whatever its spec says besides."""
        harness = self.harness
        if "iris" not in harness.objects or self.is_leaving():
            return
        before = harness.objects["iris"].body["spec"]
        harness.apply("iris", {**self.random_spec(), "suspend": True})
        harness.run(120, 15)
        harness.world.calls.reset()
        harness.run(300, 15)
        assert changes(harness, "default-iris") == []
        self.tried.add("suspended")
        harness.apply("iris", before)

    def calm(self) -> None:
        """No fault is in force any more, and nobody asks."""
        if self.traffic is not None:
            self.traffic.stop()
        self.mend()
        self.harness.kill_after = self.harness.kill_before_write = self.harness.fail_over_after = None

    def last(self) -> dict[str, Any]:
        """The spec at the end: one that runs, whose config no fault has spoilt yet."""
        made = {**self.random_spec(), "tags": {"team": "last"}, "desiredState": "Running"}
        # AWS guards no update from or to other variants.
        return with_attempt(without(made, "rollout", "officeHours", "driftPolicy"), "last")

    def left(self) -> dict[str, list[str]]:
        """What there is in AWS; as far as names tell, where there is another object."""
        found = self.harness.inventory()
        if self.beside is not None:
            found = {key: [each for each in value if "default-iris" in each] for key, value in found.items()}
        return {key: value for key, value in found.items() if value}

    def change_hands(self) -> None:
        """The object goes and leaves all that it made; another one takes it over, and makes nothing new."""
        harness = self.harness
        kept = {**harness.objects["iris"].body["spec"], "deletionPolicy": "Retain", "revisionHistoryLimit": 0}
        harness.apply("iris", kept)
        harness.settle("iris")
        harness.run(1200, 30)
        self.witness.check()
        before = harness.inventory()
        harness.delete("iris")
        harness.settle_gone("iris")
        shown = harness.live()
        assert shown["EndpointStatus"] == "InService"
        tags = harness.client("sagemaker").list_tags(ResourceArn=shown["EndpointArn"])["Tags"]
        assert [each["Key"] for each in tags if each["Key"].startswith("smendpoints.dev/")] == []
        harness.apply("iris", {**kept, "deletionPolicy": "Delete", "adoptExisting": True})
        harness.run(1200, 30)
        self.witness.check()
        assert harness.inventory() == before
        self.tried.add("retained and adopted")


def changes(harness: Harness, name: str) -> list[str]:
    """What the operator changed in AWS that bears this name."""
    return [
        call["operation"]
        for call in harness.world.calls.recent(5000)
        if name in str(call["summary"]) and not call["operation"].startswith(("List", "Describe", "Get", "Assume"))
    ]


def without(made: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {key: value for key, value in made.items() if key not in fields}


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


# What the histories together have to reach: calls of the operator, states of the endpoint, faults that strike, specs.
EXPECTED = {
    *("CreateModel", "DeleteModel", "CreateEndpointConfig", "DeleteEndpointConfig", "CreateEndpoint", "DeleteEndpoint"),
    *("UpdateEndpoint", "UpdateEndpointWeightsAndCapacities", "AddTags", "PutMetricAlarm", "DeleteAlarms"),
    *("PutDashboard", "DeleteDashboards"),
    *("RegisterScalableTarget", "DeregisterScalableTarget", "PutScalingPolicy", "DeleteScalingPolicy"),
    "PutScheduledAction",
    *(f"endpoint {status}" for status in ("Creating", "Updating", "InService", "Deleting", "Failed")),
    *(f"fault {fault['kind']}" for fault in FAULTS),
    *(f"rollout {each}" for each in ("Canary", "Linear", "Rolling")),
    *(
        "shadow",
        "async",
        "dataCapture",
        "monitoring",
        "officeHours",
        "driftPolicy",
        "serverless",
        "multiModel",
        "containers",
    ),
    *("stepScaling", "schedules", "pools", "stopped", "variants"),
    *(
        "suspended",
        "retry",
        "aborted",
        "gone back",
        "redeployed",
        "traffic",
        "analysis",
        "seen late",
        "killed before a write",
        "IAM enforced",
        "retained and adopted",
    ),
    *("a second object", "a second process"),
}
# Seeds of this run alone, as many as wanted; the end of the run says which.
FRESH = [f"fresh-{number}" for number in range(int(os.environ.get("SMENDPOINTS_FRESH_WALKS", "0")))]
SEEDS: list[int | str] = [*range(int(os.environ.get("SMENDPOINTS_WALKS", "22"))), *FRESH]


def reached(walk: Walk) -> set[str]:
    operations = {
        operation
        for service in walk.harness.world.calls.counts().values()
        for operation, codes in service.items()
        if "OK" in codes
    }
    struck = {f"fault {kind}" for kind in walk.harness.world.faults.struck()}
    late = {"a second process"} if walk.harness.failovers else set()
    return {*operations, *walk.witness.seen, *struck, *late, *walk.tried, *(["a second object"] if walk.beside else [])}


@pytest.mark.parametrize(
    "chosen", [int(os.environ["SMENDPOINTS_WALK_SEED"])] if "SMENDPOINTS_WALK_SEED" in os.environ else SEEDS
)
def test_every_history_ends_as_the_last_spec_says(
    chosen: int | str, record_property: Callable[[str, object], None]
) -> None:
    seed = chosen if isinstance(chosen, int) else random.SystemRandom().randrange(1_000_000)
    if chosen in FRESH:
        record_property("seed", seed)
    walk = Walk(seed)
    harness, witness = walk.harness, walk.witness
    print(f"PYTHONHASHSEED={os.environ.get('PYTHONHASHSEED', '?')} SMENDPOINTS_WALK_SEED={seed}, {STEPS} steps")
    try:
        harness.apply("iris", walk.random_spec())
        for _ in range(STEPS):
            walk.step()
        walk.calm()
        if walk.is_leaving():
            harness.settle_gone("iris")
            assert walk.left() == {}
        harness.apply("iris", walk.last())
        harness.run(4000, 30)
        harness.settle("iris")
        harness.run(1200, 30)
        found = reached(walk)
        check_end(harness, witness)
        for hand in HANDS:  # what a hand does to what is at rest
            hand(harness)
            harness.run(1200, 30)
            witness.check()
        if seed % 4 == 2:
            walk.change_hands()
        if walk.beside is not None:
            walk.beside.check()
        harness.delete("iris")
        harness.settle_gone("iris")
        assert walk.left() == {}
        assert harness.violations == []
        found |= reached(walk)
        record_property("steps", STEPS)
        record_property("walked", "|".join(sorted(EXPECTED & found)))
        record_property("to be walked", "|".join(sorted(EXPECTED)))
    finally:
        harness.simulator.close()
