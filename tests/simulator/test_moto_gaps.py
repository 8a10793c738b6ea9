"""What reaches moto: plainly refused where nobody would find it, 501 where moto lacks it, AWS's own policies, scans."""

import json
from typing import Any

import pytest

OCI = "application/vnd.oci.image.manifest.v1+json"


def template(kind: str) -> str:
    return json.dumps({"Resources": {"It": {"Type": kind, "Properties": {"EndpointConfigName": "c"}}}})


@pytest.mark.parametrize(
    "kind", ["AWS::SageMaker::Model", "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::CloudWatch::Alarm"]
)
def test_cloudformation_does_not_make_what_nobody_would_find(cloud: Any, refused: Any, kind: str) -> None:
    cfn = cloud.client("cloudformation")
    nested = template("AWS::CloudFormation::Stack").replace('"c"', '"https://models.s3.amazonaws.com/inner.json"')
    cloud.client("s3").put_object(Bucket="models", Key="inner.json", Body=template(kind).encode())
    for given in (
        {"TemplateBody": template(kind)},
        {"TemplateBody": f"Resources:\n  It:\n    Type: {kind}\n"},
        {"TemplateURL": "https://s3.us-east-1.amazonaws.com/models/inner.json"},
        {"TemplateURL": "https://models.s3.amazonaws.com/inner.json"},
        {"TemplateBody": nested},
    ):
        with refused("ValidationError") as error:
            cfn.create_stack(StackName="stack", **given)
        assert f"does not make {kind}" in error.text
    assert cfn.list_stacks()["StackSummaries"] == []


def test_cloudformation_makes_what_is_motos(cloud: Any) -> None:
    cloud.client("cloudformation").create_stack(StackName="stack", TemplateBody=template("AWS::SQS::Queue"))
    assert len(cloud.client("sqs").list_queues()["QueueUrls"]) == 1


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("cloudwatch", "describe_anomaly_detectors", {}),
        ("cloudwatch", "get_metric_widget_image", {"MetricWidget": "{}"}),
        ("cloudtrail", "lookup_events", {}),
        ("pricing", "get_products", {"ServiceCode": "AmazonSageMaker"}),
        ("iam", "simulate_custom_policy", {"PolicyInputList": ["{}"], "ActionNames": ["a:b"]}),
        ("accessanalyzer", "list_analyzers", {}),
    ],
)
def test_what_moto_lacks_is_not_simulated_and_clients_do_not_try_again(
    cloud: Any, refused: Any, service: str, operation: str, params: dict[str, Any]
) -> None:
    with refused("NotImplemented") as error:
        getattr(cloud.session.client(service), operation)(**params)
    assert "does not simulate" in error.text
    assert cloud.world.calls.count(code="NotImplemented") <= 1


def test_awss_own_policies_can_be_attached_and_count(cloud: Any, refused: Any) -> None:
    iam = cloud.client("iam")
    for name in ("AmazonSageMakerFullAccess", "AmazonS3FullAccess", "service-role/AWSLambdaBasicExecutionRole"):
        iam.attach_role_policy(RoleName="execution", PolicyArn=f"arn:aws:iam::aws:policy/{name}")
    attached = iam.list_attached_role_policies(RoleName="execution")["AttachedPolicies"]
    assert {each["PolicyName"] for each in attached} >= {"AmazonSageMakerFullAccess", "AmazonS3FullAccess"}
    with refused("NoSuchEntity"):
        iam.attach_role_policy(RoleName="execution", PolicyArn="arn:aws:iam::aws:policy/NoSuchPolicy")


@pytest.mark.parametrize("on_push", [True, False])
def test_an_image_is_scanned_on_push_where_the_repository_says_so(cloud: Any, refused: Any, *, on_push: bool) -> None:
    ecr = cloud.client("ecr")
    ecr.create_repository(repositoryName="shop", imageScanningConfiguration={"scanOnPush": on_push})
    manifest = json.dumps(
        {"schemaVersion": 2, "mediaType": OCI, "config": {"digest": "sha256:00", "size": 1}, "layers": []}
    )
    ecr.put_image(repositoryName="shop", imageManifest=manifest, imageTag="1")
    asked = {"repositoryName": "shop", "imageId": {"imageTag": "1"}}
    if on_push:
        assert ecr.describe_image_scan_findings(**asked)["imageScanStatus"]["status"] == "COMPLETE"
    else:
        with refused("ScanNotFoundException"):
            ecr.describe_image_scan_findings(**asked)


def test_metric_math_that_is_not_there_is_refused_with_one_code(cloud: Any, refused: Any) -> None:
    for expression in ("SEARCH('x', 'Sum')", "SELECT AVG(x) FROM y"):
        query = {"Id": "a", "Expression": expression, "Period": 60}
        with refused("ValidationError"):
            cloud.client("cloudwatch").get_metric_data(MetricDataQueries=[query], StartTime=1, EndTime=2)
