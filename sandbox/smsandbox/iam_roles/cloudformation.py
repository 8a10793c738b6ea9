"""The roles as CloudFormation templates, with pseudo parameters for account, region and partition."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from smsandbox.iam_roles import documents

HEADER = "# Made of the JSON documents beside it by `make iam`. Do not edit.\n"
EXPRESSIONS = {
    "OPERATOR_ROLE_ARN": "${OperatorRoleArn}",
    "SERVICE_ACCOUNT": "${ServiceAccount}",
    "OIDC_PROVIDER": "${OidcProvider}",
    "EXTERNAL_ID": "${ExternalId}",
    "CLUSTER_ID": "${ClusterId}",
    "REPOSITORY": "${Repository}",
    "ACCOUNT_ID": "${AWS::AccountId}",
    "NAMESPACE": "${Namespace}",
    "BUCKET": "${Bucket}",
    "REGION": "${AWS::Region}",
}
"""What stands in the templates for the words of the documents."""


def substituted(value: Any) -> Any:
    """A part of a document with parameters in the place of words."""
    match value:
        case {"Ref": _}:
            return value
        case dict():
            return {key: substituted(each) for key, each in value.items()}
        case list():
            return [substituted(each) for each in value]
        case str():
            text = _text(value)
            return {"Fn::Sub": text} if text != value else value
    return value


def _text(text: str) -> str:
    return documents.substituted(text, EXPRESSIONS, partition="${AWS::Partition}", suffix="${AWS::URLSuffix}")


def operator() -> dict[str, Any]:
    """The template of the operator's role."""
    policy = documents.operator_policy({"Ref": "ExecutionRoleArns"})
    irsa, pods, others = (documents.document(f"operator-trust-{each}") for each in documents.TRUSTS)
    trust = {
        # Keys of conditions hold the provider's name, and no key may be a function: the whole document is a text.
        "Fn::If": [
            "ByIRSA",
            {"Fn::Sub": _text(json.dumps(irsa))},
            {"Fn::If": ["ByPodIdentity", substituted(pods), substituted(others)]},
        ]
    }
    parameters = {
        "ClusterId": _parameter("kubectl get namespace kube-system -o jsonpath={.metadata.uid}"),
        "ExecutionRoleArns": _parameter("Roles of models that the operator may pass on.", type_="CommaDelimitedList"),
        "Trust": _parameter("Who may use the role.", default="pod-identity") | {"AllowedValues": [*documents.TRUSTS]},
        "Optional": _parameter("Whether the role gets what is called optional, too.", default="true")
        | {"AllowedValues": ["true", "false"]},
        "Namespace": _parameter("The operator's namespace.", default="smendpoints-system"),
        "ServiceAccount": _parameter("The operator's service account.", default="smendpoints"),
        "EksCluster": _parameter(
            "pod-identity: the cluster to associate the role with; empty when that is done elsewhere.", default=""
        ),
        "OidcProvider": _parameter("irsa: the cluster's issuer, without https://.", default="unset"),
        "OperatorRoleArn": _parameter("cross-account: the role of the operator in its own account.", default="unset"),
        "ExternalId": _parameter(
            "cross-account: what the operator presents (aws.externalID of the chart).", default="unset"
        ),
    }
    conditions = {
        "ByIRSA": {"Fn::Equals": [{"Ref": "Trust"}, "irsa"]},
        "WithOptional": {"Fn::Equals": [{"Ref": "Optional"}, "true"]},
        "ByPodIdentity": {"Fn::Equals": [{"Ref": "Trust"}, "pod-identity"]},
        "Associated": {
            "Fn::And": [{"Condition": "ByPodIdentity"}, {"Fn::Not": [{"Fn::Equals": [{"Ref": "EksCluster"}, ""]}]}]
        },
    }
    association = {
        "Type": "AWS::EKS::PodIdentityAssociation",
        "Condition": "Associated",
        "Properties": {
            "ClusterName": {"Ref": "EksCluster"},
            "Namespace": {"Ref": "Namespace"},
            "ServiceAccount": {"Ref": "ServiceAccount"},
            "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        },
    }
    template = _template("The role of the smendpoints operator.", parameters, trust, policy)
    template["Resources"]["OptionalPolicy"] = {
        "Type": "AWS::IAM::Policy",
        "Condition": "WithOptional",
        "Properties": {
            "Roles": [{"Ref": "Role"}],
            **_policy("smendpoints-optional", documents.document(documents.OPTIONAL)),
        },
    }
    template["Resources"]["Association"] = association
    return template | {"Conditions": conditions}


def execution() -> dict[str, Any]:
    """The template of a models' role."""
    parameters = {
        "Bucket": _parameter("Bucket of the models."),
        "Repository": _parameter("ECR repository of the image; * for all of the account."),
    }
    policy = documents.document("execution-policy")
    return _template(
        "The role of models of SageMaker endpoints.", parameters, documents.document("execution-trust"), policy
    )


def _policy(name: str, document: Any) -> dict[str, Any]:
    return {"PolicyName": name, "PolicyDocument": substituted(document)}


def _parameter(description: str, *, type_: str = "String", default: str | None = None) -> dict[str, Any]:
    return {"Type": type_, "Description": description} | ({} if default is None else {"Default": default})


def _template(description: str, parameters: Mapping[str, Any], trust: Any, policy: Any) -> dict[str, Any]:
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": trust,
            "Policies": [_policy("smendpoints", policy)],
        },
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": description,
        "Parameters": dict(parameters),
        "Resources": {"Role": role},
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}},
    }


def files() -> dict[str, str]:
    """The text of each template by its file's name."""
    made = {"operator-role.yaml": operator(), "execution-role.yaml": execution()}
    return {name: HEADER + yaml.safe_dump(each, sort_keys=False, width=120) for name, each in made.items()}
