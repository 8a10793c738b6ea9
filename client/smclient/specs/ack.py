"""Endpoints that AWS Controllers for Kubernetes (ACK) keep, read from their objects. Pure.

An endpoint is three kinds there, joined by the names in AWS, and the scaling of a variant is two more:
https://github.com/aws-controllers-k8s/sagemaker-controller. Their specs are the requests to AWS in another case.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from smclient.errors import ClientError
from smclient.specs.rebuild import InAws, Scaled

Json = Mapping[str, Any]
AsCalled = Callable[[str, str, Json], tuple[dict[str, Any], tuple[str, ...]]]
"""Service, operation and spec, to the request of AWS and what of the spec it has no member for."""
_SAGEMAKER, _SCALING = "sagemaker.services.k8s.aws", "applicationautoscaling.services.k8s.aws"
_OPERATIONS = {
    (_SAGEMAKER, "Endpoint"): ("sagemaker", "CreateEndpoint", "EndpointName"),
    (_SAGEMAKER, "EndpointConfig"): ("sagemaker", "CreateEndpointConfig", "EndpointConfigName"),
    (_SAGEMAKER, "Model"): ("sagemaker", "CreateModel", "ModelName"),
    (_SCALING, "ScalableTarget"): ("application-autoscaling", "RegisterScalableTarget", "ResourceId"),
    (_SCALING, "ScalingPolicy"): ("application-autoscaling", "PutScalingPolicy", "PolicyName"),
}
_REGION = "services.k8s.aws/region"
_VARIANT = "sagemaker:variant:"


@dataclass(frozen=True)
class FromAck:
    """An endpoint as ACK's objects want it, with the name, namespace and region of its Endpoint object.

    `unsaid` is what no spec can say, beside what is found when it is rebuilt.
    """

    found: InAws
    name: str
    namespace: str | None
    region: str | None
    unsaid: tuple[str, ...]


@dataclass
class _Read:
    """What was read: requests by kind and name in AWS, each with its object; those of policies in a list."""

    requests: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    objects: dict[str, Json] = field(default_factory=dict)  # Endpoints alone
    unknown: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    policies: list[dict[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        return self.requests.setdefault(kind, {})


def from_ack(objects: Iterable[Json], as_called: AsCalled) -> list[FromAck]:
    """The endpoints among the objects, in their order; a `List` is what it holds, and other kinds are passed over.

    Raises:
        ClientError: there is no Endpoint, or what one is made of is not among them.
    """
    read = _Read()
    for each in _flat(objects):
        _take(each, read, as_called)
    if not read.objects:
        raise ClientError(
            "there is no Endpoint of ACK in it",
            f"give Endpoints, EndpointConfigs and Models of {_SAGEMAKER}, as `kubectl get -o yaml` prints them",
        )
    return [_endpoint(name, found, read) for name, found in read.objects.items()]


def _flat(objects: Iterable[Json]) -> Iterable[Json]:
    for each in objects:
        if not isinstance(each, Mapping):
            raise ClientError("it is no object of Kubernetes", "give manifests in YAML or JSON")
        if isinstance(each.get("items"), list) and str(each.get("kind", "")).endswith("List"):
            yield from _flat(each["items"])
        else:
            yield each


def _take(found: Json, read: _Read, as_called: AsCalled) -> None:
    group, kind = str(found.get("apiVersion", "")).partition("/")[0], str(found.get("kind"))
    how = _OPERATIONS.get((group, kind))
    if how is None:
        return
    service, operation, key = how
    request, unknown = as_called(service, operation, found.get("spec") or {})
    name = request.get(key)
    if not name:
        called = (found.get("metadata") or {}).get("name")
        raise ClientError(f"{kind} {called} of ACK has no {key}", "complete its spec")
    if kind == "ScalingPolicy":
        read.policies.append(request)
        return
    read.of(kind)[str(name)] = request
    read.unknown[kind, str(name)] = unknown
    if kind == "Endpoint":
        read.objects[str(name)] = found


def _endpoint(name: str, wanted: Json, read: _Read) -> FromAck:
    request = read.of("Endpoint")[name]
    config_name = str(request.get("EndpointConfigName"))
    config = _joined(read, "EndpointConfig", config_name, f"Endpoint {name}")
    entries = [*(config.get("ProductionVariants") or []), *(config.get("ShadowProductionVariants") or [])]
    names = list(dict.fromkeys(str(each["ModelName"]) for each in entries if each.get("ModelName")))
    models = {each: _joined(read, "Model", each, f"EndpointConfig {config_name}") for each in names}
    made_of = [("Endpoint", name), ("EndpointConfig", config_name), *(("Model", each) for each in names)]
    unsaid = [f"{path} of {kind} {which}" for kind, which in made_of for path in read.unknown[kind, which]]
    if request.get("DeploymentConfig"):
        unsaid.append("deploymentConfig of the Endpoint: write it as spec.rollout")
    metadata: Json = wanted.get("metadata") or {}
    told = (wanted.get("status") or {}).get("ackResourceMetadata") or {}
    tags = {str(each["Key"]): str(each.get("Value", "")) for each in request.get("Tags") or []}
    return FromAck(
        InAws(config, models, {"EndpointName": name}, _scaled(name, read), {}, tags),
        str(metadata.get("name") or name),
        metadata.get("namespace"),
        (metadata.get("annotations") or {}).get(_REGION) or told.get("region"),
        tuple(unsaid),
    )


def _joined(read: _Read, kind: str, name: str, by: str) -> dict[str, Any]:
    found = read.of(kind).get(name)
    if found is None:
        raise ClientError(
            f"{kind} {name}, which {by} names, is not in it", f"add the {kind} object of ACK, or import it from AWS"
        )
    return found


def _scaled(endpoint: str, read: _Read) -> dict[str, Scaled]:
    """The scaling of the endpoint's variants by resource."""
    return {
        resource: Scaled(target, [each for each in read.policies if each.get("ResourceId") == resource])
        for resource, target in read.of("ScalableTarget").items()
        if resource.startswith(f"endpoint/{endpoint}/variant/")
        and str(target.get("ScalableDimension", "")).startswith(_VARIANT)
    }
