"""Each rule of the CRD against a real API server: what is refused, where, and with which sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from smendpoints.api.group import GROUP, KIND, PLURAL, VERSION
from smendpoints.api.policy import GLOB, LABEL_KEY, LABEL_VALUE, NAME_PREFIX
from smendpoints.api.rules import PATTERNS, RULES
from smendpoints.api.rules.experiment import EXPERIMENT
from smendpoints.api.rules.policy import POLICY
from smendpoints.api.spec import SageMakerEndpointSpec
from smsandbox.controlplane import ControlPlane
from smsandbox.testing.dry_run import RefusedError, kept

CRDS = Path(__file__).parents[2] / "crds"
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
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:team-a/db-AbCdEf"
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

POLICY_PATTERNS = {GLOB, LABEL_KEY, LABEL_VALUE, NAME_PREFIX}  # these and the policy's rules: test_api_policy_kind

Spec = dict[str, Any]


def without(fields: Spec) -> Spec:
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
    return spec(variant(scaling=BOUNDS | fields))


def tracked(*policies: Spec, **fields: Any) -> Spec:
    return scaled(targetTracking=list(policies), **fields)


def stepped(*steps: Spec, **fields: Any) -> Spec:
    policy = {"name": "p", "steps": list(steps) or [{"lowerBound": 0, "adjustment": 1}], "alarm": alarm()} | fields
    return scaled(stepScaling=[policy])


def alarm(**fields: Any) -> Spec:
    return {"metric": METRIC, "comparisonOperator": "GreaterThanThreshold", "threshold": 1} | fields


def serverless(variant_fields: Spec | None = None, **fields: Any) -> Spec:
    hosting: Spec = {"instance": None, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 10}}
    return spec(variant(**(hosting | (variant_fields or {}))), **fields)


def rollout(strategy: str, **fields: Any) -> Spec:
    return spec(variant(instance={"type": "ml.m5.large", "count": 20}), rollout={"strategy": strategy, **fields})


def pipeline(*containers: Spec, **fields: Any) -> Spec:
    return spec(variant(image=None, modelArtifact=None, containers=list(containers), **fields))


def container(**fields: Any) -> Spec:
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

# What is wrong -> the spec, the field that the refusal points at, the sentence.
REFUSED: dict[str, tuple[Spec, str, str]] = {
    "an endpoint name with an underscore": (spec(endpointName="my_endpoint"), "spec.endpointName", NAME),
    "a variant name with an underscore": (spec(variant("my_variant")), f"{V0}.name", NAME),
    "a region that is none": (
        spec(variant(image="123456789012.dkr.ecr.virginia.amazonaws.com/iris:1"), region="virginia"),
        "spec.region",
        "write the name of an AWS region, such as us-east-1",
    ),
    "a role by its name": (spec(executionRoleARN="sagemaker-execution-role"), "spec.executionRoleARN", ROLE_ARN),
    "a subnet by its name": (
        spec(vpc=VPC | {"subnetIDs": ["blue", "subnet-2"]}),
        "spec.vpc.subnetIDs[0]",
        "write the ID of a subnet, such as subnet-0123456789abcdef0",
    ),
    "a security group by its name": (
        spec(vpc=VPC | {"securityGroupIDs": ["blue"]}),
        "spec.vpc.securityGroupIDs[0]",
        "write the ID of a security group, such as sg-0123456789abcdef0",
    ),
    "a topic by its name": (spec(**{"async": ASYNC | {"errorTopicARN": "errors"}}), "spec.async.errorTopicARN", TOPIC),
    "a topic of another region": (
        spec(region="us-east-1", monitoring={"topicARNs": ["arn:aws:sns:eu-west-1:123456789012:oncall"]}),
        "spec.monitoring.topicARNs",
        "CloudWatch tells SNS topics of its own region alone: name topics of spec.region in monitoring.topicARNs",
    ),
    "a backlog without a queue": (
        spec(monitoring={"alarms": ["Backlog"]}),
        "spec.monitoring.alarms",
        "Backlog watches the queue of an asynchronous endpoint: leave it out of monitoring.alarms, or add async",
    ),
    "a namespace with blanks": (
        spec(monitoring={"containerMetricsNamespace": "my models"}),
        "spec.monitoring.containerMetricsNamespace",
        "use letters, digits and . - _ / # alone, such as smendpoints/inference",
    ),
    "an output path that is no S3 URI": (
        spec(**{"async": {"outputPath": "/tmp/answers"}}),
        "spec.async.outputPath",
        S3_URI,
    ),
    "an artifact that is no S3 URI": (
        spec(variant(modelArtifact="https://models/model.tar.gz")),
        f"{V0}.modelArtifact",
        "write an S3 URI below a bucket, such as s3://models/iris/model.tar.gz",
    ),
    "an EC2 instance type": (
        spec(variant(instance={"type": "m5.large"})),
        f"{V0}.instance.type",
        "write an instance type of SageMaker, with its ml. in front, such as ml.m5.large",
    ),
    "a time zone with a blank": (
        scaled(schedules=[{"name": "s", "schedule": "rate(1 day)", "minCapacity": 1, "timeZone": "Central Europe"}]),
        f"{V0}.scaling.schedules[0].timeZone",
        TIME_ZONE,
    ),
    "a schedule of five cron fields": (
        scaled(schedules=[{"name": "s", "schedule": "cron(0 8 * * 1-5)", "minCapacity": 1}]),
        f"{V0}.scaling.schedules[0].schedule",
        SCHEDULE,
    ),
    "office hours of six cron fields": (
        spec(officeHours={"start": "0 8 * * 1-5 *", "stop": "0 18 * * 1-5"}),
        "spec.officeHours.start",
        CRON,
    ),
    "an execution role of another account": (
        spec(assumeRoleARN="arn:aws:iam::210987654321:role/operator"),
        "spec.executionRoleARN",
        "executionRoleARN must be a role of the account of assumeRoleARN: SageMaker takes no role of another account",
    ),
    "an image of another region": (spec(region="eu-central-1"), "spec", REGION),
    "a pipeline with an image of another region": (
        pipeline(container(), container()) | {"region": "eu-central-1"},
        "spec",
        REGION,
    ),
    "a shadow with an image of another region": (
        spec(
            region="us-east-1",
            shadow=variant("s", image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-sklearn-inference:1"),
        ),
        "spec",
        REGION,
    ),
    "all weights zero": (
        spec(variant("a", weight=0), variant("b", weight=0)),
        "spec.variants",
        "all weights are 0, so no variant would get a request: give at least one variant a weight above 0",
    ),
    "a shadow beside two variants": (
        spec(variant("a"), variant("b"), shadow=variant("s")),
        "spec.shadow",
        "shadow needs exactly one production variant: leave one entry in variants, or remove shadow",
    ),
    "a shadow of the variant's name": (
        spec(variant("a"), shadow=variant("a")),
        "spec.shadow.name",
        "the shadow variant needs a name of its own: it has the name of a production variant",
    ),
    "a serverless shadow": (
        spec(shadow=variant("s", instance=None, serverless=PC)),
        "spec",
        "a shadow variant does not go with serverless hosting: remove one of the two",
    ),
    "a shadow of a serverless variant": (
        serverless(shadow=variant("s")),
        "spec",
        "a shadow variant does not go with serverless hosting: remove one of the two",
    ),
    "a shadow with async": (
        spec(**{"async": ASYNC, "shadow": variant("s")}),
        "spec",
        "a shadow variant does not go with async: remove one of the two",
    ),
    "a shadow of a multi-model variant": (
        spec(variant(modelArtifact=PREFIX, multiModel=True), shadow=variant("s")),
        "spec",
        "a shadow variant does not go with a multi-model variant: remove one of the two",
    ),
    "a shadow that is a pipeline": (
        spec(shadow=variant("s", image=None, modelArtifact=None, containers=[container(), container()])),
        "spec",
        "a shadow variant does not go with a pipeline of containers: remove one of the two",
    ),
    "a shadow that scales": (
        spec(shadow=variant("s", scaling=BOUNDS)),
        "spec.shadow.scaling",
        "a shadow variant does not scale: remove shadow.scaling and set shadow.instance.count",
    ),
    "serverless beside another variant": (
        spec(variant("a", instance=None, serverless=PC), variant("b")),
        "spec",
        "a serverless variant does not go with other variants: leave one entry in variants, or use instance",
    ),
    "serverless with vpc": (
        serverless(vpc=VPC),
        "spec",
        "a serverless variant does not go with vpc: remove vpc, or use instance instead of serverless",
    ),
    "serverless with network isolation": (
        serverless(networkIsolation=True),
        "spec",
        (
            "a serverless variant does not go with networkIsolation:"
            " remove networkIsolation, or use instance instead of serverless"
        ),
    ),
    "serverless with data capture": (
        serverless(dataCapture={"destination": "s3://captures"}),
        "spec",
        "a serverless variant does not go with dataCapture: remove dataCapture, or use instance instead of serverless",
    ),
    "serverless with async": (
        serverless(**{"async": ASYNC}),
        "spec",
        "a serverless variant does not go with async: remove async, or use instance instead of serverless",
    ),
    "serverless with a canary": (serverless(rollout={"strategy": "Canary", "stepPercent": 10}), "spec", GUARDED),
    "serverless with rollback alarms": (serverless(rollout={"rollback": {"alarmNames": ["a"]}}), "spec", GUARDED),
    "serverless with a termination wait": (serverless(rollout={"terminationWaitSeconds": 60}), "spec", GUARDED),
    "Rolling with two variants": (
        spec(variant("a"), variant("b"), rollout={"strategy": "Rolling", "stepPercent": 10}),
        "spec.rollout.strategy",
        "rollout.strategy Rolling needs exactly one variant: use AllAtOnce, Canary or Linear with several",
    ),
    "a canary on Inferentia 1": (
        spec(variant(instance={"type": "ml.inf1.xlarge"}), rollout={"strategy": "Canary", "stepPercent": 10}),
        "spec.rollout",
        INF1,
    ),
    "a bake on Inferentia 1": (
        spec(variant(instance={"type": "ml.inf1.xlarge"}), rollout={"terminationWaitSeconds": 60}),
        "spec.rollout",
        INF1,
    ),
    "rollback with Inferentia 1 in a pool": (
        spec(
            variant(instance={"pools": [{"type": "ml.m5.large"}, {"type": "ml.inf1.xlarge"}]}),
            rollout={"rollback": {"alarmNames": ["a"]}},
        ),
        "spec.rollout",
        INF1,
    ),
    "a canary of more than half": (
        rollout("Canary", stepInstances=11),
        "spec.rollout.stepInstances",
        "rollout.stepInstances must be at most half of each variant's instances: lower it, or use stepPercent",
    ),
    "eleven alarms": (
        spec(
            variant("a"),
            variant("b"),
            rollout={
                "stepWaitSeconds": 60,
                "rollback": {
                    "alarmNames": [f"alarm-{number}" for number in range(7)],
                    "maxErrorRatePercent": 1,
                    "maxLatencyMilliseconds": 100,
                },
            },
        ),
        "spec.rollout.rollback",
        TEN_ALARMS,
    ),
    "ten alarms and the one to abort with": (
        rollout(
            "Canary",
            stepPercent=10,
            stepWaitSeconds=60,
            rollback={"alarmNames": [f"alarm-{number}" for number in range(10)], "onRequest": True},
        ),
        "spec.rollout.rollback",
        TEN_ALARMS,
    ),
    "ten alarms and the one to undo by analysis with": (
        rollout(
            "Canary",
            stepPercent=10,
            stepWaitSeconds=600,
            rollback={"alarmNames": [f"alarm-{number}" for number in range(10)]},
            analysis=ANALYSIS,
        ),
        "spec.rollout.rollback",
        TEN_ALARMS,
    ),
    "an analysis without a fleet beside the other": (
        rollout("AllAtOnce", terminationWaitSeconds=600, analysis=ANALYSIS),
        "spec.rollout.analysis",
        "analysis compares the old fleet with the new one while both serve: set strategy to Canary or Linear",
    ),
    "an analysis of batches": (
        rollout("Rolling", stepPercent=10, stepWaitSeconds=600, analysis=ANALYSIS),
        "spec.rollout.analysis",
        "analysis compares the old fleet with the new one while both serve: set strategy to Canary or Linear",
    ),
    "an analysis that has no time": (
        rollout("Canary", stepPercent=10, stepWaitSeconds=359, analysis=ANALYSIS),
        "spec.rollout.stepWaitSeconds",
        "analysis needs time to compare: set stepWaitSeconds to analysis.warmUpSeconds (60 if unset) and 300 at least",
    ),
    "an analysis of an asynchronous endpoint": (
        rollout("Canary", stepPercent=10, stepWaitSeconds=600, analysis=ANALYSIS) | {"async": ASYNC},
        "spec.rollout.analysis",
        (
            "rollout.analysis compares answers to real-time requests, which an asynchronous endpoint has none of: remove"
            " analysis, and set rollback.alarmNames to alarms of your own"
        ),
    ),
    "a metric of nothing": (
        rollout("Canary", stepPercent=10, stepWaitSeconds=600, analysis={"metrics": [{"name": "errors"}]}),
        "spec.rollout.analysis.metrics[0]",
        "a metric of analysis needs exactly one of errorRate, latencyAbove and metricAbove",
    ),
    "more errors are better": (
        rollout(
            "Linear",
            stepPercent=10,
            stepWaitSeconds=600,
            analysis={"metrics": [{"name": "errors", "errorRate": {}, "better": "Higher"}]},
        ),
        "spec.rollout.analysis.metrics[0].better",
        "fewer errors and fewer slow requests are better: remove better, which is for metricAbove",
    ),
    "scaling to zero without async": (scaled(minCapacity=0), "spec.variants", FROM_ZERO),
    "a schedule that scales to zero without async": (
        scaled(schedules=[{"name": "s", "schedule": "rate(1 day)", "minCapacity": 0}]),
        "spec.variants",
        FROM_ZERO,
    ),
    "invocations of an async endpoint by the short form": (
        scaled(targetInvocationsPerInstance=70) | {"async": ASYNC},
        "spec.variants",
        NO_INVOCATIONS,
    ),
    "invocations of an async endpoint": (
        tracked(TRACK_INVOCATIONS) | {"async": ASYNC},
        "spec.variants",
        NO_INVOCATIONS,
    ),
    "office hours of a stopped endpoint": (
        spec(officeHours={"start": "0 8 * * 1-5", "stop": "0 18 * * 1-5"}, desiredState="Stopped"),
        "spec.desiredState",
        (
            "officeHours start and stop the endpoint, so they do not go with desiredState Stopped:"
            " remove officeHours to keep it stopped, or set desiredState to Running"
        ),
    ),
    "office hours that begin when they end": (
        spec(officeHours={"start": "0 8 * * *", "stop": "0 8 * * *"}),
        "spec.officeHours.stop",
        "start and stop come at the same moments, so the endpoint would never run: write when it stops",
    ),
    "a tag of AWS": (spec(tags={"aws:team": "x"}), "spec.tags", RESERVED_TAG),
    "a tag of AWS, however it is written": (spec(tags={"aWs:team": "x"}), "spec.tags", RESERVED_TAG),
    "a tag's key with a sign that AWS does not take": (spec(tags={"team<1>": "x"}), "spec.tags", TAG_SIGNS),
    "a tag's value with a sign that AWS does not take": (spec(tags={"team": "a;b"}), "spec.tags", TAG_SIGNS),
    "a tag of the operator": (spec(tags={"smendpoints.dev/name": "x"}), "spec.tags", RESERVED_TAG),
    "one in capitals": (spec(tags={"SMENDPOINTS.DEV/cluster": "x"}), "spec.tags", RESERVED_TAG),
    "one in another case": (spec(tags={"Smendpoints.Dev/Anything": "x"}), "spec.tags", RESERVED_TAG),
    "one behind a space": (spec(tags={" smendpoints.dev/name": "x"}), "spec.tags", RESERVED_TAG),
    "a tag with a long key": (
        spec(tags={"k" * 129: "x"}),
        "spec.tags",
        "a tag's key has 1 to 128 characters: use shorter keys",
    ),
    "a canary without a size": (rollout("Canary"), "spec.rollout", STEP_SIZE),
    "a canary with two sizes": (rollout("Canary", stepPercent=10, stepInstances=1), "spec.rollout", STEP_SIZE),
    "Rolling without a size": (rollout("Rolling"), "spec.rollout", STEP_SIZE),
    "all at once in steps": (
        rollout("AllAtOnce", stepPercent=10),
        "spec.rollout",
        "AllAtOnce has no steps: remove stepPercent and stepInstances, or set strategy to Canary, Linear or Rolling",
    ),
    "Linear in steps of 9 percent": (
        rollout("Linear", stepPercent=9),
        "spec.rollout.stepPercent",
        "a step of Linear is 10 to 50 percent: set stepPercent to 10 or more",
    ),
    "Rolling in batches of 4 percent": (
        rollout("Rolling", stepPercent=4),
        "spec.rollout.stepPercent",
        "a batch of Rolling is 5 to 50 percent: set stepPercent to 5 or more",
    ),
    "Rolling with a termination wait": (
        rollout("Rolling", stepPercent=10, terminationWaitSeconds=60),
        "spec.rollout.terminationWaitSeconds",
        "Rolling keeps no old fleet to wait for: remove terminationWaitSeconds and use stepWaitSeconds",
    ),
    "a canary that waits as long as it may take": (
        rollout("Canary", stepPercent=10, stepWaitSeconds=400, terminationWaitSeconds=200, timeoutSeconds=600),
        "spec.rollout",
        WAITS,
    ),
    "ten linear steps of an hour": (rollout("Linear", stepPercent=10, stepWaitSeconds=3600), "spec.rollout", WAITS),
    "four batches (the last a small one) of 150 seconds in 600": (
        rollout("Rolling", stepPercent=30, stepWaitSeconds=150, timeoutSeconds=600),
        "spec.rollout",
        WAITS,
    ),
    "an error rate that nobody has time to measure": (
        rollout("Canary", stepPercent=10, rollback={"maxErrorRatePercent": 1}),
        "spec.rollout.rollback",
        (
            "maxErrorRatePercent, maxLatencyMilliseconds and onRequest need time to watch the new fleet:"
            " set stepWaitSeconds or terminationWaitSeconds"
        ),
    ),
    "an abort that AWS never looks for": (
        rollout("AllAtOnce", rollback={"onRequest": True}),
        "spec.rollout.rollback",
        (
            "maxErrorRatePercent, maxLatencyMilliseconds and onRequest need time to watch the new fleet:"
            " set stepWaitSeconds or terminationWaitSeconds"
        ),
    ),
    "a rollback for no reason": (
        rollout("Canary", stepPercent=10, rollback={}),
        "spec.rollout.rollback",
        "rollback needs at least one of alarmNames, maxErrorRatePercent, maxLatencyMilliseconds and onRequest",
    ),
    "no hosting": (
        spec(variant(instance=None)),
        V0,
        "a variant needs exactly one of instance and serverless",
    ),
    "two hostings": (
        spec(variant(serverless=PC)),
        V0,
        "a variant needs exactly one of instance and serverless",
    ),
    "no image": (spec(variant(image=None)), V0, "a variant needs exactly one of image and containers"),
    "image and containers": (
        spec(variant(modelArtifact=None, containers=[container(), container()])),
        V0,
        "a variant needs exactly one of image and containers",
    ),
    "an artifact beside containers": (
        spec(variant(image=None, containers=[container(), container()])),
        V0,
        PIPELINE_ALONE,
    ),
    "an environment beside containers": (
        pipeline(container(), container(), environment={"A": "1"}),
        V0,
        PIPELINE_ALONE,
    ),
    "a pipeline of one": (
        pipeline(container()),
        f"{V0}.containers",
        "a pipeline has 2 to 15 containers: for a single one use image, modelArtifact and environment",
    ),
    "one hostname in a pipeline of two": (
        pipeline(container(hostname="a"), container()),
        f"{V0}.containers",
        "give a hostname to all containers of the pipeline, or to none",
    ),
    "one hostname twice": (
        pipeline(container(hostname="a"), container(hostname="a")),
        f"{V0}.containers",
        "each container of a pipeline needs a hostname of its own",
    ),
    "an environment of 33 KB over two containers": (
        pipeline(*[container(environment={f"A{number}": "x" * 1000 for number in range(17)})] * 2),
        V0,
        (
            "the environment of all containers of a variant has at most 32768 characters, names and values together:"
            " put larger settings into the model artifact"
        ),
    ),
    "many models in one archive": (
        spec(variant(multiModel=True)),
        f"{V0}.modelArtifact",
        "multiModel needs a modelArtifact that is a prefix and ends in /, such as s3://models/all/",
    ),
    "many serverless models": (
        serverless({"multiModel": True, "modelArtifact": PREFIX}),
        f"{V0}.serverless",
        ONE_MODEL,
    ),
    "a serverless pipeline": (
        serverless({"image": None, "modelArtifact": None, "containers": [container(), container()]}),
        f"{V0}.serverless",
        ONE_MODEL,
    ),
    "a serverless model that is not packed": (serverless({"modelArtifact": PREFIX}), f"{V0}.serverless", ONE_MODEL),
    "scaling of a serverless variant that is not provisioned": (
        serverless({"scaling": BOUNDS}),
        f"{V0}.scaling",
        "scaling of a serverless variant moves its provisionedConcurrency: set it, or remove scaling",
    ),
    "scaling beyond the concurrency": (
        serverless({"serverless": PC, "scaling": BOUNDS | {"maxCapacity": 11}}),
        f"{V0}.scaling",
        "scaling.maxCapacity of a serverless variant must be at most serverless.maxConcurrency",
    ),
    "invocations per instance without instances, by the short form": (
        serverless({"serverless": PC, "scaling": BOUNDS | {"targetInvocationsPerInstance": 1}}),
        f"{V0}.scaling",
        NO_INSTANCES,
    ),
    "invocations per instance without instances": (
        serverless({"serverless": PC, "scaling": BOUNDS | {"targetTracking": [TRACK_INVOCATIONS]}}),
        f"{V0}.scaling",
        NO_INSTANCES,
    ),
    "utilization of what instances do not have": (
        tracked(TRACK_UTILIZATION),
        f"{V0}.scaling",
        (
            "ProvisionedConcurrencyUtilization is for serverless variants:"
            " use InvocationsPerInstance or ConcurrentRequestsPerModel"
        ),
    ),
    "a burstable type that scales": (
        spec(variant(instance={"type": "ml.t2.medium"}, scaling=BOUNDS)),
        f"{V0}.scaling",
        BURSTABLE,
    ),
    "a burstable type in a pool that scales": (
        spec(variant(instance={"pools": [{"type": "ml.m5.large"}, {"type": "ml.t2.medium"}]}, scaling=BOUNDS)),
        f"{V0}.scaling",
        BURSTABLE,
    ),
    "an image of Docker Hub": (spec(variant(image="library/nginx:1.27")), f"{V0}.image", IMAGE),
    "a container's image with a broken digest": (
        pipeline(container(), container(image=f"{ECR}@sha256:abc")),
        f"{V0}.containers[1].image",
        IMAGE,
    ),
    "an artifact that is not packed": (
        spec(variant(modelArtifact="s3://models/iris/model.pkl")),
        f"{V0}.modelArtifact",
        ARTIFACT,
    ),
    "a container's artifact that is not packed": (
        pipeline(container(), container(modelArtifact="s3://models/iris/model.pkl")),
        f"{V0}.containers[1].modelArtifact",
        ARTIFACT,
    ),
    "secrets beside containers": (
        pipeline(container(), container(), secrets={"A": SECRET}),
        V0,
        PIPELINE_ALONE,
    ),
    "one variable twice": (
        spec(variant(environment={"A": "1", "B": "2"}, secrets={"B": SECRET})),
        f"{V0}.secrets",
        TWO_PLACES,
    ),
    "one variable of a container twice": (
        pipeline(container(), container(environment={"B": "2"}, secrets={"B": SECRET})),
        f"{V0}.containers[1].secrets",
        TWO_PLACES,
    ),
    "101 variables": (
        spec(
            variant(
                environment={f"A{number}": "" for number in range(60)},
                secrets={f"B{number}": SECRET for number in range(41)},
            )
        ),
        f"{V0}.secrets",
        "a container has at most 100 variables, in environment and secrets together",
    ),
    "a secret itself": (
        spec(variant(secrets={"A": "hunter2"})),
        f"{V0}.secrets[A]",
        "write the ARN of a secret, such as arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf",
    ),
    "a secret's name with a hyphen": (spec(variant(secrets={"DB-PASSWORD": SECRET})), f"{V0}.secrets", ENVIRONMENT),
    "an environment variable with a hyphen": (
        spec(variant(environment={"LOG-LEVEL": "info"})),
        f"{V0}.environment",
        ENVIRONMENT,
    ),
    "a container's environment variable with a digit in front": (
        pipeline(container(), container(environment={"1ST": "x"})),
        f"{V0}.containers[1].environment",
        ENVIRONMENT,
    ),
    "no instance type": (
        spec(variant(instance={"count": 1})),
        f"{V0}.instance",
        "instance needs exactly one of type and pools",
    ),
    "a type beside pools": (
        spec(variant(instance={"type": "ml.m5.large", "pools": [{"type": "ml.m5.xlarge"}]})),
        f"{V0}.instance",
        "instance needs exactly one of type and pools",
    ),
    "a type twice in the pools": (
        spec(variant(instance={"pools": [{"type": "ml.m5.large"}, {"type": "ml.m5.large"}]})),
        f"{V0}.instance.pools",
        "name each instance type in pools once, in order of preference",
    ),
    "more provisioned than there may be": (
        serverless({"serverless": PC | {"provisionedConcurrency": 11}}),
        f"{V0}.serverless.provisionedConcurrency",
        "provisionedConcurrency must be at most maxConcurrency",
    ),
    "scaling by nothing": (
        spec(variant(scaling={"minCapacity": 1, "maxCapacity": 4, "targetTracking": []})),
        f"{V0}.scaling",
        "nothing makes this scale: add targetInvocationsPerInstance, targetTracking, stepScaling or schedules",
    ),
    "bounds that cross": (
        scaled(minCapacity=5),
        f"{V0}.scaling.minCapacity",
        "minCapacity must be at most maxCapacity",
    ),
    "a policy that has the short form's name": (
        tracked(
            {"name": "invocations-per-instance", "customizedMetric": METRIC, "targetValue": 1},
            targetInvocationsPerInstance=70,
        ),
        f"{V0}.scaling",
        "the policy of targetInvocationsPerInstance is named invocations-per-instance: give yours another name",
    ),
    "two policies of one name": (
        tracked(
            {"name": "p", "customizedMetric": METRIC, "targetValue": 1},
            stepScaling=[{"name": "p", "steps": [{"adjustment": 1}], "alarm": alarm()}],
        ),
        f"{V0}.scaling",
        "targetTracking and stepScaling share one set of names: give each policy a name of its own",
    ),
    "one metric tracked twice": (tracked(TRACK_INVOCATIONS, TRACK_INVOCATIONS | {"name": "q"}), f"{V0}.scaling", TWICE),
    "invocations tracked beside the short form": (
        tracked(TRACK_INVOCATIONS, targetInvocationsPerInstance=70),
        f"{V0}.scaling",
        TWICE,
    ),
    "nothing to track": (
        tracked({"name": "p", "targetValue": 1}),
        f"{V0}.scaling.targetTracking[0]",
        "targetTracking needs exactly one of predefinedMetric and customizedMetric",
    ),
    "two things to track": (
        tracked(TRACK_INVOCATIONS | {"customizedMetric": METRIC}),
        f"{V0}.scaling.targetTracking[0]",
        "targetTracking needs exactly one of predefinedMetric and customizedMetric",
    ),
    "a schedule that changes nothing": (
        scaled(schedules=[{"name": "s", "schedule": "rate(1 day)"}]),
        f"{V0}.scaling.schedules[0]",
        "a schedule needs minCapacity, maxCapacity or both",
    ),
    "a schedule whose bounds cross": (
        scaled(schedules=[{"name": "s", "schedule": "rate(1 day)", "minCapacity": 3, "maxCapacity": 2}]),
        f"{V0}.scaling.schedules[0].minCapacity",
        "minCapacity of a schedule must be at most its maxCapacity",
    ),
    "a step that ends before it begins": (
        stepped({"lowerBound": 5, "upperBound": 1, "adjustment": 1}),
        f"{V0}.scaling.stepScaling[0].steps[0]",
        "lowerBound must be below upperBound; leave one of them out for a step that is open on that side",
    ),
    "steps that overlap": (
        stepped({"lowerBound": 0, "upperBound": 10, "adjustment": 1}, {"lowerBound": 9, "adjustment": 2}),
        f"{V0}.scaling.stepScaling[0].steps",
        OVERLAP,
    ),
    "two steps without an end": (
        stepped({"lowerBound": 0, "adjustment": 1}, {"lowerBound": 9, "adjustment": 2}),
        f"{V0}.scaling.stepScaling[0].steps",
        OVERLAP,
    ),
    "an exact capacity below zero": (
        stepped({"lowerBound": 0, "adjustment": -1}, adjustmentType="ExactCapacity"),
        f"{V0}.scaling.stepScaling[0].steps",
        "with ExactCapacity an adjustment is the capacity itself: write 0 or more",
    ),
    "an alarm's period of 45 seconds": (
        stepped(alarm=alarm(periodSeconds=45)),
        f"{V0}.scaling.stepScaling[0].alarm.periodSeconds",
        "periodSeconds must be 10, 20, 30 or a multiple of 60",
    ),
}

# What comes near a refusal and is right.
TAKEN: dict[str, Spec] = {
    "the least": spec(),
    "the largest": largest(),
    "an image without a tag": spec(variant(image=ECR)),
    "an image by digest": spec(variant(image=f"{ECR}@sha256:{'0' * 64}")),
    "an image of China": spec(variant(image="123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/iris:1")),
    "an image of the region": spec(region="us-east-1"),
    "a FIPS endpoint's image of the region": spec(
        variant(image="123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/iris:1"), region="us-gov-west-1"
    ),
    "an image without a model": spec(variant(modelArtifact=None)),
    "an unpacked model": spec(variant(modelArtifact=PREFIX)),
    "two roles of one account": spec(assumeRoleARN="arn:aws:iam::123456789012:role/operator"),
    "one weight of zero": spec(variant("a", weight=0), variant("b", weight=0.5)),
    "a burstable type that does not scale": spec(variant(instance={"type": "ml.t2.medium"})),
    "a judged canary": rollout("Canary", stepPercent=10, stepWaitSeconds=360, analysis=ANALYSIS),
    "a judged canary with ten alarms, on trial": rollout(
        "Canary",
        stepPercent=10,
        stepWaitSeconds=600,
        rollback={"alarmNames": [f"alarm-{number}" for number in range(10)]},
        analysis=ANALYSIS | {"dryRun": True},
    ),
    "async from zero": scaled(minCapacity=0) | {"async": ASYNC},
    "async by its backlog": tracked({"name": "p", "customizedMetric": METRIC, "targetValue": 5}) | {"async": ASYNC},
    "an even split": rollout("Canary", stepInstances=10),
    "a canary of half of what it may scale to": spec(
        variant(scaling=BOUNDS), rollout={"strategy": "Canary", "stepInstances": 2}
    ),
    "Linear in ten steps": rollout("Linear", stepPercent=10, stepWaitSeconds=59, timeoutSeconds=600),
    "Rolling in twenty batches": rollout("Rolling", stepPercent=5),
    "all at once with alarms and time to look at them": rollout(
        "AllAtOnce", terminationWaitSeconds=600, rollback={"alarmNames": ["a"], "maxErrorRatePercent": 0.5}
    ),
    "ten alarms": spec(
        rollout={
            "stepWaitSeconds": 60,
            "rollback": {
                "alarmNames": [f"alarm-{number}" for number in range(8)],
                "maxErrorRatePercent": 1,
                "maxLatencyMilliseconds": 100,
            },
        }
    ),
    "Inferentia 1 all at once": spec(variant(instance={"type": "ml.inf1.xlarge"}), rollout={"strategy": "AllAtOnce"}),
    "a canary with two variants": spec(variant("a"), variant("b"), rollout={"strategy": "Canary", "stepPercent": 50}),
    "a shadow": spec(shadow=variant("s", weight=0.5)),
    "serverless, provisioned and scaling": serverless(
        {"serverless": PC, "scaling": BOUNDS | {"targetTracking": [TRACK_UTILIZATION]}}
    ),
    "serverless all at once": serverless(rollout={"strategy": "AllAtOnce"}),
    "a pipeline without hostnames": pipeline(container(), container()),
    "a pipeline of fifteen with hostnames": pipeline(*[container(hostname=f"c-{number}") for number in range(15)]),
    "secrets": spec(variant(environment={"A": "1"}, secrets={"DB_PASSWORD": SECRET})),
    "secrets in a pipeline": pipeline(container(secrets={"DB_PASSWORD": SECRET}), container(secrets={})),
    "an environment of 32 KB": spec(variant(environment={f"A{number}": "x" * 1000 for number in range(32)})),
    "several policies": tracked(
        TRACK_INVOCATIONS,
        {"name": "q", "predefinedMetric": "ConcurrentRequestsPerModel", "targetValue": 5},
        {"name": "r", "customizedMetric": METRIC, "targetValue": 5},
    ),
    "the short form beside other metrics": tracked(
        {"name": "p", "customizedMetric": METRIC, "targetValue": 5}, targetInvocationsPerInstance=70
    ),
    "steps side by side": stepped(
        {"upperBound": -5, "adjustment": -1},
        {"lowerBound": 0, "upperBound": 10, "adjustment": 1},
        {"lowerBound": 10, "adjustment": 3},
    ),
    "schedules of all three kinds": scaled(
        schedules=[
            {"name": "once", "schedule": "at(2027-01-31T08:00:00)", "minCapacity": 2, "timeZone": "Europe/Berlin"},
            {"name": "often", "schedule": "rate(12 hours)", "maxCapacity": 3},
            {"name": "daily", "schedule": "cron(0 8 ? * MON-FRI *)", "minCapacity": 1, "timeZone": "Etc/GMT+1"},
        ]
    ),
    "office hours": spec(officeHours={"start": "0 8 * * 1-5", "stop": "0 18 * * 1-5", "timeZone": "UTC"}),
    "tags with all that AWS takes": spec(tags={"team/cost-center": "42", "Größe": "a b_c.d:e=f+g-h@i", "empty": ""}),
    "alarms and a dashboard by default": spec(monitoring={}),
    "the empty lists that tools write": spec(
        variant(containers=[], environment={}, instance={"type": "ml.m5.large", "pools": []}), tags={}
    ),
}


Send = Callable[[Spec], Spec]


@pytest.fixture(scope="module")
def send(plane: ControlPlane) -> Send:
    """Send a spec to the API server, as a dry run; what it would keep of it."""
    api = client.CustomObjectsApi(config.new_client_from_config(str(plane.kubeconfig)))  # type: ignore[no-untyped-call]

    def post(wanted: Spec) -> Spec:
        body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "metadata": {"name": "trial"}, "spec": wanted}
        return kept(api.create_namespaced_custom_object, GROUP, VERSION, "default", PLURAL, body)

    return post


@pytest.mark.parametrize(("wanted", "field", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_the_api_server_refuses(send: Send, wanted: Spec, field: str, sentence: str) -> None:
    with pytest.raises(RefusedError) as caught:
        send(wanted)
    causes = [cause for cause in caught.value.causes if " in body should match " not in cause["message"]]
    assert [(cause["field"], cause["message"].removesuffix(sentence)[-2:]) for cause in causes] == [(field, ": ")]


@pytest.mark.parametrize("wanted", TAKEN.values(), ids=TAKEN.keys())
def test_the_api_server_takes_and_keeps_what_the_operator_reads(send: Send, wanted: Spec) -> None:
    """The defaults of the CRD and of the types are the same: an object with them reads as one without."""
    found = send(wanted)
    assert SageMakerEndpointSpec.model_validate(found) == SageMakerEndpointSpec.model_validate(wanted)


def test_each_rule_is_broken_by_a_case() -> None:
    immutable = {rule.message for rule in RULES if "oldSelf" in rule.cel}  # these need two versions: test_api_server
    others = {rule.message for rule in RULES if rule not in (*POLICY, *EXPERIMENT)}  # each kind has tests of its own
    sentences = others | {sentence for pattern, sentence in PATTERNS.items() if pattern not in POLICY_PATTERNS}
    assert sentences - immutable == {sentence for _, _, sentence in REFUSED.values()}
