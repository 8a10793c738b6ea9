"""Single fields: names, ARNs, places, hours, tags."""

from smsandbox.testing.spec_cases.words import (
    ASYNC,
    CRON,
    NAME,
    REGION,
    RESERVED_TAG,
    ROLE_ARN,
    S3_URI,
    SCHEDULE,
    TAG_SIGNS,
    TIME_ZONE,
    TOPIC,
    V0,
    VPC,
    Spec,
    container,
    pipeline,
    scaled,
    spec,
    variant,
)

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
        "CloudWatch can only notify SNS topics in the same region: in monitoring.topicARNs, use topics in spec.region",
    ),
    "a backlog without a queue": (
        spec(monitoring={"alarms": ["Backlog"]}),
        "spec.monitoring.alarms",
        "Backlog monitors the queue of an asynchronous endpoint: remove it from monitoring.alarms, or add async",
    ),
    "a namespace with blanks": (
        spec(monitoring={"containerMetricsNamespace": "my models"}),
        "spec.monitoring.containerMetricsNamespace",
        "use only letters, digits and . - _ / #, such as smendpoints/inference",
    ),
    "an output path that is no S3 URI": (
        spec(**{"async": {"outputPath": "/mnt/answers"}}),
        "spec.async.outputPath",
        S3_URI,
    ),
    "an artifact that is no S3 URI": (
        spec(variant(modelArtifact="https://models/model.tar.gz")),
        f"{V0}.modelArtifact",
        "write an S3 URI with a bucket and a key, such as s3://models/iris/model.tar.gz",
    ),
    "an EC2 instance type": (
        spec(variant(instance={"type": "m5.large"})),
        f"{V0}.instance.type",
        "write a SageMaker instance type, which begins with ml., such as ml.m5.large",
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
        (
            "executionRoleARN must be a role in the same account as assumeRoleARN: SageMaker does not accept a role of"
            " another account"
        ),
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
    "office hours of a stopped endpoint": (
        spec(officeHours={"start": "0 8 * * 1-5", "stop": "0 18 * * 1-5"}, desiredState="Stopped"),
        "spec.desiredState",
        (
            "officeHours and desiredState Stopped cannot be combined: remove officeHours to keep the endpoint stopped,"
            " or set desiredState to Running"
        ),
    ),
    "office hours that begin when they end": (
        spec(officeHours={"start": "0 8 * * *", "stop": "0 8 * * *"}),
        "spec.officeHours.stop",
        "start and stop are the same, so the endpoint would never run: set stop to the time at which it stops",
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
        "keys of tags must have 1 to 128 characters",
    ),
}
