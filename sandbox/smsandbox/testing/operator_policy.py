"""An operator that is held to the policies of manifests/iam, or to some of their statements."""

import json
from collections.abc import Callable, Collection
from typing import Any

from smsandbox import paths
from smsandbox.assets import ROLE_ARN
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE
from smsandbox.world import ACCOUNT, REGION

POLICIES = [paths.repository() / "manifests" / "iam" / f"operator-policy{each}.json" for each in ("", "-optional")]
MINE, OTHERS = "cluster-1", "cluster-2"  # the harness's operator, and another
Statement = dict[str, Any]
Clients = Callable[[str], Any]


def statements(*, without: Collection[str] = ()) -> list[Statement]:
    """The policy for the cluster of the harness, less some of its statements."""
    texts = [each.read_text().replace("CLUSTER_ID", MINE) for each in POLICIES]
    found = [statement for text in texts for statement in json.loads(text)["Statement"]]
    assert set(without) <= {each["Sid"] for each in found}
    return [each for each in found if each["Sid"] not in without]


def allow(harness: Harness, granted: list[Statement]) -> None:
    """Give the operator's user these statements, and no others."""
    document = json.dumps({"Version": "2012-10-17", "Statement": granted})
    harness.client("iam").put_user_policy(UserName="operator", PolicyName="operator", PolicyDocument=document)


def hold(harness: Harness) -> None:
    """From now on the operator is a user with the policy, and IAM keeps it to that."""
    iam = harness.client("iam")
    iam.create_user(UserName="operator")
    allow(harness, statements())
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    credentials = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    harness.connections = harness.connections_of(harness.session_of(**credentials))
    harness.restart()
    harness.world.settings = harness.world.settings.changed({"enforce_iam": True})


def arn(kind_and_name: str) -> str:
    """The ARN of what SageMaker has under this kind and name."""
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind_and_name}"


def tags_of(admin: Clients, kind_and_name: str) -> dict[str, str]:
    """The tags of an endpoint, a config or a model."""
    listed = admin("sagemaker").list_tags(ResourceArn=arn(kind_and_name))["Tags"]
    return {tag["Key"]: tag["Value"] for tag in listed}


CONTAINER = {"Image": ECHO_IMAGE, "ModelDataUrl": ARTIFACTS[0]}


def variants(model: str) -> list[dict[str, Any]]:
    """The one variant of a config that is made by hand."""
    return [{"VariantName": "v", "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}]


def make(admin: Clients, name: str, owned: list[dict[str, str]] | None = None) -> None:
    """A model, a config and an endpoint of this name, made by hand, with these tags."""
    given = owned or []
    admin("sagemaker").create_model(ModelName=name, ExecutionRoleArn=ROLE_ARN, PrimaryContainer=CONTAINER, Tags=given)
    admin("sagemaker").create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants(name), Tags=given)
    admin("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=given)
