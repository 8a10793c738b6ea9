"""Variants of a spec, made of what a config and its models are in AWS. Pure.

What AWS shows and a spec cannot say is named, never dropped in silence.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from smendpoints.api.variants import SECRET_ARN

Json = Mapping[str, Any]
Say = Callable[[str], None]
_SECRET = re.compile(SECRET_ARN)
_STRATEGIES = {"LEAST_OUTSTANDING_REQUESTS": "LeastOutstandingRequests", "RANDOM": "Random"}
_OF_MODEL = ("ModelName", "ModelArn", "CreationTime", "ResponseMetadata", "DeploymentRecommendation", "Tags")


class Rest:
    """What of a response has not been read yet: what is left at the end is what a spec cannot say."""

    def __init__(self, response: Json) -> None:
        self._left = dict(response)

    def take(self, name: str, default: Any = None) -> Any:
        """A member, which then counts as read."""
        return self._left.pop(name, default)

    def left(self, ignored: Collection[str] = ()) -> list[str]:
        """The members with a value that nobody has read."""
        return sorted(
            name for name, value in self._left.items() if name not in ignored and value not in (None, False, [], {}, "")
        )


def given(**fields: Any) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value not in (None, [], {})}


def variant_of(entry: Json, model: Json, secrets: Collection[str], say: Say) -> dict[str, Any]:
    """A variant; `secrets` names variables that a spec keeps under `secrets`, beside those that hold a secret's ARN."""
    rest = Rest(entry)
    name = str(rest.take("VariantName"))
    rest.take("ModelName")

    def tell(what: str) -> None:
        say(f"variant {name}: {what}")

    made: dict[str, Any] = {"name": name, **_containers(model, secrets, tell)}
    weight = rest.take("InitialVariantWeight", 1.0)
    made |= {} if weight == 1.0 else {"weight": weight}
    serverless = rest.take("ServerlessConfig")
    if serverless:
        made["serverless"] = given(
            memorySizeMB=serverless.get("MemorySizeInMB"),
            maxConcurrency=serverless.get("MaxConcurrency"),
            provisionedConcurrency=serverless.get("ProvisionedConcurrency"),
        )
    else:
        made["instance"] = _instance(rest, tell)
    for left in rest.left():
        tell(f"{left} has no field in the spec")
    return made


def _instance(rest: Rest, tell: Say) -> dict[str, Any]:
    pools = sorted(rest.take("InstancePools") or [], key=lambda pool: int(pool.get("Priority") or 0))
    for pool in pools:
        unread = sorted(pool.keys() - {"InstanceType", "Priority"})
        if unread:
            tell(f"{', '.join(unread)} of an instance pool has no field in the spec")
    routing = (rest.take("RoutingConfig") or {}).get("RoutingStrategy")
    return given(
        type=rest.take("InstanceType"),
        pools=[{"type": pool["InstanceType"]} for pool in pools],
        count=rest.take("InitialInstanceCount", 1),
        volumeSizeGB=rest.take("VolumeSizeInGB"),
        modelDownloadTimeoutSeconds=rest.take("ModelDataDownloadTimeoutInSeconds"),
        startupTimeoutSeconds=rest.take("ContainerStartupHealthCheckTimeoutInSeconds"),
        provisionTimeoutSeconds=rest.take("VariantInstanceProvisionTimeoutInSeconds"),
        amiVersion=rest.take("InferenceAmiVersion"),
        routing=_STRATEGIES.get(str(routing)),
    )


def _containers(model: Json, secrets: Collection[str], tell: Say) -> dict[str, Any]:
    rest = Rest(model)
    primary, several = rest.take("PrimaryContainer"), rest.take("Containers")
    mode = (rest.take("InferenceExecutionConfig") or {}).get("Mode", "Serial")
    for read in ("ExecutionRoleArn", "VpcConfig", "EnableNetworkIsolation"):
        rest.take(read)  # of all models together: see `rebuild`
    for left in rest.left(_OF_MODEL):
        tell(f"{left} of its model has no field in the spec")
    if several:
        if mode != "Serial":
            tell("its containers are called directly, one by one; a spec's are a pipeline")
        return {"containers": [_container(each, secrets, tell) for each in several]}
    if not primary:
        tell("it has no model: inference components have no field in the spec")
        return {}
    return _container(primary, secrets, tell)


def _container(found: Json, secrets: Collection[str], tell: Say) -> dict[str, Any]:
    rest = Rest(found)
    environment = rest.take("Environment") or {}
    secret = {
        name: value for name, value in environment.items() if name in secrets or _SECRET.fullmatch(value) is not None
    }
    made = given(
        image=rest.take("Image"),
        modelArtifact=_artifact(rest, tell),
        environment={name: value for name, value in environment.items() if name not in secret},
        secrets=secret,
        hostname=rest.take("ContainerHostname"),
    )
    if rest.take("Mode", "SingleModel") == "MultiModel":
        made["multiModel"] = True
    for left in rest.left():
        tell(f"{left} of its container has no field in the spec")
    return made


def _artifact(rest: Rest, tell: Say) -> str | None:
    url, source = rest.take("ModelDataUrl"), (rest.take("ModelDataSource") or {}).get("S3DataSource")
    if not source:
        return None if url is None else str(url)
    uri = str(source.get("S3Uri", ""))
    if source.get("S3DataType") != "S3Prefix" or source.get("CompressionType") != "None":
        tell("its artifact is named by ModelDataSource, which the operator writes for uncompressed prefixes alone")
    for left in sorted(source.keys() - {"S3Uri", "S3DataType", "CompressionType"}):
        tell(f"{left} of its artifact has no field in the spec")
    return uri if uri.endswith(("/", ".gz")) else f"{uri}/"
