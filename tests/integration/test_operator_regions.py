"""Objects live where they say: in other regions and accounts, too."""

import json
from typing import Any

import boto3

from smsandbox.aws.moto.images import push
from smsandbox.testing.specs import spec, with_variant
from smsandbox.testing.stage import Stage

ELSEWHERE = "eu-west-1"
OTHER_ACCOUNT = "999999999999"
OTHER_ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/platform"


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
