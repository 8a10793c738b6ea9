"""`import --from-ack`: endpoints that AWS Controllers for Kubernetes keep, as manifests that take them over."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from smclient.aws.reading import live
from smclient.aws.session import Aws
from smclient.aws.shapes import as_called
from smclient.errors import ClientError
from smclient.specs.ack import from_ack
from smclient.specs.manifest import imported
from smsandbox import paths
from smsandbox.assets import ROLE_ARN
from smsandbox.testing.documented import blocks
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE
from smsandbox.world import REGION

SAGEMAKER = "sagemaker.services.k8s.aws/v1alpha1"
SCALING = "applicationautoscaling.services.k8s.aws/v1alpha1"
RESOURCE = "endpoint/Churn-Prod/variant/blue"


def ack(kind: str, spec: dict[str, Any], group: str = SAGEMAKER, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": group,
        "kind": kind,
        "metadata": {"name": "churn", "namespace": "ml", **metadata},
        "spec": spec,
    }


def churn() -> list[dict[str, Any]]:
    """An endpoint with scaling as ACK has it: its spelling of acronyms differs from AWS's."""
    return [
        ack(
            "Endpoint",
            {
                "endpointName": "Churn-Prod",
                "endpointConfigName": "churn-1",
                "tags": [{"key": "team", "value": "Risk"}],
            },
            annotations={"services.k8s.aws/region": REGION},
        ),
        ack(
            "EndpointConfig",
            {
                "endpointConfigName": "churn-1",
                "kmsKeyID": "arn:aws:kms:us-east-1:123456789012:key/k",
                "productionVariants": [
                    {
                        "variantName": "blue",
                        "modelName": "churn-model",
                        "instanceType": "ml.m5.large",
                        "initialInstanceCount": 2,
                        "initialVariantWeight": 3,
                        "volumeSizeInGB": 30,
                    }
                ],
                "dataCaptureConfig": {
                    "enableCapture": True,
                    "initialSamplingPercentage": 20,
                    "destinationS3URI": "s3://captured/churn",
                    "captureOptions": [{"captureMode": "Input"}],
                },
            },
        ),
        ack(
            "Model",
            {
                "modelName": "churn-model",
                "executionRoleARN": ROLE_ARN,
                "vpcConfig": {"subnets": ["subnet-2", "subnet-1"], "securityGroupIDs": ["sg-1"]},
                "primaryContainer": {
                    "image": ECHO_IMAGE,
                    "modelDataURL": ARTIFACTS[0],
                    "environment": {"modelName": "stays", "MODEL_URL": "too"},
                },
            },
        ),
        ack(
            "ScalableTarget",
            {
                "resourceID": RESOURCE,
                "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
                "serviceNamespace": "sagemaker",
                "minCapacity": 2,
                "maxCapacity": 6,
            },
            SCALING,
        ),
        ack(
            "ScalingPolicy",
            {
                "policyName": "by-requests",
                "policyType": "TargetTrackingScaling",
                "resourceID": RESOURCE,
                "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
                "serviceNamespace": "sagemaker",
                "targetTrackingScalingPolicyConfiguration": {
                    "targetValue": 70.0,
                    "predefinedMetricSpecification": {"predefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
                },
            },
            SCALING,
        ),
    ]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "ack.yaml"
    path.write_text(yaml.safe_dump_all(churn()), encoding="utf-8")
    return path


def test_the_manifest_says_what_the_objects_of_ack_say(smendpoint: Any, written: Path) -> None:
    ran = smendpoint("import", "--from-ack", str(written))
    made = yaml.safe_load(ran.out)
    assert made["metadata"] == {"name": "churn", "namespace": "ml"}
    spec = made["spec"]
    assert (spec["endpointName"], spec["region"], spec["adoptExisting"]) == ("Churn-Prod", REGION, True)
    assert (spec["tags"], spec["executionRoleARN"]) == ({"team": "Risk"}, ROLE_ARN)
    assert spec["kmsKeyID"] == "arn:aws:kms:us-east-1:123456789012:key/k"
    assert spec["vpc"] == {"subnetIDs": ["subnet-1", "subnet-2"], "securityGroupIDs": ["sg-1"]}
    assert spec["dataCapture"]["destination"] == "s3://captured/churn"
    (variant,) = spec["variants"]
    assert (variant["name"], variant["weight"], variant["image"]) == ("blue", 3, ECHO_IMAGE)
    assert variant["modelArtifact"] == ARTIFACTS[0]
    assert variant["instance"] == {"type": "ml.m5.large", "count": 2, "volumeSizeGB": 30}
    assert variant["environment"] == {"modelName": "stays", "MODEL_URL": "too"}, "no name of a member is made of it"
    assert (variant["scaling"]["minCapacity"], variant["scaling"]["maxCapacity"]) == (2, 6)
    assert variant["scaling"]["targetTracking"][0]["targetValue"] == 70
    assert "services.k8s.aws/deletion-policy=retain" in ran.out
    assert (ran.code, "not in the spec" in ran.out) == (0, False), ran.out


def test_the_guide_shows_what_is_printed_for_its_sample(smendpoint: Any) -> None:
    (block,) = (each for each in blocks(paths.repository() / "docs/guides/from-ack.md") if each.kind == "console")
    (command,) = block.commands
    name, *arguments, sample = command.removeprefix("kubectl smendpoint ").split()
    ran = smendpoint(name, *arguments, str(paths.repository() / sample))
    assert (ran.code, ran.out) == (0, block.text.partition("\n")[2])


def test_it_is_the_manifest_that_aws_itself_would_give(harness: Harness) -> None:
    """What ACK creates of the objects, read back from AWS, is imported as the same spec."""
    sagemaker = harness.client("sagemaker")
    calls = {"Model": sagemaker.create_model, "EndpointConfig": sagemaker.create_endpoint_config}
    for each in reversed(churn()[:3]):
        request, unknown = as_called("sagemaker", f"Create{each['kind']}", each["spec"])
        assert unknown == ()
        calls.get(each["kind"], sagemaker.create_endpoint)(**request)
    harness.world.advance(600)
    (read,) = from_ack(churn()[:3], as_called)
    of_aws, of_ack = imported(live(Aws(REGION, harness.session), "Churn-Prod")), imported(read.found)
    assert of_ack.manifest["spec"] == of_aws.manifest["spec"]
    assert (of_ack.unsaid, of_ack.as_it_is) == (of_aws.unsaid, of_aws.as_it_is) == ((), True)


def test_a_list_is_what_it_holds_and_other_kinds_are_passed_over(smendpoint: Any, tmp_path: Path) -> None:
    objects = [*churn(), ack("FeatureGroup", {}), {"apiVersion": "v1", "kind": "Secret", "metadata": {}}]
    path = tmp_path / "list.yaml"
    path.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": objects}), encoding="utf-8")
    whole = yaml.safe_load(smendpoint("import", "--from-ack", str(path)).out)
    path.write_text(yaml.safe_dump_all(churn()), encoding="utf-8")
    assert yaml.safe_load(smendpoint("import", "--from-ack", str(path)).out) == whole


def test_options_win_over_what_the_object_is_called(smendpoint: Any, written: Path) -> None:
    given = ("--name", "mine", "-n", "there", "--region", "eu-west-1")
    made = yaml.safe_load(smendpoint("import", "--from-ack", str(written), *given).out)
    assert (made["metadata"], made["spec"]["region"]) == ({"name": "mine", "namespace": "there"}, "eu-west-1")
    assert smendpoint("import", "a", "--from-ack", str(written)).code == 2


def test_what_a_spec_cannot_say_is_told(smendpoint: Any, tmp_path: Path) -> None:
    objects = churn()
    objects[0]["spec"]["deploymentConfig"] = {"blueGreenUpdatePolicy": {}}
    objects[1]["spec"]["productionVariants"][0]["fromTheFuture"] = 1
    objects[2]["spec"]["primaryContainer"]["modelPackageName"] = "package"
    path = tmp_path / "ack.yaml"
    path.write_text(yaml.safe_dump_all(objects), encoding="utf-8")
    ran = smendpoint("import", "--from-ack", str(path))
    assert ran.code == 1
    for told in (
        "not in the spec: deploymentConfig of the Endpoint: write it as spec.rollout",
        "not in the spec: productionVariants[0].fromTheFuture of EndpointConfig churn-1",
        "ModelPackageName of its container has no field in the spec",
    ):
        assert told in ran.out


@pytest.mark.parametrize(
    ("without", "sentence"),
    [
        ("Endpoint", "there is no Endpoint of ACK in it"),
        ("EndpointConfig", "EndpointConfig churn-1, which Endpoint Churn-Prod names, is not in it"),
        ("Model", "Model churn-model, which EndpointConfig churn-1 names, is not in it"),
    ],
)
def test_what_is_missing_is_named(without: str, sentence: str) -> None:
    with pytest.raises(ClientError, match=sentence):
        from_ack([each for each in churn() if each["kind"] != without], as_called)


def test_what_is_no_manifest_is_refused(smendpoint: Any, tmp_path: Path) -> None:
    path = tmp_path / "x"
    for text, said in (("{", "no YAML"), ("- 1", "no object of Kubernetes"), ("", "no Endpoint of ACK")):
        path.write_text(text, encoding="utf-8")
        ran = smendpoint("import", "--from-ack", str(path))
        assert (ran.code, said in ran.err) == (1, True)
    nameless = copy.deepcopy(churn())
    del nameless[2]["spec"]["modelName"]
    with pytest.raises(ClientError, match="Model churn of ACK has no ModelName"):
        from_ack(nameless, as_called)
