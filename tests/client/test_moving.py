"""`export` and `import`: manifests fit for another place, and those that take over what runs."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from smclient.aws.reading import live
from smclient.aws.session import Aws
from smclient.specs.manifest import exported, imported, object_name
from smsandbox.assets import ROLE_ARN
from smsandbox.testing.harness import Harness
from smsandbox.testing.json_server import JsonServer
from smsandbox.testing.random_specs import random_spec
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE
from smsandbox.world import REGION

Endpoint = Callable[..., dict[str, Any]]
HERE = "/apis/smendpoints.dev/v1alpha1/namespaces/ml/sagemakerendpoints"
NOW = datetime(2026, 11, 26, tzinfo=UTC)


def by_hand(harness: Harness) -> None:
    """An endpoint made with a script."""
    sagemaker = harness.client("sagemaker")
    container = {"Image": ECHO_IMAGE, "ModelDataUrl": ARTIFACTS[0], "Environment": {"A": "1"}}
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE_ARN, PrimaryContainer=container)
    variant = {"VariantName": "v1", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="Churn--Prod", EndpointConfigName="c", Tags=[{"Key": "team", "Value": "ml"}])
    harness.world.advance(600)
    scaling = harness.client("application-autoscaling")
    where = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/Churn--Prod/variant/v1",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**where, MinCapacity=1, MaxCapacity=4)
    configuration = {
        "TargetValue": 70.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
    scaling.put_scaling_policy(
        **where,
        PolicyName="SageMakerEndpointInvocationScalingPolicy",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=configuration,
    )


def test_what_a_script_made_is_taken_over_by_its_manifest_with_nothing_changed(harness: Harness) -> None:
    by_hand(harness)
    made = imported(live(Aws(REGION, harness.session), "Churn--Prod"))
    assert (made.unsaid, made.as_it_is) == ((), True)
    assert made.manifest["metadata"] == {"name": "churn-prod"}
    assert made.manifest["spec"]["tags"] == {"team": "ml"}
    harness.apply("churn-prod", made.manifest["spec"])
    status = harness.settle("churn-prod").status
    assert status.endpoint is not None
    assert (status.endpoint.config_name, status.adopted) == ("c", True)
    assert harness.calls("UpdateEndpoint") == harness.calls("UpdateEndpointWeightsAndCapacities") == 0
    assert harness.calls("DeleteScalingPolicy") == 0


def test_where_a_spec_cannot_say_it_a_new_fleet_is_told(harness: Harness) -> None:
    container = {"Image": ECHO_IMAGE, "ModelDataUrl": ARTIFACTS[0]}
    sagemaker = harness.client("sagemaker")
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE_ARN, PrimaryContainer=container)
    variant = {
        "VariantName": "v1",
        "ModelName": "m",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "EnableSSMAccess": True,
    }
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    harness.world.advance(600)
    made = imported(live(Aws(REGION, harness.session), "e"))
    assert made.unsaid == ("variant v1: EnableSSMAccess has no field in the spec",)


@pytest.mark.parametrize("seed", range(8))
def test_the_manifest_of_any_endpoint_serves_what_serves(harness: Harness, seed: int) -> None:
    wanted = random_spec(random.Random(seed), NOW)
    harness.apply("iris", {key: value for key, value in wanted.items() if key not in {"desiredState", "officeHours"}})
    harness.settle("iris")
    made = imported(live(Aws(REGION, harness.session), "default-iris"), name="x", namespace="n", region=REGION)
    assert made.as_it_is
    assert made.manifest["metadata"] == {"name": "x", "namespace": "n"}
    assert made.manifest["spec"]["region"] == REGION


@pytest.mark.parametrize(("endpoint", "name"), [("Iris", "iris"), ("A--b", "a-b"), ("x1", "x1")])
def test_the_object_is_named_as_the_endpoint_where_kubernetes_lets_it(endpoint: str, name: str) -> None:
    assert object_name(endpoint) == name


def test_an_export_has_what_people_wrote_alone(endpoint: Endpoint) -> None:
    found = endpoint()
    found["metadata"] |= {
        "labels": {"team": "a", "kustomize.toolkit.fluxcd.io/name": "x"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "smendpoints.dev/retry": "1"},
        "finalizers": ["smendpoints.dev/finalizer"],
        "managedFields": [],
    }
    assert exported(found) == {
        "apiVersion": "smendpoints.dev/v1alpha1",
        "kind": "SageMakerEndpoint",
        "metadata": {"name": "iris", "namespace": "ml", "labels": {"team": "a"}},
        "spec": found["spec"],
    }


def test_exports_of_many_are_documents_and_hostile_text_is_escaped(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any
) -> None:
    hostile = endpoint("b", spec={"variants": [], "tags": {"a": "\x1b[2J: #"}})
    server.answers["GET", HERE] = {"items": [endpoint("a"), hostile], "metadata": {}}
    ran = smendpoint("export")
    assert "\x1b" not in ran.out
    assert [each["metadata"]["name"] for each in yaml.safe_load_all(ran.out)] == ["a", "b"]
    assert list(yaml.safe_load_all(ran.out))[1]["spec"] == hostile["spec"]
    listed = smendpoint("export", "-o", "json")
    assert "\x1b" not in listed.out
    assert listed.json()["kind"] == "List"
    assert [each["metadata"]["name"] for each in listed.json()["items"]] == ["a", "b"]
    server.answers["GET", f"{HERE}/a"] = endpoint("a")
    assert smendpoint("export", "a", "-o", "json").json()["kind"] == "SageMakerEndpoint"


def test_what_to_import_has_to_be_said(smendpoint: Any) -> None:
    assert smendpoint("import").code == 2
    assert smendpoint("import", "a", "--all").code == 2
    assert smendpoint("import", "a", "b", "--name", "x").code == 2
