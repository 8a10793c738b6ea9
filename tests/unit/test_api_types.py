"""The custom resource's types: names, defaults, and what of a live body they read."""

from typing import Any

import pytest
from pydantic import ValidationError

from smendpoints.api.casing import camel
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.api.variants import Variant

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-sklearn-inference:1.0"


def body(**spec: Any) -> dict[str, Any]:
    variant = {"name": "primary", "image": IMAGE, "instance": {"type": "ml.m5.large"}}
    return {
        "apiVersion": "smendpoints.dev/v1alpha1",
        "kind": "SageMakerEndpoint",
        "metadata": {"name": "iris", "namespace": "default", "uid": "u", "generation": 3, "labels": {"a": "b"}},
        "spec": {"variants": [variant]} | spec,
        "status": {"observedGeneration": -1},
    }


@pytest.mark.parametrize(
    ("python", "manifest"),
    [
        ("kms_key_id", "kmsKeyID"),
        ("execution_role_arn", "executionRoleARN"),
        ("subnet_ids", "subnetIDs"),
        ("volume_size_gb", "volumeSizeGB"),
        ("memory_size_mb", "memorySizeMB"),
        ("hourly_usd", "hourlyUSD"),
        ("async_", "async"),
        ("weight", "weight"),
    ],
)
def test_a_field_is_named_as_aws_names_it_in_camel_case_with_acronyms_in_capitals(python: str, manifest: str) -> None:
    assert camel(python) == manifest


def test_a_live_body_is_parsed_with_its_defaults() -> None:
    parsed = SageMakerEndpoint.parse(body())
    assert (parsed.metadata.generation, parsed.status.observed_generation) == (3, -1)
    (variant,) = parsed.spec.variants
    assert variant.instance is not None
    assert (variant.weight, variant.instance.count, variant.containers) == (1.0, 1, [])
    assert (parsed.spec.rollout.strategy, parsed.spec.desired_state) == ("AllAtOnce", "Running")


def test_a_field_of_a_newer_version_is_passed_over() -> None:
    assert SageMakerEndpoint.parse(body(explainer={"new": True})) == SageMakerEndpoint.parse(body())


def test_a_value_is_frozen() -> None:
    parsed = SageMakerEndpoint.parse(body())
    with pytest.raises(ValidationError, match="frozen"):
        parsed.spec.suspend = True  # type: ignore[misc]


def test_what_is_written_reads_back_as_the_same() -> None:
    given = SageMakerEndpointSpec.model_validate(
        body(**{"async": {"outputPath": "s3://answers/"}}, kmsKeyID="alias/key", tags={"team": "x"})["spec"]
    )
    assert SageMakerEndpointSpec.model_validate(given.to_json()) == given
    assert given.to_json()["async"] == {"outputPath": "s3://answers/"}


def test_the_short_form_of_a_variant_is_one_container() -> None:
    variant = Variant.model_validate({"name": "a", "image": IMAGE, "environment": {"A": "1"}})
    (container,) = variant.all_containers()
    assert (container.image, container.environment) == (IMAGE, {"A": "1"})
