"""What SageMaker remembers: models, configurations, endpoints with their fleets. Values and small questions only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from smsandbox.aws.sagemaker.lagging import Lagging

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsandbox.aws.core.ports import Instance
    from smsandbox.aws.core.timeline import Event

IN_PROGRESS = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
Request = dict[str, Any]


def timestamp(seconds: float) -> datetime:
    """Epoch seconds as boto3 shows them; AWS keeps milliseconds."""
    return datetime.fromtimestamp(round(seconds, 3), tz=UTC)


@dataclass
class Stored:
    """A model or an endpoint configuration: the request it was made by, never changed."""

    name: str
    arn: str
    created: float
    request: Request


@dataclass
class Variant:
    """A variant of a fleet, with its instances. Weights and counts as DescribeEndpoint shows them."""

    spec: Request
    model: Stored | None
    instance_type: str | None
    desired_count: int
    desired_weight: float
    shadow: bool = False
    current_weight: float = 0.0
    current_count: int = 0
    serverless: Request | None = None
    desired_serverless: Request | None = None
    instances: list[Instance] = field(default_factory=list)
    images: list[Request] = field(default_factory=list)
    statuses: list[Request] = field(default_factory=list)
    overrides: dict[str, Stored] = field(default_factory=dict)
    launched: int = 0
    reserved: int = 0

    @property
    def name(self) -> str:
        return str(self.spec["VariantName"])

    def say(self, status: str, now: float, message: str | None = None) -> None:
        """Show one VariantStatus, in place of what was shown."""
        self.statuses = [{"Status": status, "StatusMessage": message, "StartTime": timestamp(now)}]


@dataclass
class Fleet:
    """The variants made by one configuration, and the share (0 to 1) of the endpoint's traffic that goes to them.

    `portion` is its share of what is not sent to a fleet that is being brought up. `by_update`: it came by one.
    """

    config: Stored
    variants: dict[str, Variant]
    traffic: float = 0.0
    portion: float = 1.0
    by_update: bool = False

    @property
    def production(self) -> list[Variant]:
        return [variant for variant in self.variants.values() if not variant.shadow]

    def instances(self) -> Iterator[Instance]:
        for variant in self.variants.values():
            yield from variant.instances

    def terminate(self) -> None:
        for variant in self.variants.values():
            for instance in variant.instances:
                instance.terminate()
            variant.instances.clear()


@dataclass
class Endpoint:
    """An endpoint. `fleet` serves; `green` is being brought up in its place; `leftover` was left serving beside
    `fleet` by an update whose rollback failed.
    """

    name: str
    arn: str
    account: str
    region: str
    created: float
    modified: float
    config_name: str
    status: str = "Creating"
    fleet: Fleet | None = None
    green: Fleet | None = None
    leftover: Fleet | None = None
    started: float = 0.0
    failure: str | None = None
    deployment: Request | None = None
    work: Event | None = None

    @property
    def in_progress(self) -> bool:
        return self.status in IN_PROGRESS

    @property
    def fleets(self) -> list[Fleet]:
        return [fleet for fleet in (self.fleet, self.leftover, self.green) if fleet is not None]

    def set_status(self, status: str, now: float) -> None:
        self.status = status
        self.modified = now


@dataclass
class Store:
    """All of one account in one region. Endpoints are kept by lower-case name, tags by ARN."""

    models: dict[str, Stored] = field(default_factory=dict)
    configs: dict[str, Stored] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    listed: Lagging = field(default_factory=Lagging)

    def instances_used(self, instance_type: str) -> int:
        """How many instances of a type are held, those under way included."""
        return sum(
            max(variant.reserved, len(variant.instances))
            for endpoint in self.endpoints.values()
            for fleet in endpoint.fleets
            for variant in fleet.variants.values()
            if variant.instance_type == instance_type
        )
