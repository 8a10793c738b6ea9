"""Images and artifacts of another account: served as on AWS, but for serverless; and who may have them under IAM."""

import json
from typing import Any

import boto3
import pytest

from smsandbox.aws.http.inprocess import attach
from smsandbox.aws.moto.images import push

OTHER = "222222222222"
IMAGE = f"{OTHER}.dkr.ecr.us-east-1.amazonaws.com/shared/iris:1.0"
REPOSITORY = f"arn:aws:ecr:us-east-1:{OTHER}:repository/shared/iris"
SERVERLESS = {"InstanceType": None, "InitialInstanceCount": None}
HOSTED = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}


def session_of(cloud: Any, role: str) -> Any:
    """A session of whoever assumed a role."""
    taken = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    made = boto3.Session(taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"], region_name="us-east-1")
    return attach(made, cloud.simulator.gateway)


@pytest.fixture
def other(cloud: Any) -> Any:
    """A session in the other account."""
    return session_of(cloud, f"arn:aws:iam::{OTHER}:role/anybody")


def test_an_image_that_its_own_account_pushed_is_served(cloud: Any, other: Any) -> None:
    digest = push(other.client("ecr"), IMAGE, "echo")
    cloud.model("shared", container={"Image": IMAGE})
    cloud.endpoint("ep", {"ModelName": "shared"})
    assert cloud.status() == "InService"
    shown = cloud.describe()["ProductionVariants"][0]["DeployedImages"][0]
    assert shown["ResolvedImage"] == f"{IMAGE.removesuffix(':1.0')}@{digest}"


def test_an_image_is_pushed_to_the_registry_that_its_name_says(cloud: Any, other: Any, refused: Any) -> None:
    ecr = cloud.client("ecr")
    push(ecr, IMAGE, "echo")
    asked = {"repositoryName": "shared/iris", "imageIds": [{"imageTag": "1.0"}]}
    for client, named in ((other.client("ecr"), {}), (ecr, {"registryId": OTHER})):
        assert client.describe_images(**asked, **named)["imageDetails"][0]["registryId"] == OTHER
    with refused("RepositoryNotFoundException"):
        ecr.describe_images(**asked)
    cloud.model("shared", container={"Image": IMAGE})
    cloud.endpoint("ep", {"ModelName": "shared"})
    assert cloud.status() == "InService"


def test_an_artifact_in_another_accounts_bucket_is_served(cloud: Any, other: Any) -> None:
    s3 = other.client("s3")
    s3.create_bucket(Bucket="theirs")
    s3.put_object(Bucket="theirs", Key="a/model.tar.gz", Body=b"artifact")
    cloud.model("shared", container={"ModelDataUrl": "s3://theirs/a/model.tar.gz"})
    cloud.endpoint("ep", {"ModelName": "shared"})
    assert cloud.status() == "InService"


def test_serverless_takes_images_of_its_own_account_and_of_aws_alone(cloud: Any, other: Any, refused: Any) -> None:
    push(other.client("ecr"), IMAGE, "echo")
    cloud.model("shared", container={"Image": IMAGE})
    with refused("ValidationException") as error:
        cloud.config("c", {**SERVERLESS, **HOSTED, "ModelName": "shared"})
    assert error.text == (
        "The container image URI is not a prebuilt SageMaker algorithm or deep learning image, or the "
        "bring-your-own container image URI does not reside in an Amazon ECR repository within the same AWS account "
        "creating the endpoint."
    )
    cloud.set(options={"verify_images": False})  # AWS's own are not in this registry
    cloud.model("prebuilt", container={"Image": IMAGE.replace(OTHER, "763104351884")})
    for model in ("iris", "prebuilt"):
        cloud.config(model, {**SERVERLESS, **HOSTED, "ModelName": model})


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_what_another_account_has_needs_its_own_policy_too_where_iam_is_enforced(
    cloud: Any, other: Any, refused: Any
) -> None:
    push(other.client("ecr"), IMAGE, "echo")
    other.client("s3").create_bucket(Bucket="theirs")
    other.client("s3").put_object(Bucket="theirs", Key="a", Body=b"artifact")
    role = cloud.role("operator")
    mine = session_of(cloud, role)
    ecr, s3 = mine.client("ecr"), mine.client("s3")
    images = {"repositoryName": "shared/iris", "registryId": OTHER}
    rights = [
        {"Effect": "Allow", "Action": "ecr:DescribeImages", "Resource": REPOSITORY},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::theirs"},
    ]

    def grant(*statements: dict[str, Any]) -> None:
        cloud.set(enforce_iam=False)
        cloud.client("iam").put_role_policy(RoleName="operator", PolicyName="p", PolicyDocument=policy(*statements))
        cloud.set(enforce_iam=True)

    grant(*rights)
    with refused("AccessDeniedException") as error:
        ecr.describe_images(**images)
    assert f"to perform: ecr:DescribeImages on resource: {REPOSITORY} because no resource-based policy" in error.text
    with refused("AccessDenied"):
        s3.list_objects_v2(Bucket="theirs")

    cloud.set(enforce_iam=False)
    for principal, resources in ((role, {}), ("123456789012", {"Resource": "arn:aws:s3:::theirs"})):
        allowing = policy({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "*", **resources})
        if resources:
            other.client("s3").put_bucket_policy(Bucket="theirs", Policy=allowing)
        else:
            other.client("ecr").set_repository_policy(repositoryName="shared/iris", policyText=allowing)
    cloud.set(enforce_iam=True)
    assert ecr.describe_images(**images)["imageDetails"]
    assert s3.list_objects_v2(Bucket="theirs")["Contents"]

    grant(
        {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    )  # the caller's own account has to allow it, too
    with refused("AccessDeniedException") as error:
        ecr.describe_images(**images)
    assert "no identity-based policy" in error.text
