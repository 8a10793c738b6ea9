"""`doctor`: each fault is found, with what to do; what may not be seen is unknown, and no fault."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError as BotoError

from smclient.aws.session import Aws
from smclient.checkup import of_account, of_cluster, of_endpoint
from smclient.kube.cluster import Cluster
from smclient.kube.kubeconfig import Access
from smclient.views.checks import Check, worst
from smsandbox.assets import ROLE
from smsandbox.testing.harness import Harness
from smsandbox.testing.json_server import Asked, JsonServer
from smsandbox.testing.specs import spec, with_variant
from smsandbox.world import REGION

Endpoint = Callable[..., dict[str, Any]]
HERE = "/apis/smendpoints.dev/v1alpha1/namespaces/ml/sagemakerendpoints"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/smendpoints-system/leases/smendpoints"


@pytest.fixture
def cluster(server: JsonServer) -> Iterator[Cluster]:
    found = Cluster(Access(server.url))
    yield found
    found.close()


def bad(checks: Any) -> dict[str, str]:
    """What is bad, with what to do."""
    return {each.message: each.hint for each in checks if each.outcome == "bad"}


def test_a_cluster_that_is_well_is_well(server: JsonServer, cluster: Cluster) -> None:
    server.answers["GET", HERE] = {"items": [], "metadata": {}}
    server.answers["POST", REVIEWS] = {"status": {"allowed": True}}
    server.answers["GET", LEASE] = {"spec": {"holderIdentity": "pod-1"}}
    checks = list(of_cluster(cluster, "ml"))
    assert {each.outcome for each in checks} == {"ok"}
    assert checks[-1] == Check("operator", "ok", "pod-1 holds the lease")


def test_rights_that_are_missing_are_named(server: JsonServer, cluster: Cluster) -> None:
    def review(request: Asked) -> Any:
        return {"status": {"allowed": request.body["spec"]["resourceAttributes"]["verb"] != "patch"}}

    server.answers["GET", HERE] = {"items": [], "metadata": {}}
    server.answers["POST", REVIEWS] = review
    server.answers["GET", LEASE] = {"spec": {"holderIdentity": ""}}
    assert bad(of_cluster(cluster, "ml")) == {
        "you may not change endpoints: undo, retry, suspend in ml": (
            "ask for `patch` on sagemakerendpoints in ml: the roles `view` and `edit` have it"
        ),
        "nobody holds the lease: no operator works": "see the pods in smendpoints-system",
    }


def test_who_may_not_read_the_lease_does_not_know(server: JsonServer, cluster: Cluster) -> None:
    server.answers["GET", HERE] = {"items": [], "metadata": {}}
    server.answers["POST", REVIEWS] = {"status": {"allowed": True}}
    server.answers["GET", LEASE] = (403, {"message": "forbidden"})
    checks = list(of_cluster(cluster, "ml"))
    assert (checks[-1].outcome, worst(checks)) == ("unknown", "ok")


def test_a_cluster_without_the_kind_is_told_alone(cluster: Cluster) -> None:
    assert list(bad(of_cluster(cluster, "ml"))) == ["this cluster has no SageMakerEndpoints"]


def test_an_account_is_looked_at_with_the_users_own_credentials(harness: Harness) -> None:
    checks = list(of_account(Aws(REGION, harness.session)))
    assert [each.outcome for each in checks] == ["ok"] * 5


def test_an_endpoint_whose_parts_are_there_is_well(harness: Harness) -> None:
    harness.apply("iris", spec())
    harness.settle("iris")
    checks = list(of_endpoint(harness.objects["iris"].body, Aws(REGION, harness.session)))
    assert [(each.about, each.outcome) for each in checks] == [
        ("object", "ok"),
        ("execution role", "ok"),
        ("image", "ok"),
        ("artifact", "ok"),
        ("quota", "ok"),
    ]


def test_what_the_role_may_not_write_is_named_with_its_place(harness: Harness, endpoint: Endpoint) -> None:
    capture = {"destination": "s3://sagemaker-us-east-1-123456789012/captured"}
    written = {"outputPath": "s3://ours/out", "failurePath": "s3://ours/failed/"}
    checks = list(
        of_endpoint(endpoint(spec=spec(dataCapture=capture, **{"async": written})), Aws(REGION, harness.session))
    )
    assert {each.about: each.outcome for each in checks if each.about in {"data capture", "responses", "failures"}} == {
        "data capture": "ok",
        "responses": "bad",
        "failures": "bad",
    }
    assert "s3://ours/out" in " ".join(bad(iter(checks)))


def test_what_is_not_there_is_named_each_with_what_to_do(harness: Harness, endpoint: Endpoint) -> None:
    trusted = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": [trusted]}
    harness.client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(policy))
    images = [
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/absent:1",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/iris:1",
        "docker.io/library/iris:1",
    ]
    wanted = spec(
        variants=[
            {
                "name": f"v{number}",
                "image": image,
                "modelArtifact": f"s3://sagemaker-us-east-1-123456789012/absent/{number}{'/' if number else '.tar.gz'}",
                "instance": {"type": "ml.m5.large", "count": 1000},
            }
            for number, image in enumerate(images)
        ]
    )
    found = bad(of_endpoint(endpoint(spec=wanted), Aws(REGION, harness.session)))
    assert len(found) == 1 + 3 + 3 + 1
    assert all(found.values())
    sentences = " ".join(found)
    for part in (
        f"SageMaker may not assume arn:aws:iam::123456789012:role/{ROLE}",
        f"{images[0]} is not there",
        f"{images[1]} is in eu-west-1, the endpoint in us-east-1",
        f"{images[2]} is not in Amazon ECR",
        "s3://sagemaker-us-east-1-123456789012/absent/0.tar.gz is not there",
        "there is nothing under s3://sagemaker-us-east-1-123456789012/absent/1/",
        "ml.m5.large for endpoint usage: ",
    ):
        assert part in sentences


class Denying:
    """A service that lets nobody look."""

    def __getattr__(self, operation: str) -> Any:
        def refuse(*_: Any, **__: Any) -> None:
            message = f"User: u is not authorized to perform: any:{operation}"
            raise BotoError({"Error": {"Code": "AccessDenied", "Message": message}}, operation)

        return refuse


def test_what_one_may_not_look_at_is_unknown_with_the_permission_to_ask_for(endpoint: Endpoint) -> None:
    aws = Aws(REGION)
    aws._clients |= dict.fromkeys(("iam", "ecr", "s3", "service-quotas", "ec2"), Denying())
    aws._clients["sts"] = type("Sts", (), {"meta": type("Meta", (), {"region_name": REGION})})
    vpc = {"subnetIDs": ["subnet-1", "subnet-2"], "securityGroupIDs": ["sg-1"]}
    wanted = with_variant(spec(vpc=vpc), scaling=None)
    checks = [each for each in of_endpoint(endpoint(spec=wanted), aws) if each.about != "object"]
    assert {each.about: each.outcome for each in checks} == dict.fromkeys(
        ("execution role", "image", "artifact", "quota", "network"), "unknown"
    )
    assert worst(checks) == "ok"


class Ec2:
    """Subnets in zones, of VPCs, with free addresses."""

    def __init__(self, *subnets: tuple[str, str, int], group: str = "vpc-1") -> None:
        self._subnets = subnets
        self._group = group

    def describe_subnets(self, **_: Any) -> Any:
        keys = ("AvailabilityZone", "VpcId", "AvailableIpAddressCount")
        return {"Subnets": [dict(zip(keys, each, strict=True)) for each in self._subnets]}

    def describe_security_groups(self, **_: Any) -> Any:
        return {"SecurityGroups": [{"VpcId": self._group}]}


@pytest.mark.parametrize(
    ("ec2", "said"),
    [
        (Ec2(("a", "vpc-1", 99), ("b", "vpc-1", 99)), None),
        (Ec2(("a", "vpc-1", 99), ("a", "vpc-1", 99)), "its subnets are in one availability zone"),
        (Ec2(("a", "vpc-1", 99), ("b", "vpc-2", 99)), "its subnets and security groups are of 2 VPCs"),
        (Ec2(("a", "vpc-1", 99), ("b", "vpc-1", 3)), "a subnet has 3 free addresses left"),
    ],
)
def test_a_network_is_looked_at(endpoint: Endpoint, ec2: Ec2, said: str | None) -> None:
    aws = Aws(REGION)
    aws._clients["ec2"] = ec2
    wanted = {"variants": [], "vpc": {"subnetIDs": ["subnet-1"], "securityGroupIDs": ["sg-1"]}}
    assert list(bad(of_endpoint(endpoint(spec=wanted), aws))) == ([said] if said else [])


def test_doctor_says_what_is_bad_by_its_exit_code(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smclient.checkup.of_account", lambda _: iter([Check("AWS credentials", "ok", "me")]))
    monkeypatch.setattr("smclient.checkup.of_endpoint", lambda *_: iter([Check("image", "bad", "gone", "push it")]))
    server.answers["GET", HERE] = {"items": [], "metadata": {}}
    server.answers["GET", f"{HERE}/iris"] = endpoint()
    server.answers["POST", REVIEWS] = {"status": {"allowed": True}}
    assert smendpoint("doctor").code == 0
    ran = smendpoint("doctor", "iris")
    assert ran.code == 1
    assert ran.out.splitlines()[-1].split() == ["bad", "image", "gone:", "push", "it"]
