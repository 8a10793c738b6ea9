"""Specs made of what AWS shows, compared and merged: against what the operator really makes of specs by chance."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from smclient.aws.reading import live, revision
from smclient.aws.session import Aws
from smclient.specs.compare import Change, changes
from smclient.specs.rebuild import InAws, Scaled, rebuild
from smclient.specs.revising import patch_between, with_revision
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.desired.desired import desire
from smsandbox.testing.harness import Harness
from smsandbox.testing.random_specs import random_spec
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.world import REGION

NOW = datetime(2026, 11, 26, tzinfo=UTC)
ROLE = "arn:aws:iam::123456789012:role/r"


def by_chance(seed: int) -> dict[str, Any]:
    """A spec of an endpoint that runs."""
    made = random_spec(random.Random(seed), NOW)
    kept = {key: value for key, value in made.items() if key not in {"desiredState", "officeHours", "driftPolicy"}}
    return {**kept, "revisionHistoryLimit": 3}


def merged(document: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    made = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = merged(made.get(key), value)
    return made


@pytest.mark.parametrize("seed", range(12))
def test_what_the_operator_made_of_a_spec_is_read_back_as_that_spec(harness: Harness, seed: int) -> None:
    wanted = by_chance(seed)
    harness.apply("iris", wanted)
    harness.settle("iris")
    found = rebuild(live(Aws(REGION, harness.session), "default-iris"))
    assert found.unsaid == ()
    assert changes(wanted, found.spec, shown_in_aws=True) == ()


@pytest.mark.parametrize("seed", range(5))
def test_going_back_brings_the_very_config_of_then_and_keeps_what_is_not_served(harness: Harness, seed: int) -> None:
    aws = Aws(REGION, harness.session)
    first, second = by_chance(seed), by_chance(seed + 1000)
    harness.apply("iris", first)
    then = harness.settle("iris").status.endpoint
    assert then is not None
    assert then.config_name is not None
    harness.apply("iris", second)
    harness.settle("iris")
    back = with_revision(second, rebuild(revision(aws, then.config_name)).spec)
    assert merged(second, patch_between(second, back)) == back
    not_served = {"tags", "rollout", "revisionHistoryLimit", "monitoring"}
    assert {key: value for key, value in back.items() if key in not_served} == {
        key: value for key, value in second.items() if key in not_served
    }
    metadata = {"name": "iris", "namespace": "default", "uid": "u"}
    resource = SageMakerEndpoint.parse({"metadata": metadata, "spec": back})
    assert desire(resource, "cluster-1", None).config_name == then.config_name


def test_going_back_keeps_weights_counts_and_scaling_of_today() -> None:
    today = with_variant(spec(tags={"a": "b"}), weight=7, scaling={"minCapacity": 2, "maxCapacity": 9})
    earlier = with_variant(spec(), modelArtifact=ARTIFACTS[2], instance={"type": "ml.c5.large", "count": 8})
    earlier["async"] = {"outputPath": "s3://bucket/x"}
    back = with_revision(today, earlier)
    variant = back["variants"][0]
    assert variant["modelArtifact"] == ARTIFACTS[2]
    assert variant["instance"] == {"type": "ml.c5.large", "count": 1}
    assert (variant["weight"], variant["scaling"], back["tags"]) == (
        7,
        {"minCapacity": 2, "maxCapacity": 9},
        {"a": "b"},
    )
    assert back["async"] == earlier["async"]
    assert "async" not in with_revision(back, spec())


def test_going_back_to_what_is_so_changes_nothing_however_it_is_written() -> None:
    today = {**spec(), "networkIsolation": False, "rollout": {"strategy": "Canary"}}
    assert patch_between(today, with_revision(today, spec())) == {}
    variant = with_variant(spec(), weight=1.0)
    assert patch_between(variant, with_revision(variant, spec())) == {}


def test_a_change_says_whether_it_takes_a_new_fleet() -> None:
    first = spec(tags={"a": "b"})
    second = with_variant(
        {**first, "tags": {"a": "c"}},
        weight=2,
        modelArtifact=ARTIFACTS[1],
        instance={"type": "ml.m5.large", "count": 3},
    )
    assert set(changes(first, second)) == {
        Change("tags.a", "b", "c", replaces=False),
        Change("variants[primary].weight", 1.0, 2.0, replaces=False),
        Change("variants[primary].modelArtifact", ARTIFACTS[0], ARTIFACTS[1], replaces=True),
        Change("variants[primary].instance.count", 1, 3, replaces=False),
    }


def test_defaults_written_out_are_no_difference() -> None:
    assert changes(spec(), {**with_variant(spec(), weight=1), "networkIsolation": False}) == ()


def by_hand(**entry: Any) -> InAws:
    """A config that somebody else made."""
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1, **entry}
    model = {
        "ModelName": "m",
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {"Image": "i", "ModelDataUrl": "s3://bbb/a"},
    }
    return InAws({"EndpointConfigName": "c", "ProductionVariants": [variant]}, {"m": model})


@pytest.mark.parametrize(
    ("found", "unsaid"),
    [
        (by_hand(EnableSSMAccess=True), "variant v: EnableSSMAccess has no field in the spec"),
        (by_hand(NewOfAws={"a": 1}), "variant v: NewOfAws has no field in the spec"),
        (by_hand(EnableSSMAccess=False), None),
        (
            InAws({**by_hand().config, "ExplainerConfig": {"ClarifyExplainerConfig": {}}}, by_hand().models),
            "ExplainerConfig of the config has no field in the spec",
        ),
        (InAws(by_hand().config, {}), "variant v: it has no model: inference components have no field in the spec"),
        (
            InAws(
                by_hand().config,
                {"m": {"Containers": [{"Image": "i"}], "InferenceExecutionConfig": {"Mode": "Direct"}}},
            ),
            "variant v: its containers are called directly, one by one; a spec's are a pipeline",
        ),
    ],
)
def test_what_a_spec_cannot_say_is_named(found: InAws, unsaid: str | None) -> None:
    assert rebuild(found).unsaid == ((unsaid,) if unsaid else ())


def test_scaling_that_somebody_else_made_keeps_its_names_where_a_spec_can_have_them() -> None:
    target = {"MinCapacity": 1, "MaxCapacity": 4, "SuspendedState": {"DynamicScalingInSuspended": True}}
    policy = {
        "PolicyName": "SageMakerEndpointInvocationScalingPolicy",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 70.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            "ScaleOutCooldown": 60,
        },
    }
    odd = {**policy, "PolicyName": "of_mine!"}
    found = InAws(
        by_hand().config,
        by_hand().models,
        {"EndpointName": "e"},
        {"endpoint/e/variant/v": Scaled({**target, "SuspendedState": {}}, [policy, odd])},
    )
    made = rebuild(found)
    scaling = made.spec["variants"][0]["scaling"]
    assert scaling["targetTracking"][0] == {
        "name": "SageMakerEndpointInvocationScalingPolicy",
        "targetValue": 70.0,
        "predefinedMetric": "InvocationsPerInstance",
        "scaleOutCooldownSeconds": 60,
    }
    assert scaling["targetTracking"][1]["name"] == "of-mine"
    assert made.unsaid == (
        "variant v: the scaling policy of_mine! cannot keep its name; it is replaced by one named of-mine",
    )


def test_variables_that_hold_a_secrets_arn_stand_under_secrets() -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:x"
    container = {"Image": "i", "Environment": {"A": arn, "B": "b", "C": "c"}}
    found = InAws(by_hand().config, {"m": {"ExecutionRoleArn": ROLE, "PrimaryContainer": container}})
    variant = rebuild(found, secrets={"C"}).spec["variants"][0]
    assert (variant["environment"], variant["secrets"]) == ({"B": "b"}, {"A": arn, "C": "c"})
