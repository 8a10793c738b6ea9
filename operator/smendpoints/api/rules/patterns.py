"""What each pattern of the types asks for, in a sentence: the API server alone would show the pattern."""

from smendpoints.api.base import NAME, S3_PREFIX, TIME_ZONE
from smendpoints.api.monitoring import METRIC_NAMESPACE, TOPIC_ARN
from smendpoints.api.policy import GLOB, LABEL_KEY, LABEL_VALUE, NAME_PREFIX
from smendpoints.api.scaling import SCHEDULE
from smendpoints.api.spec import FIVE_CRON_FIELDS, REGION, ROLE_ARN, SECURITY_GROUP_ID, SUBNET_ID
from smendpoints.api.variants import INSTANCE_TYPE, MODEL_ARTIFACT, SECRET_ARN

PATTERNS: dict[str, str] = {
    NAME: "use letters, digits, and hyphens in between, at most 63 characters, such as rf-2",
    REGION: "write the name of an AWS region, such as us-east-1",
    ROLE_ARN: "write the ARN of an IAM role, such as arn:aws:iam::123456789012:role/sagemaker-execution",
    SUBNET_ID: "write the ID of a subnet, such as subnet-0123456789abcdef0",
    SECURITY_GROUP_ID: "write the ID of a security group, such as sg-0123456789abcdef0",
    TOPIC_ARN: "write the ARN of an SNS topic, such as arn:aws:sns:us-east-1:123456789012:answers",
    METRIC_NAMESPACE: "use only letters, digits and . - _ / #, such as smendpoints/inference",
    S3_PREFIX: "write an S3 URI, such as s3://bucket/prefix/",
    MODEL_ARTIFACT: "write an S3 URI with a bucket and a key, such as s3://models/iris/model.tar.gz",
    SECRET_ARN: "write the ARN of a secret, such as arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf",
    INSTANCE_TYPE: "write a SageMaker instance type, which begins with ml., such as ml.m5.large",
    TIME_ZONE: "write a time zone of the IANA database, such as Europe/Berlin",
    SCHEDULE: "write at(2027-01-31T08:00:00), rate(2 hours), or cron(0 8 ? * MON-FRI *) with its six fields",
    GLOB: "a glob may contain letters, digits, spaces, ! # % & , / : ; < = > @ _ ~ . + -, and the wildcards * and ?:"
    " write ? for any other character",
    LABEL_KEY: "write the key of a label, such as team or example.com/team",
    LABEL_VALUE: "write the value of a label: letters, digits, and - _ . in between, at most 63 characters",
    NAME_PREFIX: "write letters, digits and hyphens, beginning with a letter or a digit, such as team-a-",
    FIVE_CRON_FIELDS: "write five cron fields: minute, hour, day of month, month, day of week, such as 0 8 * * 1-5",
}

_CHEAPER = {SECRET_ARN: "self.startsWith('arn:aws')"}


def keeps(pattern: str) -> str:
    """CEL: a value keeps the pattern, as far as its sentence goes.

    That is the pattern itself, but where a value may stand so often that the API server's estimate of the cost forbids
    it: there the sentence is for what is far off, and the bare pattern speaks for itself where a value is nearly right.
    """
    return _CHEAPER.get(pattern, f"self.matches(r'{pattern}')")
