"""The single checks of pre-flight: each asks AWS once and returns what is wrong, or None.

An `ReconcileError` that is returned was found out for certain; one that is raised says that AWS could not be asked.
"""

import re
from collections.abc import Callable, Sequence

from smendpoints.aws.calls.clients import Clients
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.preflight.launch import Artifact, Stored, Writer
from smendpoints.domain.preflight.trust import SAGEMAKER, Trust, trust_in_sagemaker
from smendpoints.domain.reasons import Reason

_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<repository>[^:@]+)"
    r"(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_TRUSTED = {
    Trust.ALLOWED: f"the role exists, and its trust policy lets {SAGEMAKER} assume it",
    Trust.CONDITIONAL: f"the role's trust policy lets {SAGEMAKER} assume it under conditions only; see that they hold",
    Trust.DENIED: f"the role's trust policy denies sts:AssumeRole to {SAGEMAKER}; take that statement away",
    Trust.NOT_ALLOWED: f"the role's trust policy does not allow sts:AssumeRole to the service {SAGEMAKER}; add that",
    Trust.UNKNOWN: None,
}


def _wrong(reason: Reason, message: str) -> ReconcileError:
    return ReconcileError(Kind.BLOCKED, reason, message)


def repository_of(image: str) -> str:
    """The repository of an image, as far as it names one."""
    return re.split(r"[@:]", image, maxsplit=1)[0]


def check_image(
    clients: Clients, image: str, tell: Callable[[str, str], None] = lambda _image, _digest: None
) -> ReconcileError | None:
    """Whether the image is in the endpoint's region of Amazon ECR; its digest is told."""
    match = _ECR.fullmatch(image)
    if match is None:
        return None  # the API server lets none through; an older CRD might have
    region = clients.place.region
    if match["region"] != region:
        message = f"the image {image} is in {match['region']}; push it to {region}, the endpoint's"
        return _wrong(Reason.IMAGE_NOT_FOUND, message)
    identity = {"imageDigest": match["digest"]} if match["digest"] else {"imageTag": match["tag"] or "latest"}
    try:
        found = clients.call(
            "ecr",
            "describe_images",
            registryId=match["account"],
            repositoryName=match["repository"],
            imageIds=[identity],
        )
    except ReconcileError as failure:
        if failure.code in {"ImageNotFoundException", "RepositoryNotFoundException"}:
            message = f"the image {image} is not in Amazon ECR: push it, or name one that is there"
            return _wrong(Reason.IMAGE_NOT_FOUND, message)
        raise
    for detail in found.get("imageDetails", ()):
        tell(image, detail.get("imageDigest", ""))
    return None


def check_artifact(
    clients: Clients, artifact: Artifact, tell: Callable[[str, Stored], None] = lambda _uri, _stored: None
) -> ReconcileError | None:
    """Whether the artifact is in S3, in the endpoint's region; what is behind its key is told.

    One listing tells all: an object's own key comes first among those that begin with it, S3 names the bucket's region
    in every listing, and nothing of the artifact is read, so that s3:ListBucket is enough.
    """
    try:
        found = clients.call("s3", "list_objects_v2", Bucket=artifact.bucket, Prefix=artifact.key, MaxKeys=1)
    except ReconcileError as failure:
        if failure.code == "NoSuchBucket":
            message = f"{artifact}: there is no bucket {artifact.bucket}; upload the artifact, or name one that exists"
            return _wrong(Reason.ARTIFACT_NOT_FOUND, message)
        raise
    region = found["ResponseMetadata"].get("HTTPHeaders", {}).get("x-amz-bucket-region")
    if region is not None and region != clients.place.region:
        message = (
            f"{artifact}: the bucket {artifact.bucket} is in {region}; copy the artifact to a bucket in "
            f"{clients.place.region}, the endpoint's region"
        )
        return _wrong(Reason.ARTIFACT_NOT_FOUND, message)
    keys = [entry["Key"] for entry in found.get("Contents", ())]
    there = bool(keys) if artifact.key.endswith("/") else artifact.key in keys
    if artifact.must_exist and not there:
        what = "nothing begins with it" if artifact.key.endswith("/") else "there is no such object"
        message = f"{artifact}: {what} in the bucket {artifact.bucket}; upload the artifact, or name one that exists"
        return _wrong(Reason.ARTIFACT_NOT_FOUND, message)
    for entry in found.get("Contents", ()):
        if entry["Key"] == artifact.key:
            tell(str(artifact), Stored(entry["ETag"].strip('"'), entry["LastModified"]))
    return None


def check_alarm(clients: Clients, alarm: str) -> ReconcileError | None:
    """Whether the alarm that shall undo a rollout is there."""
    kinds = ["MetricAlarm", "CompositeAlarm"]
    found = clients.call("cloudwatch", "describe_alarms", AlarmNames=[alarm], AlarmTypes=kinds)
    if found.get("MetricAlarms") or found.get("CompositeAlarms"):
        return None
    message = f"rollout.rollback.alarmNames: there is no alarm {alarm} in {clients.place.region}; make it first"
    return _wrong(Reason.ALARM_NOT_FOUND, message)


def check_secret(clients: Clients, arn: str) -> ReconcileError | None:
    """Whether a secret that the environment names is there; its value is not read."""
    try:
        found = clients.call("secretsmanager", "describe_secret", SecretId=arn)
    except ReconcileError as failure:
        if failure.code == "ResourceNotFoundException":
            return _wrong(Reason.SECRET_NOT_FOUND, f"there is no secret {arn}; make it again, or name another one")
        raise
    if found.get("DeletedDate") is not None:
        return _wrong(Reason.SECRET_NOT_FOUND, f"the secret {arn} is being deleted; restore it, or name another one")
    return None


def check_topic(clients: Clients, arn: str) -> ReconcileError | None:
    """Whether an SNS topic is there, as far as one of another account may be looked at."""
    try:
        clients.call("sns", "get_topic_attributes", TopicArn=arn)
    except ReconcileError as failure:
        if failure.code in {"NotFound", "NotFoundException"}:
            message = f"spec.monitoring.topicARNs: there is no topic {arn}; make it, or name another one"
            return _wrong(Reason.TOPIC_NOT_FOUND, message)
        raise
    return None


def check_role(clients: Clients, role_arn: str) -> ReconcileError | None:
    """Whether the role is there, and lets SageMaker assume it."""
    trust, words = _looked_at(clients, role_arn)
    if trust in {None, Trust.DENIED, Trust.NOT_ALLOWED}:
        return _wrong(Reason.ROLE_NOT_FOUND, f"the execution role {role_arn}: {words}")
    return None


def check_watcher(clients: Clients, role_arn: str) -> ReconcileError | None:
    """Whether the execution role may see the alarms of a rollout: else AWS has nothing to undo it by."""
    if not _denied(clients, role_arn, "cloudwatch:DescribeAlarms"):
        return None
    message = (
        f"the execution role {role_arn} may not call cloudwatch:DescribeAlarms, by which AWS watches the "
        "alarms of spec.rollout.rollback; allow that on * to the role, or remove spec.rollout.rollback"
    )
    return _wrong(Reason.ACCESS_DENIED, message)


def check_writers(clients: Clients, role_arn: str, writers: Sequence[Writer]) -> ReconcileError | None:
    """Whether the execution role may write what AWS writes in its name, as far as the role's own policies say.

    It is no certain refusal: the policy of a bucket, which is not looked at, may allow it, too.
    """
    places = {each.objects: each.what for each in writers}
    denied = _denied(clients, role_arn, "s3:PutObject", ResourceArns=sorted(places))
    if not denied:
        return None
    what = ", ".join(sorted({places.get(each, "them") for each in denied}))
    message = (
        f"the policies of the execution role {role_arn} do not allow s3:PutObject on {', '.join(denied)}: unless the "
        f"policy of the bucket does, AWS writes no {what} there and reports no error; allow it for the role"
    )
    return _wrong(Reason.ACCESS_DENIED, message)


def _denied(clients: Clients, role_arn: str, action: str, **on: Sequence[str]) -> list[str]:
    """The resources on which the role's own policies deny an action; all of them, `*`, unless it says `on` which.

    What depends on the context of a call is not claimed to be denied.
    """
    found = clients.call("iam", "simulate_principal_policy", PolicySourceArn=role_arn, ActionNames=[action], **on)
    return sorted(
        str(each.get("EvalResourceName", "*"))
        for each in found["EvaluationResults"]
        if each["EvalDecision"] != "allowed" and not each.get("MissingContextValues")
    )


def look_at_role(clients: Clients, role_arn: str) -> str | None:
    """What IAM says of the role, in a sentence; None where that tells nothing.

    Raises:
        ReconcileError: AWS could not be asked.
    """
    return _looked_at(clients, role_arn)[1]


def _looked_at(clients: Clients, role_arn: str) -> tuple[Trust | None, str | None]:
    """Whether the role trusts SageMaker, and what to say of that; no trust: there is no such role."""
    name = role_arn.rpartition("/")[2]
    try:
        role = clients.call("iam", "get_role", RoleName=name)["Role"]
    except ReconcileError as failure:
        if failure.code == "NoSuchEntity":
            return None, f"IAM has no role named {name} in the operator's account; make it, or name another one"
        raise
    if role["Arn"] != role_arn:
        return None, f"IAM has this role as {role['Arn']}; name it so"
    trust = trust_in_sagemaker(role.get("AssumeRolePolicyDocument") or {})
    return trust, _TRUSTED[trust]
