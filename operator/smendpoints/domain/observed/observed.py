"""What AWS says, as frozen values. They are made of boto3's responses by `parsing`; nothing here calls AWS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from smendpoints.api.analysis import AnalysisStatus

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One VariantStatus: what AWS is doing with a variant, in its own words, and since when."""

    status: str
    message: str | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class ObservedVariant:
    """A variant as DescribeEndpoint shows it.

    `further_images` are those of a pipeline's containers after the first, with their digests; `pools` the instances in
    service by type, where it has pools.
    """

    name: str
    image: str | None = None
    digest: str | None = None
    further_images: tuple[tuple[str | None, str | None], ...] = ()
    current_weight: float | None = None
    desired_weight: float | None = None
    current_count: int | None = None
    desired_count: int | None = None
    serverless: Json | None = field(default=None, hash=False)
    pools: Mapping[str, int] = field(default_factory=dict, hash=False)
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class ObservedEndpoint:
    """An endpoint as DescribeEndpoint shows it, with its tags.

    `pending` are the variants of the config that is being brought into service, `variants` those of the one that is.
    """

    name: str
    arn: str
    status: str
    config_name: str | None
    created_at: datetime
    modified_at: datetime
    variants: tuple[ObservedVariant, ...] = ()
    shadows: tuple[ObservedVariant, ...] = ()
    pending_config: str | None = None
    pending: tuple[ObservedVariant, ...] = ()
    pending_shadows: tuple[ObservedVariant, ...] = ()
    failure_reason: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)

    def variant(self, name: str) -> ObservedVariant | None:
        """The variant of that name."""
        return next((variant for variant in (*self.variants, *self.shadows) if variant.name == name), None)


@dataclass(frozen=True)
class ConfigVariant:
    """A variant as DescribeEndpointConfig shows it."""

    name: str
    model: str | None
    instance_types: tuple[str, ...]
    initial_count: int | None
    initial_weight: float | None
    serverless: Json | None = field(default=None, hash=False)


@dataclass(frozen=True)
class ObservedConfig:
    """A config as DescribeEndpointConfig shows it."""

    name: str
    arn: str
    variants: tuple[ConfigVariant, ...]
    shadows: tuple[ConfigVariant, ...] = ()
    raw: Json = field(default_factory=dict, hash=False, compare=False)

    def variant(self, name: str) -> ConfigVariant | None:
        """The variant of that name."""
        return next((variant for variant in (*self.variants, *self.shadows) if variant.name == name), None)

    def models(self) -> frozenset[str]:
        """The models that the config needs."""
        return frozenset(variant.model for variant in (*self.variants, *self.shadows) if variant.model)


@dataclass(frozen=True)
class ObservedTarget:
    """A scalable target with its policies and schedules, by their names; `suspended` is None if it is in part."""

    resource_id: str
    dimension: str
    min_capacity: int
    max_capacity: int
    suspended: bool | None
    policies: Mapping[str, Json] = field(default_factory=dict, hash=False)
    schedules: Mapping[str, Json] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class OwnMonitoring:
    """What of `spec.monitoring` is the owner's: ARNs by name."""

    alarms: Mapping[str, str] = field(default_factory=dict, hash=False)
    dashboards: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class OwnedResources:
    """What of the owner's there is in AWS, whether in use or not. `models` and alarms are ARNs by name.

    `tags` are those of configs and models, by ARN, as this process knows them.

    `untagged_alarms` are named as the owner's are, and nobody's: a release before this one tagged none. `monitoring`
    is what belongs to `spec.monitoring`.
    """

    configs: tuple[ObservedConfig, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict, hash=False)
    alarms: Mapping[str, str] = field(default_factory=dict, hash=False)
    untagged_alarms: Mapping[str, str] = field(default_factory=dict, hash=False)
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    monitoring: OwnMonitoring = OwnMonitoring()


@dataclass(frozen=True)
class Recalled:
    """An endpoint in service with its autoscaling, as the shared listings tell; `described`: it was, just now."""

    endpoint: ObservedEndpoint
    targets: tuple[ObservedTarget, ...]
    described: bool


@dataclass(frozen=True)
class Observed:
    """All that a reconcile looked at. None is what it did not look at, or what is not there (`endpoint`).

    `missing` are the config and models of the desired revision that are not there although the endpoint uses them.
    `unowned` are the ARNs of nobody's config and models that an adoption takes along with the endpoint.
    `equivalent` says that the live config, made by somebody else, serves just what the spec wants.
    `live_models` are the models of the live config, by name, as far as they were looked at.
    `analysis` is that of the attempt that is about to be made, or is under way, by what CloudWatch says now.
    """

    endpoint: ObservedEndpoint | None = None
    live_config: ObservedConfig | None = None
    wanted_config: ObservedConfig | None = None
    targets: tuple[ObservedTarget, ...] | None = None
    alarms: Mapping[str, Json] = field(default_factory=dict, hash=False)
    owned_resources: OwnedResources | None = None
    missing: frozenset[str] = frozenset()
    equivalent: bool = False
    unowned: tuple[str, ...] = ()
    live_models: Mapping[str, Json] = field(default_factory=dict, hash=False)
    analysis: AnalysisStatus | None = None
