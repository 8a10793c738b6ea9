"""What users of other systems ask for, each in a sentence; those that no other file proves."""

import json
from typing import Any

import boto3
import pytest
from kubernetes import client

from smsandbox.aws.images import push
from smsandbox.testing.stage import ARTIFACTS, ECHO_IMAGE, Stage, condition, has, spec, with_variant

ELSEWHERE = "eu-west-1"
OTHER_ACCOUNT = "999999999999"
OTHER_ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/platform"


def test_a_missing_image_is_said_in_seconds_before_anything_is_billed(stage: Stage) -> None:
    missing = ECHO_IMAGE.replace("echo:1.0", "nobody-pushed-me:1.0")
    stage.apply("iris", with_variant(spec(), image=missing))
    found = stage.stalled("iris", "ImageNotFound")
    told = condition(found, "Stalled")
    assert told is not None
    assert told["message"] == f"the image {missing} is not in Amazon ECR: push it, or name one that is there"
    assert stage.left("iris") == {}
    push(stage.cloud.aws("ecr"), missing, "echo")
    stage.ready("iris")


def test_an_endpoint_can_be_stopped_and_comes_back_as_it_was(stage: Stage) -> None:
    stage.apply("iris", spec())
    config = stage.ready("iris")["status"]["endpoint"]["configName"]
    stage.apply("iris", spec(desiredState="Stopped"))
    stage.until("iris", lambda found: has(found, "Ready") and found["status"]["endpoint"]["status"] == "Stopped")
    assert set(stage.left("iris")) == {"configs", "models"}
    stage.apply("iris", spec())
    found = stage.until("iris", lambda found: has(found, "Ready") and "configName" in found["status"]["endpoint"])
    assert found["status"]["endpoint"]["configName"] == config
    assert len(stage.inventory("iris")["policies"]) == 1


def test_the_status_says_what_the_endpoint_costs(stage: Stage) -> None:
    stage.apply("iris", with_variant(spec(), scaling=None, instance={"type": "ml.m5.xlarge", "count": 2}))
    assert stage.ready("iris")["status"]["cost"]["hourlyUSD"] == "0.46"


def test_drift_is_only_reported_when_the_policy_says_so(stage: Stage) -> None:
    stage.apply("iris", spec(driftPolicy="Report"))
    stage.ready("iris")
    stage.cloud.aws("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=stage.endpoint_name("iris"),
        DesiredWeightsAndCapacities=[{"VariantName": "primary", "DesiredWeight": 7}],
    )
    found = stage.until("iris", lambda found: has(found, "Drifted"), "Drifted")
    told = condition(found, "Drifted")
    assert told is not None
    assert "primary: weight 1" in told["message"]
    live = stage.live("iris")
    assert live is not None
    assert live["ProductionVariants"][0]["DesiredWeight"] == 7


def test_an_endpoint_made_by_hand_is_adopted_without_a_new_fleet(stage: Stage) -> None:
    sagemaker, name = stage.cloud.aws("sagemaker"), stage.endpoint_name("iris")
    container = {"Image": ECHO_IMAGE, "ModelDataUrl": ARTIFACTS[0]}
    role = spec()["executionRoleARN"]
    sagemaker.create_model(ModelName=f"{name}-old", PrimaryContainer=container, ExecutionRoleArn=role)
    variant = {"VariantName": "primary", "ModelName": f"{name}-old", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName=f"{name}-old", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-old")
    stage.see(lambda: (stage.live("iris") or {}).get("EndpointStatus") == "InService", "the endpoint in service")
    stage.apply("iris", spec(adoptExisting=True))
    found = stage.ready("iris")
    assert found["status"]["endpoint"]["configName"] == f"{name}-old"
    assert len(stage.inventory("iris")["policies"]) == 1
    stage.delete("iris")
    stage.gone("iris")
    assert stage.live("iris") is None
    sagemaker.delete_endpoint_config(EndpointConfigName=f"{name}-old")
    sagemaker.delete_model(ModelName=f"{name}-old")


def elsewhere(stage: Stage, service: str) -> Any:
    """A client in the other account and region."""
    url = stage.cloud.world.aws_url
    answer = stage.cloud.aws("sts").assume_role(RoleArn=OTHER_ROLE, RoleSessionName="test")
    keys = answer["Credentials"]
    client_of: Any = boto3.client
    return client_of(
        service,
        region_name=ELSEWHERE,
        endpoint_url=url,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def test_an_object_may_live_in_another_account_and_region(stage: Stage) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    elsewhere(stage, "iam").create_role(RoleName="models", AssumeRolePolicyDocument=json.dumps(trust))
    s3 = elsewhere(stage, "s3")
    s3.create_bucket(Bucket="models-elsewhere", CreateBucketConfiguration={"LocationConstraint": ELSEWHERE})
    s3.put_object(Bucket="models-elsewhere", Key="a/model.tar.gz", Body=b"model")
    image = f"{OTHER_ACCOUNT}.dkr.ecr.{ELSEWHERE}.amazonaws.com/echo:1.0"
    push(elsewhere(stage, "ecr"), image, "echo")
    wanted = spec(
        region=ELSEWHERE, assumeRoleARN=OTHER_ROLE, executionRoleARN=f"arn:aws:iam::{OTHER_ACCOUNT}:role/models"
    )
    stage.apply("iris", with_variant(wanted, image=image, modelArtifact="s3://models-elsewhere/a/model.tar.gz"))
    found = stage.ready("iris")
    assert found["status"]["endpoint"]["arn"].startswith(f"arn:aws:sagemaker:{ELSEWHERE}:{OTHER_ACCOUNT}:endpoint/")
    assert stage.live("iris") is None
    shown = elsewhere(stage, "sagemaker").describe_endpoint(EndpointName=stage.endpoint_name("iris"))
    assert shown["EndpointStatus"] == "InService"
    stage.delete("iris")
    stage.gone("iris")
    assert elsewhere(stage, "sagemaker").list_models()["Models"] == []


def test_no_edit_may_move_an_object_to_another_region(stage: Stage) -> None:
    stage.apply("iris", spec())
    stage.ready("iris")
    with pytest.raises(client.ApiException, match="region"):
        stage.apply("iris", spec(region=ELSEWHERE))
