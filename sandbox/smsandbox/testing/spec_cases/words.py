"""Right specs with changes, and the sentences by which the API server refuses wrong ones."""

from typing import Any

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-sklearn-inference"
ROLE = "arn:aws:iam::123456789012:role/sagemaker-execution"
ARCHIVE = "s3://models/iris/model.tar.gz"
PREFIX = "s3://models/iris/"
BURSTABLE = "burstable instances (ml.t2.*) cannot autoscale: use another type, such as ml.m5.large, or remove scaling"
REGION = "every image must be in Amazon ECR in the endpoint's region: replicate the image to spec.region"
NAME = "use letters, digits, and hyphens in between, at most 63 characters, such as rf-2"
ROLE_ARN = "write the ARN of an IAM role, such as arn:aws:iam::123456789012:role/sagemaker-execution"
S3_URI = "write an S3 URI, such as s3://bucket/prefix/"
TOPIC = "write the ARN of an SNS topic, such as arn:aws:sns:us-east-1:123456789012:answers"
TIME_ZONE = "write a time zone of the IANA database, such as Europe/Berlin"
SCHEDULE = "write at(2027-01-31T08:00:00), rate(2 hours), or cron(0 8 ? * MON-FRI *) with its six fields"
CRON = "write five cron fields: minute, hour, day of month, month, day of week, such as 0 8 * * 1-5"
TEN_ALARMS = (
    "a rollout can have at most 10 alarms: those in rollback.alarmNames, for each variant one for maxErrorRatePercent"
    " and one for maxLatencyMilliseconds, and one for onRequest and analysis; use fewer"
)
WAITS = (
    "stepWaitSeconds of all steps and terminationWaitSeconds together must be less than timeoutSeconds (28800 if"
    " unset): reduce them, use larger steps, or increase timeoutSeconds"
)
IMAGE = (
    "SageMaker only accepts images in Amazon ECR: write <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>,"
    " or @sha256:<64 hex digits> instead of :<tag>"
)
ARTIFACT = "write one archive that ends in .tar.gz, or a prefix that ends in /"
ENVIRONMENT = (
    "names of environment variables may contain letters, digits and _, must not begin with a digit, and may have at"
    " most 1024 characters"
)
TWO_PLACES = "a variable is set both in environment and in secrets: remove one of the two"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:team-a/db-AbCdEf"  # noqa: S105 - its name
STEP_SIZE = "Canary, Linear and Rolling need exactly one of stepPercent and stepInstances"
GUARDED = (
    "a serverless variant cannot be combined with a guarded rollout: use rollout.strategy AllAtOnce without waits and"
    " rollback"
)
ONE_MODEL = (
    "a serverless variant serves one model with one container: remove multiModel and containers, and use a"
    " modelArtifact that ends in .tar.gz; or use instance instead of serverless"
)
PIPELINE_ALONE = (
    "with containers, a variant cannot have modelArtifact, environment, secrets or multiModel: set modelArtifact,"
    " environment and secrets in the entries of containers"
)
NO_INVOCATIONS = (
    "an asynchronous endpoint has no metric InvocationsPerInstance: use a targetTracking entry with the"
    " customizedMetric ApproximateBacklogSizePerInstance of AWS/SageMaker, with the dimension EndpointName"
)
NO_INSTANCES = (
    "this metric is not available for serverless variants: use a targetTracking entry with predefinedMetric"
    " ProvisionedConcurrencyUtilization"
)
INF1 = (
    "AWS ignores deployment guardrails for ml.inf1 instances, without an error: use strategy AllAtOnce without waits"
    " and rollback, or another instance type"
)
FROM_ZERO = "minCapacity 0 needs async, where requests wait in a queue: set minCapacity to 1 or more, or add async"
TWICE = (
    "each predefinedMetric can be used only once (targetInvocationsPerInstance uses InvocationsPerInstance): remove"
    " one of the two policies"
)
OVERLAP = (
    "steps must not overlap: the lowerBound of a step can be the upperBound of another; at most one step may"
    " have no lowerBound, and at most one no upperBound"
)
TAG_SIGNS = (
    "keys and values of tags may only contain letters, digits, spaces and _ . : / = + - @: remove other characters"
)
RESERVED_TAG = (
    "keys of tags must not begin with aws: (reserved by AWS) or smendpoints.dev/ (reserved by the"
    " operator): use other keys"
)


Spec = dict[str, Any]


def without(fields: Spec) -> Spec:
    """What is None is left out."""
    return {key: value for key, value in fields.items() if value is not None}


def variant(name: str = "a", **fields: Any) -> Spec:
    """A right variant, changed; None takes a field away."""
    base = {"name": name, "image": f"{ECR}:1.0", "modelArtifact": ARCHIVE, "instance": {"type": "ml.m5.large"}}
    return without(base | fields)


def spec(*variants: Spec, **fields: Any) -> Spec:
    """A right spec, changed."""
    return without({"executionRoleARN": ROLE, "variants": list(variants) or [variant()]} | fields)


NIGHTLY = {"name": "nightly", "schedule": "rate(1 day)", "minCapacity": 2}
BOUNDS: Spec = {"minCapacity": 1, "maxCapacity": 4, "schedules": [NIGHTLY]}


def scaled(**fields: Any) -> Spec:
    """A variant that scales, changed."""
    return spec(variant(scaling=BOUNDS | fields))


def tracked(*policies: Spec, **fields: Any) -> Spec:
    """It scales by these policies."""
    return scaled(targetTracking=list(policies), **fields)


def stepped(*steps: Spec, **fields: Any) -> Spec:
    """It scales by these steps."""
    policy = {"name": "p", "steps": list(steps) or [{"lowerBound": 0, "adjustment": 1}], "alarm": alarm()} | fields
    return scaled(stepScaling=[policy])


def alarm(**fields: Any) -> Spec:
    """A right alarm of steps, changed."""
    return {"metric": METRIC, "comparisonOperator": "GreaterThanThreshold", "threshold": 1} | fields


def serverless(variant_fields: Spec | None = None, **fields: Any) -> Spec:
    """A serverless variant, changed, in a spec, changed."""
    hosting: Spec = {"instance": None, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 10}}
    return spec(variant(**(hosting | (variant_fields or {}))), **fields)


def rollout(strategy: str, **fields: Any) -> Spec:
    """Twenty instances that are rolled out so."""
    return spec(variant(instance={"type": "ml.m5.large", "count": 20}), rollout={"strategy": strategy, **fields})


def pipeline(*containers: Spec, **fields: Any) -> Spec:
    """A variant of these containers."""
    return spec(variant(image=None, modelArtifact=None, containers=list(containers), **fields))


def container(**fields: Any) -> Spec:
    """A right container, changed."""
    return {"image": f"{ECR}:1.0"} | fields


def largest() -> Spec:
    """A spec of 1.2 MB that fills every list of a variant: the API server gives the rules a budget for each object."""
    dimensions = [{"name": f"dimension-{number}", "value": "v" * 100} for number in range(30)]
    steps = [{"lowerBound": number, "upperBound": number + 1, "adjustment": 1} for number in range(20)]
    scaling = BOUNDS | {
        "targetTracking": [
            {"name": f"target-{number}", "targetValue": 1, "customizedMetric": METRIC | {"dimensions": dimensions}}
            for number in range(10)
        ],
        "stepScaling": [{"name": f"step-{number}", "steps": steps, "alarm": alarm()} for number in range(10)],
        "schedules": [
            {"name": f"schedule-{number}", "schedule": "cron(0 8 ? * MON-FRI *)", "minCapacity": 1}
            for number in range(50)
        ],
    }
    environment = {f"A{number:03d}": "x" * 17 for number in range(100)}
    artifact = f"s3://models/{'k' * 1000}.tar.gz"
    containers = [
        container(hostname=f"c-{number}", environment=environment, modelArtifact=artifact) for number in range(15)
    ]
    hosting = {"pools": [{"type": f"ml.m5.{number}xlarge"} for number in (2, 4, 8, 12, 24)]}
    return spec(
        *[
            variant(
                f"v-{number}", image=None, modelArtifact=None, containers=containers, instance=hosting, scaling=scaling
            )
            for number in range(10)
        ],
        region="us-east-1",
        tags={f"{number:02d}{'k' * 126}": "v" * 256 for number in range(45)},
        rollout={
            "strategy": "Canary",
            "stepPercent": 10,
            "rollback": {"alarmNames": [f"{'a' * 254}{n}" for n in range(10)]},
        },
    )


METRIC = {"namespace": "AWS/SageMaker", "metricName": "CPUUtilization"}
ANALYSIS = {"metrics": [{"name": "errors", "errorRate": {}}]}
ASYNC = {"outputPath": "s3://answers/iris/"}
VPC = {"subnetIDs": ["subnet-1", "subnet-2"], "securityGroupIDs": ["sg-1"]}
PC = {"memorySizeMB": 2048, "maxConcurrency": 10, "provisionedConcurrency": 2}
TRACK_INVOCATIONS = {"name": "p", "predefinedMetric": "InvocationsPerInstance", "targetValue": 1}
TRACK_UTILIZATION = {"name": "p", "predefinedMetric": "ProvisionedConcurrencyUtilization", "targetValue": 0.7}
V0 = "spec.variants[0]"
