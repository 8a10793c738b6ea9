"""The largest object against the longest policy: the API server's budget for a check is enough, to allow and to refuse.

Each list of the policy matches only with its last glob, and all are full of the sign that costs most; an object has as
many variants, containers and characters as the CRD lets through.
"""

from typing import Any

from smendpoints.api.policy import GLOBS_LENGTH
from smsandbox.testing.policies import Boundary
from smsandbox.testing.policy_cases import ECR, KEY, ROLE, Fields

VARIANTS, CONTAINERS, VARIABLES = 10, 15, 100


def filled(text: str, length: int, end: str = "") -> str:
    return text + "." * (length - len(text) - len(end)) + end


def largest(mark: str, value: str = "s3:///////////") -> Fields:
    """`mark` is one character that all its values have; `value` that of each variable, whose name tells of a secret."""

    def container(variant: int, place: int) -> Fields:
        sign = f"{mark}{variant}{place:02d}"
        environment = {f"A{number:02d}_KEY": value for number in range(VARIABLES)}  # 32,768 characters in 15 containers
        return {
            "image": f"{ECR}/{sign}{'a' * (255 - len(ECR) - 7)}:1",
            "modelArtifact": filled(f"s3://models/{sign}", 1024, ".tar.gz"),
            "environment": environment,
        }

    pools = [{"type": f"ml.{mark}{'a' * 20}{place}.large"} for place in range(5)]
    variants = [
        {
            "name": f"v{variant}",
            "containers": [container(variant, place) for place in range(CONTAINERS)],
            "instance": {"pools": pools},
        }
        for variant in range(VARIANTS)
    ]
    key = filled(f"{KEY}/{mark}", 2048)
    return {
        "executionRoleARN": filled(f"{ROLE}/{mark}", 2048),
        "assumeRoleARN": filled(f"{ROLE}/{mark}", 2048),
        "region": "us-east-1",
        "kmsKeyID": key,
        "dataCapture": {"destination": "s3://captures/a/", "kmsKeyID": key},
        "async": {"outputPath": "s3://answers/a/", "kmsKeyID": key},
        "vpc": {
            "subnetIDs": [f"subnet-{mark}{place:024d}" for place in range(16)],
            "securityGroupIDs": [f"sg-{mark}{place:028d}" for place in range(5)],
        },
        "variants": variants,
    }


def longest(mark: str) -> Fields:
    """A policy that allows what has the mark, with the last glob of each list."""

    def globs(name: str, last: str) -> list[str]:
        total = GLOBS_LENGTH.get(name, 20 * 256)
        return ["." * min((total - len(last)) // 19, 256)] * 19 + [last]

    last = {
        "assumeRoleARNs": f"*/{mark}*",
        "executionRoleARNs": f"*/{mark}*",
        "regions": "us-*",
        "instanceTypes": f"ml.{mark}*",
        "images": f"*/{mark}*",
        "modelArtifacts": f"s3://models/{mark}*",
        "kmsKeyIDs": f"*/{mark}*",
        "subnetIDs": f"subnet-{mark}*",
        "securityGroupIDs": f"sg-{mark}*",
    }
    rules: dict[str, Any] = {name: globs(name, glob) for name, glob in last.items()}
    return rules | {"maxInstancesPerEndpoint": 10, "allowSecretLikeEnvironment": False}


def test_the_largest_object_is_allowed_and_refused_within_the_budget(boundary: Boundary) -> None:
    namespace = boundary.namespace()
    policy = boundary.policy(longest("m"), namespace=namespace)
    boundary.settle()
    assert boundary.answer(namespace, largest("m")) == ""
    rules = longest("m") | {"modelArtifacts": longest("n")["modelArtifacts"]}
    boundary.policy(rules, namespace=namespace, name=policy)
    boundary.settle()
    assert f"policy {policy}, modelArtifacts: variant v0" in boundary.answer(namespace, largest("m"))


def test_the_largest_object_becomes_another_within_the_budget(boundary: Boundary) -> None:
    """Each value is looked for among those that were there before, and then among the globs; secrets have stayed."""
    namespace = boundary.namespace()
    before, after = (largest(mark, value="a" * 14) for mark in "om")
    boundary.send(namespace, before, dry=False)
    boundary.policy(longest("m"), namespace=namespace)
    boundary.settle()
    kept = {name: before[name] for name in ("assumeRoleARN", "region")}  # immutable
    assert boundary.answer(namespace, after | kept, update=True) == ""
