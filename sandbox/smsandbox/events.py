"""The queue that wakes the operator, made as a user makes it: the stack of `manifests/aws/events.yaml`."""

from collections.abc import Mapping
from typing import Any

import boto3

from smsandbox import paths

STACK = "smendpoints-events"


def ensure_at(environment: Mapping[str, str]) -> str:
    """The same in the AWS that these variables lead to."""
    return ensure(
        boto3.client(
            "cloudformation",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )
    )


def ensure(cloudformation: Any) -> str:
    """The URL of the queue; `cloudformation` is boto3's client. The stack is made where there is none."""
    stacks = [each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]]
    if STACK not in stacks:
        template = (paths.repository() / "manifests" / "aws" / "events.yaml").read_text()
        cloudformation.create_stack(StackName=STACK, TemplateBody=template)
    outputs = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
    return next(str(each["OutputValue"]) for each in outputs if each["OutputKey"] == "QueueUrl")
