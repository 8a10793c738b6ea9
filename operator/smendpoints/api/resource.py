"""The custom resource as a whole, and what of its metadata the operator reads."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from smendpoints.api.base import ApiModel
from smendpoints.api.group import ASKING, KEEP_RUNNING_UNTIL, REDEPLOYED_AT, RETRY
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.api.status import SageMakerEndpointStatus, TrafficOwner

_LONGEST_VALUE = 64


def asked_by(annotations: Mapping[str, str]) -> tuple[str | None, ...]:
    """What the annotations ask for."""
    return tuple(annotations.get(each) for each in ASKING)


class Metadata(ApiModel):
    """The metadata that the operator reads."""

    name: str
    namespace: str
    uid: str
    generation: int = 1
    finalizers: list[str] = Field(default_factory=list)
    annotations: dict[str, str] = Field(default_factory=dict)
    deletion_timestamp: datetime | None = None


class SageMakerEndpoint(ApiModel):
    """One SageMakerEndpoint object, parsed and frozen.

    `traffic` is no part of it: who splits its traffic now, once that was ruled; the spec has their weights then.
    """

    metadata: Metadata
    spec: SageMakerEndpointSpec
    status: SageMakerEndpointStatus = Field(default_factory=SageMakerEndpointStatus)
    traffic: TrafficOwner | None = None

    def retry(self) -> str | None:
        """The annotation by which a user asks to try again what failed, as it is: any new value does."""
        return self.metadata.annotations.get(RETRY)

    def redeployed(self) -> str | None:
        """When the user last asked for a new fleet under the same spec: by the annotation, which may be gone by now."""
        return self.metadata.annotations.get(REDEPLOYED_AT, "")[:_LONGEST_VALUE] or self.status.redeployed_at

    def keep(self) -> str | None:
        """The annotation that keeps the endpoint running in spite of its office hours, as it is."""
        return self.metadata.annotations.get(KEEP_RUNNING_UNTIL)

    def asked(self) -> tuple[int, tuple[str | None, ...]]:
        """Changes when the user asks for something: by an edit of the spec, or by an annotation."""
        return self.metadata.generation, asked_by(self.metadata.annotations)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "SageMakerEndpoint":
        """Copy a live body into a frozen value.

        Raises:
            pydantic.ValidationError: the body is not what the CRD's schema takes.

        """
        return cls.model_validate({key: body[key] for key in ("metadata", "spec", "status") if key in body})
