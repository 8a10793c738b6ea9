"""The checks of `doctor`: rights in Kubernetes and in AWS, and all that an endpoint needs before it can run.

Each asks with the user's own rights; what the user may not see is told as unknown.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from smclient.aws import writable
from smclient.aws.session import Aws, told
from smclient.aws.stored import parts
from smclient.errors import AWSError, ClientError, KubernetesError, NotFoundError
from smclient.kube.cluster import Cluster
from smclient.notified import of_monitoring
from smclient.views.checks import Check, said
from smclient.views.fields import Object, condition, region_of
from smendpoints.api.group import GROUP, PLURAL
from smendpoints.domain.preflight.launch import Writer
from smendpoints.domain.preflight.trust import Trust, trust_in_sagemaker

_RIGHTS = (
    ("get", PLURAL, GROUP, "look at endpoints"),
    ("list", PLURAL, GROUP, "list endpoints"),
    ("patch", PLURAL, GROUP, "change endpoints: undo, retry, suspend"),
    ("list", "events", "", "read Events"),
)
_LEASE = "/apis/coordination.k8s.io/v1/namespaces/smendpoints-system/leases/smendpoints"


def of_cluster(cluster: Cluster, namespace: str) -> Iterator[Check]:
    """The cluster, the kind, the user's rights, the operator."""
    about = "cluster"
    try:
        cluster.endpoints(namespace)
        yield Check(about, "ok", f"{cluster.access.server} answers, and has SageMakerEndpoints")
    except NotFoundError as error:
        yield Check(about, "bad", error.message, error.hint)
        return
    except KubernetesError as error:
        yield Check(about, "bad", error.message, error.hint)
        if error.code != 403:
            return
    for verb, resource, group, doing in _RIGHTS:
        if cluster.may(verb, resource, group, namespace):
            yield Check("rights in Kubernetes", "ok", f"you may {doing}")
        else:
            hint = f"ask for `{verb}` on {resource} in {namespace}: the roles `view` and `edit` have it"
            yield Check("rights in Kubernetes", "bad", f"you may not {doing} in {namespace}", hint)
    yield _operator(cluster)


def _operator(cluster: Cluster) -> Check:
    about = "operator"
    try:
        holder = (cluster.get(_LEASE).get("spec") or {}).get("holderIdentity")
    except NotFoundError:
        return Check(about, "unknown", "there is no lease `smendpoints` in smendpoints-system", "it may run elsewhere")
    except KubernetesError as error:
        return Check(about, "unknown", f"the lease cannot be read: {error.message}", "ask who runs the operator")
    if holder:
        return Check(about, "ok", f"{holder} holds the lease")
    return Check(about, "bad", "nobody holds the lease: no operator works", "see the pods in smendpoints-system")


def of_account(aws: Aws) -> Iterator[Check]:
    """The user's own credentials, and what they may."""
    try:
        with told("ask AWS who you are"):
            found = aws.client("sts").get_caller_identity()
        yield Check("AWS credentials", "ok", f"{found['Arn']} in {aws.region}")
    except AWSError as error:
        yield Check("AWS credentials", "bad", error.message, error.hint)
        return
    probes: tuple[tuple[str, Callable[[], Any], str], ...] = (
        ("sagemaker:ListEndpoints", lambda: aws.client("sagemaker").list_endpoints(MaxResults=1), "diff, undo, import"),
        ("logs:DescribeLogGroups", lambda: aws.client("logs").describe_log_groups(limit=1), "logs"),
        ("cloudwatch:ListMetrics", lambda: aws.client("cloudwatch").list_metrics(Namespace="AWS/SageMaker"), "metrics"),
        (
            "cloudwatch:DescribeAlarms",
            lambda: aws.client("cloudwatch").describe_alarms(MaxRecords=1),
            "metrics, alarms",
        ),
    )
    for permission, probe, needed in probes:
        try:
            with told(f"use {permission}"):
                probe()
            yield Check("rights in AWS", "ok", f"you have {permission}")
        except AWSError as error:
            yield Check("rights in AWS", "bad", error.message, error.hint or f"it is needed for {needed}")


def of_endpoint(found: Object, aws: Aws) -> Iterator[Check]:
    """An object: what it says of itself, its role, images, artifacts, quota, monitoring and network."""
    spec: Mapping[str, Any] = found["spec"]
    resolved = (found.get("status") or {}).get("resolved") or {}
    stalled = condition(found, "Stalled")
    ready = condition(found, "Ready")
    if stalled.get("status") == "True":
        yield Check("object", "bad", f"stalled: {stalled.get('message')}", "the message says what to do")
    elif ready:
        yield Check("object", "ok" if ready.get("status") == "True" else "unknown", str(ready.get("message")))
    else:
        yield Check("object", "unknown", "the operator has not looked at it yet", "does the operator run?")
    role = spec.get("executionRoleARN") or resolved.get("executionRoleARN")
    if role:
        yield from _of_role(aws, str(role), spec)
    variants = [*(spec.get("variants") or []), *([spec["shadow"]] if spec.get("shadow") else [])]
    containers = [each for variant in variants for each in (variant.get("containers") or [variant])]
    for image in dict.fromkeys(str(each["image"]) for each in containers if each.get("image")):
        yield said("image", image, partial(_image, aws, image))
    for uri in dict.fromkeys(str(each["modelArtifact"]) for each in containers if each.get("modelArtifact")):
        yield said("artifact", uri, partial(_artifact, aws, uri))
    needed: dict[str, int] = {}
    for variant in variants:
        instance = variant.get("instance") or {}
        if instance.get("type"):
            most = (variant.get("scaling") or {}).get("maxCapacity") or instance.get("count", 1)
            needed[str(instance["type"])] = needed.get(str(instance["type"]), 0) + int(most)
    for kind, most in needed.items():
        yield said("quota", kind, partial(_quota, aws, kind, most))
    yield from of_monitoring(found, aws)
    vpc = spec.get("vpc") or resolved.get("vpc")
    if vpc:
        yield said("network", "its subnets", partial(_network, aws, vpc))


def _role(aws: Aws, arn: str) -> Check:
    about = "execution role"
    with told(f"look at the role {arn}"):
        role = aws.client("iam").get_role(RoleName=arn.rpartition("/")[2])["Role"]
    trust = trust_in_sagemaker(role.get("AssumeRolePolicyDocument") or {})
    if trust is Trust.ALLOWED:
        return Check(about, "ok", f"{arn} is there, and SageMaker may assume it")
    if trust in {Trust.CONDITIONAL, Trust.UNKNOWN}:
        hint = "read its trust policy"
        return Check(about, "unknown", f"{arn}: whether SageMaker may assume it depends on conditions", hint)
    hint = "let sagemaker.amazonaws.com do sts:AssumeRole in its trust policy"
    return Check(about, "bad", f"SageMaker may not assume {arn}", hint)


def _of_role(aws: Aws, role: str, spec: Mapping[str, Any]) -> Iterator[Check]:
    yield said("execution role", role, partial(_role, aws, role))
    for writer in writable.writers(spec, role):
        yield said(writer.what, role, partial(_writes, aws, writer))


def _writes(aws: Aws, writer: Writer) -> Check:
    if writable.allowed(aws, writer):
        return Check(writer.what, "ok", f"the execution role may write to {writer.uri}")
    hint = "allow it s3:PutObject there, unless the policy of the bucket does: AWS tells nobody what it could not write"
    return Check(writer.what, "bad", f"the policies of the execution role do not let it write to {writer.uri}", hint)


def _image(aws: Aws, image: str) -> Check:
    about = "image"
    registry, _, path = image.partition("/")
    if ".dkr.ecr." not in registry:
        return Check(about, "bad", f"{image} is not in Amazon ECR", "SageMaker takes images of ECR: push it there")
    account, region = registry.split(".")[0], registry.split(".")[3]
    if region != aws.region:
        return Check(about, "bad", f"{image} is in {region}, the endpoint in {aws.region}", "push it to that region")
    name, _, digest = path.partition("@")
    repository, _, tag = name.partition(":")
    wanted = {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}
    with told(f"look at the image {image}"):
        found = aws.client("ecr").describe_images(registryId=account, repositoryName=repository, imageIds=[wanted])
    detail = found["imageDetails"][0]
    return Check(about, "ok", f"{image} is there ({detail['imageDigest'][:19]})")


def _artifact(aws: Aws, uri: str) -> Check:
    about = "artifact"
    bucket, key = parts(uri)
    with told(f"look at {uri}"):
        s3 = aws.client("s3")
        if uri.endswith("/"):
            if not s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents"):
                return Check(about, "bad", f"there is nothing under {uri}", "upload the model")
            return Check(about, "ok", f"there are objects under {uri}")
        size = s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
    return Check(about, "ok", f"{uri} is there ({_size(size)})")


def _quota(aws: Aws, kind: str, most: int) -> Check:
    about, name = "quota", f"{kind} for endpoint usage"
    with told("read quotas"):
        pages = aws.client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
        limits = {str(each["QuotaName"]): float(each["Value"]) for page in pages for each in page["Quotas"]}
    limit = limits.get(name)
    if limit is None:
        return Check(about, "unknown", f"AWS names no quota '{name}'", "see AWS Service Quotas")
    if limit < most:
        hint = f"have '{name}' raised in AWS Service Quotas"
        return Check(about, "bad", f"{name}: {limit:g}, and it may need {most}", hint)
    return Check(
        about, "ok", f"{name}: {limit:g}, and it needs {most} at the most; an update needs as many beside them"
    )


def _network(aws: Aws, vpc: Mapping[str, Any]) -> Check:
    about = "network"
    with told("look at its subnets"):
        subnets = aws.client("ec2").describe_subnets(SubnetIds=list(vpc["subnetIDs"]))["Subnets"]
        groups = aws.client("ec2").describe_security_groups(GroupIds=list(vpc["securityGroupIDs"]))["SecurityGroups"]
    zones = {each["AvailabilityZone"] for each in subnets}
    vpcs = {each["VpcId"] for each in (*subnets, *groups)}
    if len(vpcs) > 1:
        return Check(about, "bad", f"its subnets and security groups are of {len(vpcs)} VPCs", "name those of one")
    if len(zones) < 2:
        return Check(about, "bad", "its subnets are in one availability zone", "name subnets in at least two")
    free = min(int(each["AvailableIpAddressCount"]) for each in subnets)
    if free < 10:
        return Check(about, "bad", f"a subnet has {free} free addresses left", "name larger subnets")
    return Check(about, "ok", f"subnets in {len(zones)} availability zones, at least {free} free addresses in each")


def all_of(cluster: Callable[[], Cluster], namespace: str | None, name: str | None, region: str | None) -> list[Check]:
    """All checks: of the cluster and the account, and of one endpoint if it is named."""
    try:
        connected = cluster()
    except ClientError as error:
        return [Check("cluster", "bad", error.message, error.hint), *of_account(Aws(region))]
    where = namespace or connected.access.namespace
    checks = list(of_cluster(connected, where))
    found: Object | None = None
    if name is not None:
        try:
            found = connected.endpoint(where, name)
        except KubernetesError as error:
            checks.append(Check("object", "bad", error.message, error.hint))
    aws = Aws(region or (region_of(found) if found is not None else None))
    account = list(of_account(aws))
    checks += account
    if found is not None and account[0].outcome != "bad":
        checks += of_endpoint(found, aws)
    return checks


def _size(size: float) -> str:
    """Bytes, in kB or MB."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"
