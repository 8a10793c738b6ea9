"""The roles of `manifests/iam` as CloudFormation templates, made of its JSON documents, which stay the one source.

`python -m smsandbox.iam_stacks [--check]`; `make iam` runs it. Partitions other than `aws` come by themselves: what is
`arn:aws:` in a document is the stack's own partition. Not here: what the documents say.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from smsandbox import paths

FOLDER = paths.repository() / "manifests" / "iam"
HEADER = "# Made of the JSON documents beside it by `make iam`. Do not edit.\n"
WORDS = {
    "OPERATOR_ROLE_ARN": "OperatorRoleArn",
    "SERVICE_ACCOUNT": "ServiceAccount",
    "OIDC_PROVIDER": "OidcProvider",
    "EXTERNAL_ID": "ExternalId",
    "CLUSTER_ID": "ClusterId",
    "REPOSITORY": "Repository",
    "ACCOUNT_ID": "AWS::AccountId",
    "NAMESPACE": "Namespace",
    "BUCKET": "Bucket",
    "REGION": "AWS::Region",
}
"""What stands for names in the documents, and the parameters of the templates."""
_VIA = {"sagemaker.*.amazonaws.com": "sagemaker.*.${AWS::URLSuffix}"}


def document(name: str) -> dict[str, Any]:
    """A document as it stands in the folder."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def substituted(value: Any) -> Any:
    """The document with parameters in the place of words."""
    match value:
        case dict():
            return {key: substituted(each) for key, each in value.items()}
        case list():
            return [substituted(each) for each in value]
        case str():
            text = _text(value)
            return {"Fn::Sub": text} if text != value else value
    return value


def _text(text: str) -> str:
    for word, name in WORDS.items():
        text = text.replace(word, f"${{{name}}}")
    for old, new in (*_VIA.items(), ("arn:aws:", "arn:${AWS::Partition}:")):
        text = text.replace(old, new)
    return text


def operator() -> dict[str, Any]:
    """The template of the operator's role."""
    policy = substituted(document("operator-policy"))
    for statement in policy["Statement"]:
        if statement["Action"] == ["iam:PassRole"]:
            statement["Resource"] = {"Ref": "ExecutionRoleArns"}
    irsa, pods, others = (document(f"operator-trust-{each}") for each in ("irsa", "pod-identity", "cross-account"))
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
        "Trust": _parameter("Who may use the role.", default="pod-identity")
        | {"AllowedValues": ["irsa", "pod-identity", "cross-account"]},
        "Namespace": _parameter("The operator's namespace.", default="smendpoints-system"),
        "ServiceAccount": _parameter("The operator's service account.", default="smendpoints"),
        "OidcProvider": _parameter("irsa: the cluster's issuer, without https://.", default="unset"),
        "OperatorRoleArn": _parameter("cross-account: the role of the operator in its own account.", default="unset"),
        "ExternalId": _parameter(
            "cross-account: what the operator presents (aws.externalID of the chart).", default="unset"
        ),
    }
    conditions = {
        "ByIRSA": {"Fn::Equals": [{"Ref": "Trust"}, "irsa"]},
        "ByPodIdentity": {"Fn::Equals": [{"Ref": "Trust"}, "pod-identity"]},
    }
    return _template("The role of the smendpoints operator.", parameters, trust, policy) | {"Conditions": conditions}


def execution() -> dict[str, Any]:
    """The template of a models' role."""
    parameters = {
        "Bucket": _parameter("Bucket of the models."),
        "Repository": _parameter("ECR repository of the image; * for all of the account."),
    }
    policy = substituted(document("execution-policy"))
    return _template("The role of models of SageMaker endpoints.", parameters, document("execution-trust"), policy)


def _parameter(description: str, *, type_: str = "String", default: str | None = None) -> dict[str, Any]:
    return {"Type": type_, "Description": description} | ({} if default is None else {"Default": default})


def _template(description: str, parameters: Mapping[str, Any], trust: Any, policy: Any) -> dict[str, Any]:
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": trust,
            "Policies": [{"PolicyName": "smendpoints", "PolicyDocument": policy}],
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the templates, or with `--check` compare; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m smsandbox.iam_stacks", description="Make the IAM templates.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs")
    options = parser.parse_args(arguments)
    stale = False
    for name, text in files().items():
        path = FOLDER / name
        if not options.check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            sys.stderr.write(f"{path} is stale: run `make iam`\n")
            stale = True
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
