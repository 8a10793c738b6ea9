"""What policies allow, as a table that both who check it are tried with: the API server and the operator.

Each case is one spec in one namespace against the policies that select it. `violates` names the fields of policies that
refuse; with `before` it is an update of that spec, of which only what is new is asked about. What only the operator can
know (sums over a namespace, prices, what stands in for an absent field) is in other tests.
"""

from dataclasses import dataclass, field
from typing import Any

Fields = dict[str, Any]

ACCOUNT = "123456789012"
ECR = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key"


@dataclass(frozen=True)
class Case:
    """One spec against policies.

    Args:
        policies: specs of policies, without a selector: all of them select the namespace.
        violates: the fields of policies that refuse; none, it is allowed.
        before: the spec that is updated; without it the object is new.
    """

    spec: Fields
    policies: tuple[Fields, ...]
    violates: frozenset[str] = frozenset()
    before: Fields | None = field(default=None)


def variant(name: str = "a", **fields: Any) -> Fields:
    """A right variant, changed; None takes a field away."""
    base = {
        "name": name,
        "image": f"{ECR}/sklearn:1.0",
        "modelArtifact": "s3://models/iris/model.tar.gz",
        "instance": {"type": "ml.m5.large"},
    } | fields
    return {key: value for key, value in base.items() if value is not None}


def spec(*variants: Fields, **fields: Any) -> Fields:
    """A right spec, changed."""
    return {"executionRoleARN": f"{ROLE}/team-a", "variants": list(variants) or [variant()]} | fields


def on(instance_type: str, count: int = 1, **fields: Any) -> Fields:
    """A right variant of that type."""
    return variant(instance={"type": instance_type, "count": count}, **fields)


def scaled(low: int, high: int, *schedules: Fields, **fields: Any) -> Fields:
    """A right variant that scales."""
    scaling = {
        "minCapacity": low,
        "maxCapacity": high,
        "targetInvocationsPerInstance": 70,
        "schedules": [{"name": f"s{place}", "schedule": "rate(1 day)", **each} for place, each in enumerate(schedules)],
    }
    return variant(scaling=scaling, **fields)


def pipeline(*images: str, **fields: Any) -> Fields:
    """A right variant of several containers, each with an image and an artifact of that name."""
    containers = [
        {"image": f"{ECR}/{image}", "modelArtifact": f"s3://models/{image.partition(':')[0]}/m.tar.gz"}
        for image in images
    ]
    return variant(image=None, modelArtifact=None, containers=containers, **fields)


def environment(values: dict[str, str]) -> Fields:
    """A right spec with these variables."""
    return spec(variant(environment=values))


def _case(wanted: Fields, policy: Fields, *violates: str, before: Fields | None = None) -> Case:
    return Case(wanted, (policy,), frozenset(violates), before)


VPC = {"subnetIDs": ["subnet-1", "subnet-2"], "securityGroupIDs": ["sg-1"]}
SHADOW = {
    "name": "s",
    "image": f"{ECR}/new:2",
    "modelArtifact": "s3://trial/m.tar.gz",
    "instance": {"type": "ml.g5.xlarge"},
}
PLAIN: Fields = {"allowSecretLikeEnvironment": False}
NOTHING: Fields = {
    **{
        name: []
        for name in (
            *("assumeRoleARNs", "executionRoleARNs", "regions", "instanceTypes", "images", "modelArtifacts"),
            *("kmsKeyIDs", "subnetIDs", "securityGroupIDs"),
        )
    },
    "maxInstancesPerEndpoint": 0,
    "allowSecretLikeEnvironment": False,
}
"""The policy that allows nothing."""

_ONE_OF_TYPES = {"instanceTypes": ["ml.m5.*", "ml.c?.large"]}
_ONE_OF_IMAGES = {"images": [f"{ECR}/team-a/*", f"{ECR}/sklearn:*"]}
_ONE_OF_ARTIFACTS = {"modelArtifacts": ["s3://models/*"]}
_ONE_OF_ROLES = {"executionRoleARNs": [f"{ROLE}/team-a", f"{ROLE}/shared/*"]}
_FOUR = {"maxInstancesPerEndpoint": 4}
_POOLS = variant(instance={"pools": [{"type": "ml.m5.large"}, {"type": "ml.p4d.24xlarge"}]})
_KMS = {"kmsKeyIDs": [f"{KEY}/a*"]}
_CAPTURE = {"destination": "s3://captures/a/", "kmsKeyID": f"{KEY}/b1"}
_ASYNC = {"outputPath": "s3://answers/a/", "kmsKeyID": f"{KEY}/b1"}
_OLD = spec(on("ml.p4d.24xlarge", 8), executionRoleARN=f"{ROLE}/other", kmsKeyID=f"{KEY}/b1", vpc=VPC)
"""What `NOTHING` refuses in many ways, running since before there were policies."""

CREATIONS: dict[str, Case] = {
    "no policy": Case(spec(), ()),
    "a policy that restricts nothing": _case(spec(), {}),
    "two that both allow": Case(spec(), (_ONE_OF_TYPES, _ONE_OF_ROLES)),
    "two of which one refuses": Case(spec(), (_ONE_OF_TYPES, {"images": ["*/team-b/*"]}), frozenset({"images"})),
    "two lists of which each allows another value": Case(
        spec(), ({"instanceTypes": ["ml.m5.*"]}, {"instanceTypes": ["ml.c5.*"]}), frozenset({"instanceTypes"})
    ),
    "nothing allowed": _case(
        spec(),
        NOTHING,
        *("executionRoleARNs", "instanceTypes", "images", "modelArtifacts", "maxInstancesPerEndpoint"),
    ),
    "a role that is allowed": _case(spec(), _ONE_OF_ROLES),
    "a role below a path": _case(spec(executionRoleARN=f"{ROLE}/shared/x/y"), _ONE_OF_ROLES),
    "another role": _case(spec(executionRoleARN=f"{ROLE}/team-b"), _ONE_OF_ROLES, "executionRoleARNs"),
    "a role that only begins so": _case(spec(executionRoleARN=f"{ROLE}/team-a2"), _ONE_OF_ROLES, "executionRoleARNs"),
    "a role to assume that is allowed": _case(
        spec(assumeRoleARN=f"{ROLE}/op"), {"assumeRoleARNs": [f"arn:aws:iam::{ACCOUNT}:role/op"]}
    ),
    "another role to assume": _case(spec(assumeRoleARN=f"{ROLE}/op"), {"assumeRoleARNs": []}, "assumeRoleARNs"),
    "a region that is allowed": _case(spec(region="us-east-1"), {"regions": ["us-*"]}),
    "another region": _case(spec(region="us-east-1"), {"regions": ["eu-*", "us-west-?"]}, "regions"),
    "a type that is allowed": _case(spec(on("ml.c5.large")), _ONE_OF_TYPES),
    "another type": _case(spec(on("ml.c5.xlarge")), _ONE_OF_TYPES, "instanceTypes"),
    "another type of the second variant": _case(
        spec(variant(), on("ml.g5.xlarge", name="b")), _ONE_OF_TYPES, "instanceTypes"
    ),
    "another type in a pool": _case(spec(_POOLS), _ONE_OF_TYPES, "instanceTypes"),
    "another type of the shadow": _case(spec(shadow=SHADOW), _ONE_OF_TYPES, "instanceTypes"),
    "serverless, which has no type": _case(
        spec(variant(instance=None, serverless={"memorySizeMB": 1024, "maxConcurrency": 5})),
        {"instanceTypes": [], "maxInstancesPerEndpoint": 0},
    ),
    "an image that is allowed": _case(spec(variant(image=f"{ECR}/team-a/x@sha256:{'0' * 64}")), _ONE_OF_IMAGES),
    "another image": _case(spec(variant(image=f"{ECR}/team-b/x:1")), _ONE_OF_IMAGES, "images"),
    "another image in the middle of a pipeline": _case(
        spec(pipeline("team-a/x:1", "team-b/x:1", "team-a/y:1")), _ONE_OF_IMAGES, "images"
    ),
    "a pipeline of images that are allowed": _case(spec(pipeline("team-a/x:1", "sklearn:2")), _ONE_OF_IMAGES),
    "another image of the shadow": _case(spec(shadow=SHADOW), _ONE_OF_IMAGES, "images"),
    "an artifact that is allowed": _case(spec(), _ONE_OF_ARTIFACTS),
    "another artifact": _case(
        spec(variant(modelArtifact="s3://models2/m.tar.gz")), _ONE_OF_ARTIFACTS, "modelArtifacts"
    ),
    "another artifact of a later variant": _case(
        spec(variant(), variant("b", modelArtifact="s3://other/m.tar.gz")), _ONE_OF_ARTIFACTS, "modelArtifacts"
    ),
    "another artifact in a pipeline": _case(
        spec(pipeline("a:1", "b:1")), {"modelArtifacts": ["s3://models/a/*"]}, "modelArtifacts"
    ),
    "another artifact of the shadow": _case(spec(shadow=SHADOW), _ONE_OF_ARTIFACTS, "modelArtifacts"),
    "no artifact": _case(spec(variant(modelArtifact=None)), {"modelArtifacts": []}),
    "a key that is allowed": _case(spec(kmsKeyID=f"{KEY}/a1"), _KMS),
    "another key of the volumes": _case(spec(kmsKeyID=f"{KEY}/b1"), _KMS, "kmsKeyIDs"),
    "another key of captures": _case(spec(dataCapture=_CAPTURE), _KMS, "kmsKeyIDs"),
    "another key of answers": _case(spec(**{"async": _ASYNC}), _KMS, "kmsKeyIDs"),
    "captures without a key": _case(spec(dataCapture={"destination": "s3://captures/a/"}), {"kmsKeyIDs": []}),
    "subnets that are allowed": _case(
        spec(vpc=VPC), {"subnetIDs": ["subnet-1", "subnet-2"], "securityGroupIDs": ["*"]}
    ),
    "one subnet that is not": _case(spec(vpc=VPC), {"subnetIDs": ["subnet-1"]}, "subnetIDs"),
    "a security group that is not": _case(spec(vpc=VPC), {"securityGroupIDs": ["sg-2"]}, "securityGroupIDs"),
    "no network where networks are restricted": _case(spec(), {"subnetIDs": [], "securityGroupIDs": []}),
    "as many instances as allowed": _case(spec(on("ml.m5.large", 3), on("ml.m5.large", name="b")), _FOUR),
    "more instances of two variants": _case(
        spec(on("ml.m5.large", 3), on("ml.m5.large", 2, name="b")), _FOUR, "maxInstancesPerEndpoint"
    ),
    "more instances with the shadow": _case(
        spec(on("ml.m5.large", 4), shadow=SHADOW), _FOUR, "maxInstancesPerEndpoint"
    ),
    "an upper bound of scaling, not the count": _case(
        spec(scaled(1, 4, instance={"type": "ml.m5.large", "count": 100})), _FOUR
    ),
    "a higher bound of scaling": _case(spec(scaled(1, 5)), _FOUR, "maxInstancesPerEndpoint"),
    "a higher bound of a schedule": _case(spec(scaled(1, 2, {"maxCapacity": 9})), _FOUR, "maxInstancesPerEndpoint"),
    "a higher lower bound of a schedule": _case(
        spec(scaled(1, 2, {"minCapacity": 1}, {"minCapacity": 9})), _FOUR, "maxInstancesPerEndpoint"
    ),
    "a name with the prefix": _case(spec(endpointName="team-a-x"), {"endpointNamePrefix": "team-a-"}),
    "a name without it": _case(spec(endpointName="team-b-x"), {"endpointNamePrefix": "team-a-"}, "endpointNamePrefix"),
    "a default name without it": _case(spec(), {"endpointNamePrefix": "no-such-namespace-"}, "endpointNamePrefix"),
    "adoption, which a tag in AWS may allow": _case(spec(adoptExisting=True), {}),
    "wildcards cross slashes and stop at the end": _case(
        spec(variant(image=f"{ECR}/team-a/b/c:1")), {"images": ["*/team-a/*:?"]}
    ),
    "a question mark is one character": _case(
        spec(variant(image=f"{ECR}/team-a/b:10")), {"images": ["*/team-a/*:?"]}, "images"
    ),
    "a dot is a dot": _case(spec(), {"instanceTypes": ["ml.m5.l.rge"]}, "instanceTypes"),
    "a plus is a plus": _case(
        spec(executionRoleARN=f"{ROLE}/aab"), {"executionRoleARNs": ["*/a+b"]}, "executionRoleARNs"
    ),
    "a plus is found": _case(spec(executionRoleARN=f"{ROLE}/a+b"), {"executionRoleARNs": ["*/a+b"]}),
    "capitals are told apart": _case(spec(executionRoleARN=f"{ROLE}/Team-a"), _ONE_OF_ROLES, "executionRoleARNs"),
    "a plain environment": _case(
        environment(
            {
                "MAX_TOTAL_TOKENS": "2048",
                "TOKENIZERS_PARALLELISM": "false",
                "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
                "HF_MODEL_ID": "org/model",
                "MONKEY": "s3://bucket/banana",
                "USE_TOKEN": "true",
                "DB_SECRET": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:db-AbCdEf",
                "URL": "https://example.com:8443/a?b=c",
            }
        ),
        PLAIN,
    ),
    "a secret where policies have no say": _case(environment({"DB_PASSWORD": "x"}), {}),
    **{
        f"the name {name}": _case(environment({name: "a1b2"}), PLAIN, "allowSecretLikeEnvironment")
        for name in (
            *("DB_PASSWORD", "password", "HF_TOKEN", "TOKEN", "API_TOKEN_2", "CLIENT_SECRET", "SECRET_VALUE", "MY_KEY"),
            *("APIKEY", "DB_PASS", "DB_PWD", "AWS_SECRET_ACCESS_KEY", "GOOGLE_CREDENTIALS", "PASSPHRASE"),
        )
    },
    **{
        f"the value of {kind}": _case(environment({"SETTING": value}), PLAIN, "allowSecretLikeEnvironment")
        for kind, value in {
            "an AWS key": "AKIA" + "IOSFODNN7EXAMPLE",
            "a GitHub token": "ghp_" + "a1" * 18,
            "a Hugging Face token": "hf_" + "aB" * 17,
            "an OpenAI key": "sk-" + "proj-a1" * 6,
            "a JWT": "Bearer eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
            "a private key": "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE",
            "a password in a URL": "postgres://user:" + "hunter2@db:5432/x",
        }.items()
    },
    "a secret in a later container of a pipeline": _case(
        spec(
            variant(
                image=None,
                modelArtifact=None,
                containers=[{"image": f"{ECR}/a:1"}, {"image": f"{ECR}/b:1", "environment": {"A_TOKEN": "x"}}],
            )
        ),
        PLAIN,
        "allowSecretLikeEnvironment",
    ),
    "a secret of the shadow": _case(
        spec(shadow=SHADOW | {"environment": {"A_TOKEN": "x"}}), PLAIN, "allowSecretLikeEnvironment"
    ),
}
UPDATES: dict[str, Case] = {
    "suspended": _case(_OLD | {"suspend": True}, NOTHING, before=_OLD),
    "stopped": _case(_OLD | {"desiredState": "Stopped"}, NOTHING, before=_OLD),
    "run again, which the operator refuses": _case(_OLD, NOTHING, before=_OLD | {"desiredState": "Stopped"}),
    "retained": _case(_OLD | {"deletionPolicy": "Retain"}, NOTHING, before=_OLD),
    "fewer instances": _case(_OLD | {"variants": [on("ml.p4d.24xlarge", 2)]}, NOTHING, before=_OLD),
    "more instances": _case(
        _OLD | {"variants": [on("ml.p4d.24xlarge", 9)]}, NOTHING, "maxInstancesPerEndpoint", before=_OLD
    ),
    "a lower bound of scaling": _case(spec(scaled(1, 8)), _FOUR, before=spec(scaled(1, 9))),
    "a variant taken away": _case(
        spec(on("ml.p4d.24xlarge", 3)),
        NOTHING,
        before=spec(on("ml.p4d.24xlarge", 3), on("ml.m5.large", name="b", image=f"{ECR}/b:1")),
    ),
    "a variant added": _case(spec(variant(), variant("b")), NOTHING, "maxInstancesPerEndpoint", before=spec()),
    "the shadow taken away": _case(spec(), NOTHING, before=spec(shadow=SHADOW)),
    "the network taken away": _case({k: v for k, v in _OLD.items() if k != "vpc"}, NOTHING, before=_OLD),
    "the key taken away": _case({k: v for k, v in _OLD.items() if k != "kmsKeyID"}, NOTHING, before=_OLD),
    "a container's artifact taken away": _case(
        spec(pipeline("a:1", "b:1")), NOTHING, before=spec(pipeline("a:1", "b:1", "c:1"))
    ),
    "another weight": _case(_OLD | {"variants": [on("ml.p4d.24xlarge", 8, weight=3)]}, NOTHING, before=_OLD),
    "a new type": _case(_OLD | {"variants": [on("ml.m5.large", 8)]}, NOTHING, "instanceTypes", before=_OLD),
    "a new image": _case(spec(variant(image=f"{ECR}/x:2")), NOTHING, "images", before=spec()),
    "a new image that is allowed": _case(spec(variant(image=f"{ECR}/team-a/x:2")), _ONE_OF_IMAGES, before=spec()),
    "a new artifact": _case(
        spec(variant(modelArtifact="s3://other/m.tar.gz")), NOTHING, "modelArtifacts", before=spec()
    ),
    "a new role": _case(spec(executionRoleARN=f"{ROLE}/new"), NOTHING, "executionRoleARNs", before=spec()),
    "a first key": _case(spec(kmsKeyID=f"{KEY}/new"), NOTHING, "kmsKeyIDs", before=spec()),
    "a new subnet": _case(
        _OLD | {"vpc": VPC | {"subnetIDs": ["subnet-1", "subnet-3"]}}, NOTHING, "subnetIDs", before=_OLD
    ),
    "a new security group": _case(
        _OLD | {"vpc": VPC | {"securityGroupIDs": ["sg-1", "sg-2"]}}, NOTHING, "securityGroupIDs", before=_OLD
    ),
    "a secret that was there": _case(
        spec(variant(environment={"A_TOKEN": "x"}, weight=2)),
        PLAIN,
        before=environment({"A_TOKEN": "x"}),
    ),
    "a secret that is new": _case(
        environment({"A_TOKEN": "x", "B_TOKEN": "y"}),
        PLAIN,
        "allowSecretLikeEnvironment",
        before=environment({"A_TOKEN": "x"}),
    ),
    "a secret that changes": _case(
        environment({"A_TOKEN": "y"}),
        PLAIN,
        "allowSecretLikeEnvironment",
        before=environment({"A_TOKEN": "x"}),
    ),
    "a secret taken away": _case(environment({}), PLAIN, before=environment({"A_TOKEN": "x"})),
    "a name that a policy wants otherwise by now": _case(
        spec(endpointName="old", suspend=True), {"endpointNamePrefix": "team-a-"}, before=spec(endpointName="old")
    ),
}
CASES: dict[str, Case] = CREATIONS | UPDATES
