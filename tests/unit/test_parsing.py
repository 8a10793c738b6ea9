"""What AWS answers is read member by member, and what it leaves out is nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smendpoints.domain.observed.observed import (
    ConfigVariant,
    ObservedConfig,
    ObservedEndpoint,
    ObservedTarget,
    ObservedVariant,
    Step,
)
from smendpoints.domain.observed.parsing import parse_config, parse_endpoint, parse_target

MADE = datetime(2026, 11, 22, 11, tzinfo=UTC)
CHANGED = MADE + timedelta(hours=1)
BARE: dict[str, Any] = {
    "EndpointName": "iris",
    "EndpointArn": "arn:iris",
    "EndpointStatus": "InService",
    "CreationTime": MADE,
    "LastModifiedTime": CHANGED,
}
SHOWN = {
    "VariantName": "primary",
    "DeployedImages": [
        {"SpecifiedImage": "in:1", "ResolvedImage": "in@sha256:a"},
        {"SpecifiedImage": "out:1"},
    ],
    "CurrentWeight": 1.0,
    "DesiredWeight": 2.0,
    "CurrentInstanceCount": 3,
    "DesiredInstanceCount": 4,
    "CurrentServerlessConfig": {"MaxConcurrency": 5},
    "DesiredServerlessConfig": {"MaxConcurrency": 6},
    "InstancePools": [
        {"InstanceType": "ml.a", "CurrentInstanceCount": 1},
        {"InstanceType": "ml.b", "CurrentInstanceCount": 2},
    ],
    "VariantStatus": [{"Status": "Creating", "StatusMessage": "launching", "StartTime": MADE}, {"Status": "Baking"}],
}
READ = ObservedVariant(
    name="primary",
    image="in:1",
    digest="sha256:a",
    further_images=(("out:1", None),),
    current_weight=1.0,
    desired_weight=2.0,
    current_count=3,
    desired_count=4,
    serverless={"MaxConcurrency": 6},
    pools={"ml.a": 1, "ml.b": 2},
    steps=(Step("Creating", "launching", MADE), Step("Baking")),
)


def named(name: str) -> dict[str, Any]:
    return {"VariantName": name}


def test_of_a_bare_endpoint_there_are_its_name_its_status_and_its_times() -> None:
    expected = ObservedEndpoint(
        name="iris", arn="arn:iris", status="InService", config_name=None, created_at=MADE, modified_at=CHANGED
    )
    assert parse_endpoint(BARE, {}) == expected


def test_every_member_of_an_endpoint_is_read() -> None:
    response = {
        **BARE,
        "EndpointConfigName": "one",
        "ProductionVariants": [SHOWN],
        "ShadowProductionVariants": [named("shadow")],
        "PendingDeploymentSummary": {
            "EndpointConfigName": "two",
            "ProductionVariants": [named("next")],
            "ShadowProductionVariants": [named("next-shadow")],
        },
        "FailureReason": "no capacity",
    }
    assert parse_endpoint(response, {"team": "ml"}) == ObservedEndpoint(
        name="iris",
        arn="arn:iris",
        status="InService",
        config_name="one",
        created_at=MADE,
        modified_at=CHANGED,
        variants=(READ,),
        shadows=(ObservedVariant("shadow"),),
        pending_config="two",
        pending=(ObservedVariant("next"),),
        pending_shadows=(ObservedVariant("next-shadow"),),
        failure_reason="no capacity",
        tags={"team": "ml"},
    )


def test_serverless_settings_are_those_that_are_desired_else_those_of_now() -> None:
    entry = {**named("primary"), "CurrentServerlessConfig": {"MaxConcurrency": 5}}
    (variant,) = parse_endpoint({**BARE, "ProductionVariants": [entry]}, {}).variants
    assert variant.serverless == {"MaxConcurrency": 5}


def test_awss_words_are_never_longer_than_the_status_takes_though_a_secret_is_shorter_than_its_mark() -> None:
    words = "pwd=x " * 170
    entry = {**named("primary"), "VariantStatus": [{"Status": "Creating", "StatusMessage": words}]}
    endpoint = parse_endpoint({**BARE, "FailureReason": words, "ProductionVariants": [entry]}, {})
    said = [endpoint.failure_reason or "", endpoint.variants[0].steps[0].message or ""]
    assert [len(each) for each in said] == [1024, 1024]
    assert not any("pwd=x" in each for each in said)


def test_a_variant_is_found_by_its_name_among_shadows_too() -> None:
    response = {**BARE, "ProductionVariants": [SHOWN], "ShadowProductionVariants": [named("shadow")]}
    endpoint = parse_endpoint(response, {})
    assert [endpoint.variant(name) for name in ("primary", "shadow", "none")] == [READ, ObservedVariant("shadow"), None]


CONFIG: dict[str, Any] = {
    "EndpointConfigName": "one",
    "EndpointConfigArn": "arn:one",
    "ProductionVariants": [
        {
            "VariantName": "primary",
            "ModelName": "m",
            "InstanceType": "ml.a",
            "InitialInstanceCount": 2,
            "InitialVariantWeight": 0.5,
        },
        {**named("cold"), "ModelName": "n", "ServerlessConfig": {"MaxConcurrency": 5}},
    ],
    "ShadowProductionVariants": [
        {
            "VariantName": "shadow",
            "ModelName": "s",
            "InstancePools": [{"InstanceType": "ml.b", "Priority": 2}, {"InstanceType": "ml.a", "Priority": 1}],
        }
    ],
}


def test_every_member_of_a_config_is_read() -> None:
    config = parse_config(CONFIG)
    primary = ConfigVariant("primary", "m", ("ml.a",), 2, 0.5)
    cold = ConfigVariant("cold", "n", (), None, None, {"MaxConcurrency": 5})
    shadow = ConfigVariant("shadow", "s", ("ml.a", "ml.b"), None, None)
    assert config == ObservedConfig("one", "arn:one", (primary, cold), (shadow,))
    assert config.raw is CONFIG
    assert [config.variant(name) for name in ("cold", "shadow", "none")] == [cold, shadow, None]


def test_a_config_needs_the_models_of_its_variants_and_shadows_where_they_have_one() -> None:
    without = {**CONFIG, "ProductionVariants": [*CONFIG["ProductionVariants"], named("of components")]}
    assert parse_config(without).models() == {"m", "n", "s"}


def test_a_config_without_shadows_has_none() -> None:
    bare = {**CONFIG, "ShadowProductionVariants": None}
    assert parse_config(bare).shadows == ()


@pytest.mark.parametrize(
    ("state", "suspended"),
    [
        ({}, False),
        (None, False),
        ({"DynamicScalingInSuspended": False, "ScheduledScalingSuspended": False}, False),
        ({"DynamicScalingInSuspended": True, "ScheduledScalingSuspended": True}, True),
        ({"DynamicScalingInSuspended": True, "ScheduledScalingSuspended": False}, None),
    ],
)
def test_every_member_of_a_scalable_target_is_read(state: dict[str, bool] | None, suspended: bool | None) -> None:
    policy, schedule = {"PolicyName": "p", "PolicyARN": "arn:p"}, {"ScheduledActionName": "s", "Schedule": "at(1)"}
    entry = {
        "ResourceId": "endpoint/iris/variant/primary",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "MinCapacity": 1,
        "MaxCapacity": 4,
        "SuspendedState": state,
    }
    assert parse_target(entry, [policy], [schedule]) == ObservedTarget(
        resource_id="endpoint/iris/variant/primary",
        dimension="sagemaker:variant:DesiredInstanceCount",
        min_capacity=1,
        max_capacity=4,
        suspended=suspended,
        policies={"p": policy},
        schedules={"s": schedule},
    )
