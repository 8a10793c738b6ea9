"""What the spec wants, in AWS's terms: requests under names that tell their content.

What can be changed in place (weight, count, provisioned concurrency, scaling, tags) is not in the names' hashes. The
value by which a user asks for a new fleet under the same spec is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smendpoints.api.analysis import Analysis
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status_rollout import RolledBackTo
from smendpoints.api.variants import Variant
from smendpoints.domain.desired import names
from smendpoints.domain.desired.ownership import Owner, is_reserved
from smendpoints.domain.desired.requests import (
    async_inference,
    concurrency,
    data_capture,
    given,
    model_request,
    variant_entry,
)
from smendpoints.domain.desired.rollout import abort_alarm, deployment_config, rollback_alarms
from smendpoints.domain.desired.scaling import DesiredTarget, desired_target
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason

Request = Mapping[str, Any]


@dataclass(frozen=True)
class DesiredModel:
    """A model to create."""

    name: str
    request: Request = field(hash=False)

    def containers(self) -> list[Request]:
        """Its containers, one or those of a pipeline."""
        return self.request.get("Containers") or [self.request["PrimaryContainer"]]


@dataclass(frozen=True)
class DesiredVariant:
    """What a live variant has beside its config; `count` is None where autoscaling, or nobody, owns it."""

    name: str
    weight: float
    count: int | None
    serverless: Request | None = field(default=None, hash=False)


@dataclass(frozen=True)
class Desired:
    """All that the spec wants of AWS.

    `adoption_refused` says why no endpoint may be taken over; None: it may. `redeployed` is part of what models are.
    `back` says that a revision of the history is wanted in place of the spec. `analysis`: how its rollout is judged.
    """

    owner: Owner
    endpoint_name: str
    models: tuple[DesiredModel, ...]
    config_name: str
    config_request: Request = field(hash=False)
    deployment: Request | None = field(hash=False)
    rollback_alarms: tuple[Request, ...] = field(hash=False)
    variants: tuple[DesiredVariant, ...]
    targets: tuple[DesiredTarget, ...]
    tags: Mapping[str, str] = field(hash=False)
    shadow: DesiredVariant | None = None
    retry: str | None = None
    redeployed: str | None = None
    back: RolledBackTo | None = None
    analysis: Analysis | None = None
    adoption_refused: str | None = None

    def attempt(self) -> str:
        """Names this config being rolled out this way."""
        asked_again = [self.retry] if self.retry is not None else []
        judged = [self.analysis.to_json()] if self.analysis is not None else []
        return names.content_hash([self.config_name, self.deployment or {}, *asked_again, *judged])

    @property
    def abort_alarm(self) -> str | None:
        """The alarm by which the rollout of this config can be aborted, if it carries one."""
        name = abort_alarm(self.endpoint_name, self.config_name)["AlarmName"]
        return next((name for alarm in self.rollback_alarms if alarm["AlarmName"] == name), None)

    def contents(self) -> frozenset[str]:
        """The names of the config and its models."""
        return frozenset({self.config_name, *(model.name for model in self.models)})

    def variant_names(self) -> frozenset[str]:
        """The variants that get instances, a shadow among them."""
        kinds = ("ProductionVariants", "ShadowProductionVariants")
        return frozenset(entry["VariantName"] for kind in kinds for entry in self.config_request.get(kind, ()))

    def images(self) -> frozenset[str]:
        """The images of all containers."""
        return frozenset(container["Image"] for model in self.models for container in model.containers())

    def instance_types(self) -> dict[str, tuple[str, ...]]:
        """The instance types of each variant, a shadow among them, in order of preference."""
        return {
            entry["VariantName"]: tuple(pool["InstanceType"] for pool in entry.get("InstancePools", ()))
            or ((entry["InstanceType"],) if "InstanceType" in entry else ())
            for kind in ("ProductionVariants", "ShadowProductionVariants")
            for entry in self.config_request.get(kind, ())
        }


def artifact_of(container: Request) -> str | None:
    """The S3 URI of a container's artifact, in a request or a response."""
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    uri: str | None = container.get("ModelDataUrl") or source.get("S3Uri")
    return uri


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as AWS's requests have them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _beside_config(variant: Variant) -> DesiredVariant:
    count = variant.instance.count if variant.instance is not None and variant.scaling is None else None
    serverless = concurrency(variant)
    if variant.scaling is not None:
        serverless.pop("ProvisionedConcurrency", None)
    return DesiredVariant(variant.name, variant.weight, count, serverless or None)


def desire(resource: SageMakerEndpoint, cluster: str, default_role: str | None) -> Desired:
    """Translate the spec.

    Raises:
        ReconcileError: the spec lacks what only the operator's settings could give (`INVALID`).
    """
    spec, meta = resource.spec, resource.metadata
    role = spec.execution_role_arn or default_role
    if role is None:
        raise ReconcileError(
            Kind.INVALID,
            Reason.INVALID_SPEC,
            "spec.executionRoleARN is required: this operator has no default execution role",
        )
    endpoint = spec.endpoint_name or names.endpoint_name(meta.namespace, meta.name)
    owner = Owner(cluster, meta.namespace, meta.name)
    tags = {key: value for key, value in spec.tags.items() if not is_reserved(key)} | owner.tags()
    models: dict[str, DesiredModel] = {}
    redeployed = resource.redeployed()

    def entry(variant: Variant) -> tuple[dict[str, Any], dict[str, Any]]:
        name, request = model_request(spec, role, endpoint, variant, redeployed)
        models[name] = DesiredModel(name, {"ModelName": name, **request, "Tags": tag_list(tags)})
        return variant_entry(variant, name)

    entries = [entry(variant) for variant in sorted(spec.variants, key=lambda variant: variant.name)]
    content: dict[str, Any] = {"ProductionVariants": [fixed for fixed, _ in entries]}
    full: dict[str, Any] = {"ProductionVariants": [fixed | in_place for fixed, in_place in entries]}
    if spec.shadow is not None:
        fixed, in_place = entry(spec.shadow)
        content["ShadowProductionVariants"] = [fixed | in_place]
        full["ShadowProductionVariants"] = [fixed | in_place]
    shared = given(
        DataCaptureConfig=data_capture(spec.data_capture) if spec.data_capture else None,
        AsyncInferenceConfig=async_inference(spec.async_) if spec.async_ else None,
        KmsKeyId=spec.kms_key_id,
    )
    name = names.config_name(endpoint, content | shared)
    alarms = rollback_alarms(spec, endpoint, name)
    targets = (desired_target(endpoint, variant) for variant in spec.variants)
    return Desired(
        owner=owner,
        endpoint_name=endpoint,
        models=tuple(models.values()),
        config_name=name,
        config_request={"EndpointConfigName": name, **full, **shared, "Tags": tag_list(tags)},
        deployment=deployment_config(spec.rollout, tuple(alarm["AlarmName"] for alarm in alarms)),
        rollback_alarms=alarms,
        variants=tuple(_beside_config(variant) for variant in spec.variants),
        shadow=_beside_config(spec.shadow) if spec.shadow is not None else None,
        targets=tuple(target for target in targets if target is not None),
        tags=tags,
        retry=resource.retry(),
        redeployed=redeployed,
        analysis=spec.rollout.analysis,
    )
