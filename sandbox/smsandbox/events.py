"""The queue that wakes the operator, made as a user makes it: the stack of `manifests/aws/events.yaml`."""

from typing import Any

from smsandbox import paths

STACK = "smendpoints-events"


def ensure(cloudformation: Any) -> str:
    """The URL of the queue; `cloudformation` is boto3's client. The stack is made where there is none."""
    stacks = [each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]]
    if STACK not in stacks:
        template = (paths.repository() / "manifests" / "aws" / "events.yaml").read_text()
        cloudformation.create_stack(StackName=STACK, TemplateBody=template)
    outputs = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
    return next(str(each["OutputValue"]) for each in outputs if each["OutputKey"] == "QueueUrl")
