"""Takes away what a run left in AWS, without an operator: what bears its namespace in name and tags, nothing else."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

from smsandbox.process import wait_until
from smsandbox.testing.holdings import inventory

PREFIX = "smep-e2e-"
"""Namespaces of runs begin so."""
SERVICES = ("sagemaker", "cloudwatch", "application-autoscaling", "resourcegroupstaggingapi")
_TAG = "smendpoints.dev/namespace"
_SECONDS = 1200.0


def left(aws: Callable[[str], Any], namespace: str) -> dict[str, list[str]]:
    """What there is in AWS by the name of a run."""
    return {kind: names for kind, names in inventory(aws, f"{namespace}-").items() if names}


def namespaces(aws: Callable[[str], Any]) -> set[str]:
    """The runs of which something with their tag is left."""
    pages = aws("resourcegroupstaggingapi").get_paginator("get_resources").paginate(TagFilters=[{"Key": _TAG}])
    tags = (tag for page in pages for each in page["ResourceTagMappingList"] for tag in each["Tags"])
    return {tag["Value"] for tag in tags if tag["Key"] == _TAG and tag["Value"].startswith(PREFIX)}


def sweep(aws: Callable[[str], Any], namespace: str, say: Callable[[str], None] = print) -> None:
    """Delete all of it, and wait until the endpoints are gone.

    Raises:
        ValueError: the namespace is no run's.
        ServiceError: an endpoint does not go.
    """
    if not namespace.startswith(PREFIX):
        raise ValueError(f"{namespace} is no namespace of a run: those begin with {PREFIX}")
    sagemaker, cloudwatch = aws("sagemaker"), aws("cloudwatch")
    scaling = aws("application-autoscaling")
    found = inventory(aws, f"{namespace}-")
    tagged = {arn.rpartition("/")[2].rpartition(":")[2] for arn in _arns(aws, namespace)}
    mine = {kind: [name for name in names if name in tagged] for kind, names in found.items()}
    for resource in found["targets"]:
        if resource.split("/")[1] in mine["endpoints"] or resource.split("/")[1] not in found["endpoints"]:
            say(f"deregister {resource}")
            dimension = "sagemaker:variant:DesiredInstanceCount"
            scaling.deregister_scalable_target(
                ServiceNamespace="sagemaker", ResourceId=resource, ScalableDimension=dimension
            )
    deletions: dict[str, Callable[[str], object]] = {
        "endpoints": lambda name: sagemaker.delete_endpoint(EndpointName=name),
        "configs": lambda name: sagemaker.delete_endpoint_config(EndpointConfigName=name),
        "models": lambda name: sagemaker.delete_model(ModelName=name),
        "alarms": lambda name: cloudwatch.delete_alarms(AlarmNames=[name]),
    }
    for kind, delete in deletions.items():
        for name in mine[kind]:
            say(f"delete {name}")
            _quietly(delete, name)
    if found["dashboards"]:  # of no region, so that no listing of tags is sure to have them
        cloudwatch.delete_dashboards(DashboardNames=found["dashboards"])

    def gone() -> bool | None:
        there = inventory(aws, f"{namespace}-")["endpoints"]
        return not {*there} & {*mine["endpoints"]} or None

    wait_until(gone, _SECONDS, lambda: f"endpoints of {namespace} do not go: delete them by hand")


def _arns(aws: Callable[[str], Any], namespace: str) -> Iterator[str]:
    """What bears the namespace's tag."""
    filters = [{"Key": _TAG, "Values": [namespace]}]
    for page in aws("resourcegroupstaggingapi").get_paginator("get_resources").paginate(TagFilters=filters):
        yield from (each["ResourceARN"] for each in page["ResourceTagMappingList"])


def _quietly(delete: Callable[[str], object], name: str) -> None:
    """Delete what may be gone by now."""
    try:
        delete(name)
    except ClientError as error:
        if "Could not find" not in str(error):
            raise


def main() -> None:
    """Sweep what any run left in the account and region of this machine's credentials."""
    clients = {name: boto3.client(name) for name in SERVICES}  # type: ignore[call-overload]
    found = namespaces(clients.__getitem__)
    for namespace in sorted(found):
        sweep(clients.__getitem__, namespace)
    print(f"{len(found)} runs had left something in AWS")


if __name__ == "__main__":
    main()
