"""The templates of `manifests/iam`, made as stacks: the roles that they make have what the JSON documents say."""

import ast
import json
from typing import Any

import pytest

from smsandbox.aws.iam.policy import Access, decide
from smsandbox.iam_roles import cloudformation, documents

CLUSTER, ACCOUNT = "0b6b1a9e-6b1c-4c4e-9d53-3a2f1a7f0c11", "123456789012"
ROLES = ",".join(f"arn:aws:iam::{ACCOUNT}:role/{team}" for team in ("a", "b"))
OIDC = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
OTHER = "arn:aws:iam::111122223333:role/smendpoints"
VALUES = {
    "ClusterId": CLUSTER,
    "ExecutionRoleArns": ROLES,
    "Namespace": "ml-system",
    "ServiceAccount": "sm",
    "OidcProvider": OIDC,
    "OperatorRoleArn": OTHER,
    "ExternalId": "id-42",
}


def made(cloud: Any, file: str, parameters: dict[str, str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Trust and policies of the role that a stack of the template makes."""
    cloud.client("cloudformation").create_stack(
        StackName="roles",
        TemplateBody=cloudformation.files()[file],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName="roles")["Stacks"]
    (arn,) = (each["OutputValue"] for each in stack["Outputs"])
    iam, name = cloud.client("iam"), arn.rpartition("/")[2]
    policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
    found = [iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in sorted(policies)]
    # moto writes what a stack says as Python would
    rights = [ast.literal_eval(each) if isinstance(each, str) else each for each in found]
    return iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"], rights


def filled(name: str, values: dict[str, str]) -> dict[str, Any]:
    """A document with values in the place of its words."""
    text = json.dumps(documents.document(name))
    for word in documents.WORDS:
        text = text.replace(word, values.get(word, word))
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize("trust", ["irsa", "pod-identity", "cross-account"])
def test_the_operators_role_is_that_of_the_documents(bare: Any, trust: str) -> None:
    words = {
        "CLUSTER_ID": CLUSTER,
        "ACCOUNT_ID": ACCOUNT,
        "NAMESPACE": "ml-system",
        "SERVICE_ACCOUNT": "sm",
        "OIDC_PROVIDER": OIDC,
        "OPERATOR_ROLE_ARN": OTHER,
        "EXTERNAL_ID": "id-42",
    }
    trusted, rights = made(bare, "operator-role.yaml", {**VALUES, "Trust": trust})
    assert trusted == filled(f"operator-trust-{trust}", words)
    wanted = filled("operator-policy", words)
    for statement in wanted["Statement"]:
        if "iam:PassRole" in statement["Action"]:
            statement["Resource"] = ROLES.split(",")
    assert rights == [wanted, filled("operator-policy-optional", words)]


def test_the_operators_role_without_what_is_optional(bare: Any) -> None:
    _, rights = made(bare, "operator-role.yaml", {**VALUES, "Optional": "false"})
    assert len(rights) == 1
    assert not [each["Sid"] for each in rights[0]["Statement"] if each["Sid"].startswith("Optional")]


def test_the_models_role_is_that_of_the_documents(bare: Any) -> None:
    trusted, rights = made(bare, "execution-role.yaml", {"Bucket": "models", "Repository": "iris"})
    words = {"BUCKET": "models", "REPOSITORY": "iris", "ACCOUNT_ID": ACCOUNT, "REGION": "us-east-1"}
    assert trusted == documents.document("execution-trust")
    assert rights == [filled("execution-policy", words)]


@pytest.mark.parametrize(
    ("keys", "actions"),
    [
        ({"sts:externalid": ("id-42",), "aws:requesttag/smendpoints.dev/cluster": (CLUSTER,)}, (True, True)),
        ({"sts:externalid": ("id-43",), "aws:requesttag/smendpoints.dev/cluster": ("other",)}, (False, False)),
        ({}, (False, False)),
    ],
    ids=["as asked for", "another's", "nothing said"],
)
def test_across_accounts_it_takes_the_external_id_and_the_clusters_tag(
    keys: dict[str, tuple[str, ...]], actions: tuple[bool, bool]
) -> None:
    trust = filled("operator-trust-cross-account", {"CLUSTER_ID": CLUSTER, "EXTERNAL_ID": "id-42"})
    of_anything = {"Statement": [{**each, "Resource": "*"} for each in trust["Statement"]]}
    asked = [Access(each, keys=keys) for each in ("sts:AssumeRole", "sts:TagSession")]
    found = [decide([of_anything], each) == "Allow" for each in asked]
    assert tuple(found) == actions
