"""Right specs with changes, and the sentences by which the API server refuses wrong ones."""

from typing import Any

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-sklearn-inference"
ROLE = "arn:aws:iam::123456789012:role/sagemaker-execution"
ARCHIVE = "s3://models/iris/model.tar.gz"
PREFIX = "s3://models/iris/"
BURSTABLE = "burstable instances (ml.t2.*) cannot autoscale: use another type, such as ml.m5.large, or remove scaling"
REGION = "every image must be in Amazon ECR of the endpoint's region: replicate it to spec.region"
NAME = "use letters, digits and single or repeated hyphens in between, 63 characters at most, such as rf-2"
ROLE_ARN = "write the ARN of an IAM role, such as arn:aws:iam::123456789012:role/sagemaker-execution"
S3_URI = "write an S3 URI, such as s3://bucket/prefix/"
TOPIC = "write the ARN of an SNS topic, such as arn:aws:sns:us-east-1:123456789012:answers"
TIME_ZONE = "write a time zone of the IANA database, such as Europe/Berlin"
SCHEDULE = "write at(2027-01-31T08:00:00), rate(2 hours), or cron(0 8 ? * MON-FRI *) with its six fields"
CRON = "write five cron fields: minute, hour, day of month, month, day of week, such as 0 8 * * 1-5"
TEN_ALARMS = (
    "a rollout has at most 10 alarms: those in rollback.alarmNames, for each variant one for"
    " maxErrorRatePercent and one for maxLatencyMilliseconds, and one for onRequest and analysis; name fewer"
)
WAITS = (
    "the waits of all steps and terminationWaitSeconds must be shorter than timeoutSeconds (28800 if unset):"
    " wait less, take larger steps, or raise timeoutSeconds"
)
IMAGE = (
    "SageMaker takes images of Amazon ECR alone: write <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>,"
    " or @sha256:<64 hex digits> instead of :<tag>"
)
ARTIFACT = "write one archive that ends in .tar.gz, or a prefix that ends in /"
ENVIRONMENT = (
    "a name of an environment variable has letters, digits and _, 1024 at most, and does not begin with a digit"
)
TWO_PLACES = "a variable is in environment or in secrets, not in both: remove one of the two"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:team-a/db-AbCdEf"  # noqa: S105 - its name
STEP_SIZE = "Canary, Linear and Rolling need exactly one of stepPercent and stepInstances"
GUARDED = (
    "a serverless variant does not go with a guarded rollout:"
    " leave rollout.strategy at AllAtOnce, without waits and rollback"
)
ONE_MODEL = (
    "a serverless variant serves one model of one container: remove multiModel and containers,"
    " and give a modelArtifact that ends in .tar.gz; or use instance"
)
PIPELINE_ALONE = (
    "beside containers there is no modelArtifact, environment, secrets or multiModel: set modelArtifact, environment"
    " and secrets in the entries of containers"
)
NO_INVOCATIONS = (
    "with async there is no metric of invocations: scale by a targetTracking entry with customizedMetric"
    " AWS/SageMaker ApproximateBacklogSizePerInstance of the dimension EndpointName"
)
NO_INSTANCES = (
    "a serverless variant has no instances to count invocations of: use a targetTracking entry with"
    " predefinedMetric ProvisionedConcurrencyUtilization"
)
INF1 = (
    "AWS drops the guardrails of ml.inf1 instances in silence: use strategy AllAtOnce without waits and rollback,"
    " or another instance type"
)
FROM_ZERO = "minCapacity 0 needs async, where requests wait in a queue: set minCapacity to 1 or more, or add async"
TWICE = (
    "track each predefined metric once (targetInvocationsPerInstance is one of InvocationsPerInstance):"
    " remove one of the two policies"
)
OVERLAP = "steps must not overlap: begin each where another ends, and leave out at most one lowerBound and upperBound"
TAG_SIGNS = "keys and values of tags have letters, digits, spaces and _ . : / = + - @ alone: leave out all else"
RESERVED_TAG = "tags that begin with aws: are AWS's own, and with smendpoints.dev/ the operator's: use other keys"


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
