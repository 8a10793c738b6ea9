"""Each form of the roles says what the JSON documents of `manifests/iam` say, in each partition of AWS."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import hcl2
import pytest
import yaml
from hcl2.utils import SerializationOptions

from smsandbox.iam_roles import cloudformation, documents
from smsandbox.iam_roles.__main__ import files, main
from smsandbox.testing.documented import blocks, pages

VALUES = {
    "OPERATOR_ROLE_ARN": "arn:PARTITION:iam::111122223333:role/smendpoints",
    "SERVICE_ACCOUNT": "sm",
    "OIDC_PROVIDER": "oidc.eks.example/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
    "EXTERNAL_ID": "id-42",
    "CLUSTER_ID": "0b6b1a9e-6b1c-4c4e-9d53-3a2f1a7f0c11",
    "REPOSITORY": "iris",
    "ACCOUNT_ID": "123456789012",
    "NAMESPACE": "ml-system",
    "BUCKET": "models",
}
PARTITIONS = {
    "aws": ("us-east-1", "amazonaws.com"),
    "aws-cn": ("cn-north-1", "amazonaws.com.cn"),
    "aws-us-gov": ("us-gov-west-1", "amazonaws.com"),
}
OPTIONS = SerializationOptions(strip_string_quotes=True, explicit_blocks=False, with_comments=False)
Form = Callable[[str, str], tuple[Any, list[Any]]]
"""A form: of a partition and a trust (empty: the models' role) the trust and the policies."""


def values(partition: str) -> dict[str, str]:
    return {word: each.replace("PARTITION", partition) for word, each in VALUES.items()} | {
        "REGION": PARTITIONS[partition][0]
    }


def roles(partition: str) -> list[str]:
    return [f"arn:{partition}:iam::123456789012:role/{team}" for team in ("a", "b")]


def wanted(name: str, partition: str) -> dict[str, Any]:
    """The JSON document with the values, as somebody in that partition would write it by hand."""
    text = (documents.FOLDER / f"{name}.json").read_text()
    for word, value in values(partition).items():
        text = text.replace(word, value)
    text = text.replace('"arn:aws:', f'"arn:{partition}:')
    text = text.replace('"sagemaker.*.amazonaws.com"', f'"sagemaker.*.{PARTITIONS[partition][1]}"')
    found: dict[str, Any] = json.loads(text)
    for statement in found["Statement"]:
        if "iam:PassRole" in statement["Action"]:
            statement["Resource"] = roles(partition)
    return found


def expanded(part: Any, known: Mapping[str, Any]) -> Any:
    """A part with what is known in the place of `${...}`; a text that is one expression may become a list."""
    match part:
        case dict():
            return {expanded(key, known): expanded(value, known) for key, value in part.items()}
        case list():
            return [expanded(each, known) for each in part]
        case str() if alone := re.fullmatch(r"\$\{([^{}]+)\}", part):
            return known[alone[1]]
        case str():
            return re.sub(r"\$\{([^{}]+)\}", lambda found: str(known[found[1]]), part)
    return part


def parsed(module: str, file: str) -> dict[str, Any]:
    text = (documents.FOLDER / "terraform" / module / file).read_text()
    return hcl2.loads(text, serialization_options=OPTIONS)


def of_terraform(partition: str, trust: str) -> tuple[Any, list[Any]]:
    region, suffix = PARTITIONS[partition]
    known: dict[str, Any] = {f"var.{word.lower()}": value for word, value in values(partition).items()}
    known["data.aws_caller_identity.current.account_id"] = known.pop("var.account_id")
    known["data.aws_region.current.region"] = region
    known["data.aws_partition.current.partition"] = partition
    known["data.aws_partition.current.dns_suffix"] = suffix
    known["var.execution_role_arns"] = roles(partition)
    module = "operator-role" if trust else "execution-role"
    (found,) = parsed(module, "documents.tf")["locals"]
    rights = [found[each] for each in ("policy", "optional_policy") if each in found]
    return expanded(found["trusts"][trust] if trust else found["trust"], known), expanded(rights, known)


def evaluated(part: Any, given: Mapping[str, Any], conditions: Mapping[str, Any]) -> Any:
    """A part of a CloudFormation template with its functions carried out."""
    match part:
        case {"Fn::Sub": text}:
            return expanded("x" + text, given)[1:]  # a text, also when it is one expression
        case {"Ref": name}:
            return given[name]
        case {"Condition": str(name), **rest} if not rest:
            return evaluated(conditions[name], given, conditions)
        case {"Fn::Equals": [one, other]}:
            return evaluated(one, given, conditions) == evaluated(other, given, conditions)
        case {"Fn::And": each}:
            return all(evaluated(one, given, conditions) for one in each)
        case {"Fn::Not": [one]}:
            return not evaluated(one, given, conditions)
        case {"Fn::If": [condition, yes, no]}:
            return evaluated(yes if evaluated(conditions[condition], given, conditions) else no, given, conditions)
        case dict():
            return {key: evaluated(value, given, conditions) for key, value in part.items()}
        case list():
            return [evaluated(each, given, conditions) for each in part]
    return part


def template(trust: str) -> dict[str, Any]:
    file = "operator-role.yaml" if trust else "execution-role.yaml"
    found: dict[str, Any] = yaml.safe_load((documents.FOLDER / file).read_text())
    return found


def of_cloudformation(partition: str, trust: str, optional: str = "true") -> tuple[Any, list[Any]]:
    region, suffix = PARTITIONS[partition]
    given: dict[str, Any] = {
        cloudformation.EXPRESSIONS[word][2:-1]: value for word, value in values(partition).items()
    } | {"AWS::Region": region, "AWS::Partition": partition, "AWS::URLSuffix": suffix, "Trust": trust}
    given["Optional"] = optional
    given["ExecutionRoleArns"] = roles(partition)
    whole = template(trust)
    conditions = whole.get("Conditions", {})
    made = whole["Resources"]["Role"]["Properties"]
    trusted = evaluated(made["AssumeRolePolicyDocument"], given, conditions)
    policies = list(made["Policies"])
    more = whole["Resources"].get("OptionalPolicy")
    if more is not None and evaluated({"Condition": more["Condition"]}, given, conditions):
        assert more["Properties"]["Roles"] == [{"Ref": "Role"}]
        policies.append(more["Properties"])
    rights = [evaluated(each["PolicyDocument"], given, conditions) for each in policies]
    return json.loads(trusted) if isinstance(trusted, str) else trusted, rights


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize("form", [of_cloudformation, of_terraform])
def test_each_form_says_what_the_documents_say_in_each_partition(form: Form, partition: str) -> None:
    for trust in documents.TRUSTS:
        trusted, rights = form(partition, trust)
        assert trusted == wanted(f"operator-trust-{trust}", partition)
        assert rights == [wanted("operator-policy", partition), wanted("operator-policy-optional", partition)]
    assert form(partition, "") == (wanted("execution-trust", partition), [wanted("execution-policy", partition)])


def test_without_what_is_optional_the_role_has_the_first_policy_alone() -> None:
    assert of_cloudformation("aws", "irsa", "false")[1] == [wanted("operator-policy", "aws")]
    optional = resource("operator-role", "aws_iam_role_policy", "optional")
    assert (optional["count"], optional["policy"]) == (
        "${var.optional ? 1 : 0}",
        "${jsonencode(local.optional_policy)}",
    )
    assert optional["role"] == "${aws_iam_role.this.id}"


@pytest.mark.parametrize("partition", [each for each in PARTITIONS if each != "aws"])
@pytest.mark.parametrize("form", [of_cloudformation, of_terraform])
def test_in_another_partition_no_arn_is_of_aws(form: Form, partition: str) -> None:
    texts = [json.dumps(form(partition, trust)) for trust in (*documents.TRUSTS, "")]
    assert all(f"arn:{partition}:" in text for text in texts)
    assert not any("arn:aws:" in text for text in texts)


def test_what_is_made_of_the_documents_is_fresh_and_has_no_word_of_them_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err
    for name, text in files().items():
        assert [word for word in documents.WORDS if word in text] == [], name


@pytest.mark.parametrize("module", ["operator-role", "execution-role"])
def test_a_module_declares_what_it_uses_and_uses_what_it_declares(module: str) -> None:
    folder = documents.FOLDER / "terraform" / module
    text = "\n".join(path.read_text() for path in sorted(folder.glob("*.tf")))
    main_file, made = parsed(module, "main.tf"), parsed(module, "documents.tf")
    variables = {name for each in main_file["variable"] for name in each}
    assert set(re.findall(r"\bvar\.(\w+)", text)) == variables
    looked_up = {f"{kind}.{name}" for each in main_file["data"] for kind, names in each.items() for name in names}
    assert set(re.findall(r"\bdata\.(\w+\.\w+)", text)) == looked_up
    assert set(re.findall(r"\blocal\.(\w+)", text)) == {name for each in made["locals"] for name in each}
    resources = {f"{kind}.{name}" for each in main_file["resource"] for kind, names in each.items() for name in names}
    assert set(re.findall(r"(?<![.\w])(aws_\w+\.this)\b", text)) <= resources


def resource(module: str, kind: str, name: str = "this") -> dict[str, Any]:
    resources = parsed(module, "main.tf")["resource"]
    found: dict[str, Any] = next(each[kind][name] for each in resources if name in each.get(kind, ()))
    return found


def test_terraform_makes_the_roles_of_the_documents_and_associates_an_eks_cluster_when_there_is_one() -> None:
    assert resource("operator-role", "aws_iam_role")["assume_role_policy"] == "${jsonencode(local.trusts[var.trust])}"
    assert resource("execution-role", "aws_iam_role")["assume_role_policy"] == "${jsonencode(local.trust)}"
    for module in ("operator-role", "execution-role"):
        rights = resource(module, "aws_iam_role_policy")
        assert (rights["role"], rights["policy"]) == ("${aws_iam_role.this.id}", "${jsonencode(local.policy)}")
    association = resource("operator-role", "aws_eks_pod_identity_association")
    assert association == {
        "count": '${var.trust == "pod-identity" && var.eks_cluster != "" ? 1 : 0}',
        "cluster_name": "${var.eks_cluster}",
        "namespace": "${var.namespace}",
        "service_account": "${var.service_account}",
        "role_arn": "${aws_iam_role.this.arn}",
    }
    (choice,) = (each["trust"] for each in parsed("operator-role", "main.tf")["variable"] if "trust" in each)
    allowed = re.findall(r'"([\w-]+)"', choice["validation"][0]["condition"])
    assert sorted(allowed) == sorted(documents.TRUSTS)


@pytest.mark.parametrize(
    ("trust", "cluster", "associated"),
    [("pod-identity", "shop", True), ("pod-identity", "", False), ("irsa", "shop", False)],
)
def test_cloudformation_associates_an_eks_cluster_when_there_is_one(trust: str, cluster: str, associated: bool) -> None:
    whole = template(trust)
    given = {"Trust": trust, "EksCluster": cluster, "Namespace": "ml-system", "ServiceAccount": "sm"}
    made = whole["Resources"]["Association"]
    assert made["Type"] == "AWS::EKS::PodIdentityAssociation"
    assert evaluated({"Condition": made["Condition"]}, given, whole["Conditions"]) is associated
    assert evaluated(made["Properties"], given, whole["Conditions"]) == {
        "ClusterName": cluster,
        "Namespace": "ml-system",
        "ServiceAccount": "sm",
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
    }


MODULES = [
    (f"{block.page}:{name}", module)
    for page in pages()
    for block in blocks(page)
    if block.kind == "hcl"
    for found in hcl2.loads(block.text, serialization_options=OPTIONS)["module"]
    for name, module in found.items()
]


@pytest.mark.parametrize("module", [each for _, each in MODULES], ids=[name for name, _ in MODULES])
def test_each_module_of_a_page_is_there_with_its_variables(module: dict[str, Any]) -> None:
    module = dict(module)
    source = module.pop("source").rpartition("//")[2].partition("?")[0]
    folder = documents.FOLDER / "terraform"
    assert source in {str(each.relative_to(folder.parents[2])) for each in folder.iterdir()}
    declared = {
        name: each for block in parsed(source.rpartition("/")[2], "main.tf")["variable"] for name, each in block.items()
    }
    assert module.keys() <= declared.keys()
    assert {name for name, each in declared.items() if "default" not in each} <= module.keys()


def test_pages_show_both_modules() -> None:
    assert {module["source"].rpartition("/")[2] for _, module in MODULES} == {"operator-role", "execution-role"}
