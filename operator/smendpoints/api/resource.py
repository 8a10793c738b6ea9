"""The custom resource as a whole, and what of its metadata the operator reads."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from smendpoints.api.base import ApiModel
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.api.status import SageMakerEndpointStatus

GROUP = "smendpoints.dev"
VERSION = "v1alpha1"
PLURAL = "sagemakerendpoints"
KIND = "SageMakerEndpoint"
FINALIZER = f"{GROUP}/finalizer"
RETRY = f"{GROUP}/retry"


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
    """One SageMakerEndpoint object, parsed and frozen."""

    metadata: Metadata
    spec: SageMakerEndpointSpec
    status: SageMakerEndpointStatus = Field(default_factory=SageMakerEndpointStatus)

    def retry(self) -> str | None:
        """The annotation by which a user asks to try again what failed, as it is: any new value does."""
        return self.metadata.annotations.get(RETRY)

    def asked(self) -> tuple[int, str | None]:
        """Changes when the user asks for something: by an edit of the spec, or by the annotation."""
        return self.metadata.generation, self.retry()

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "SageMakerEndpoint":
        """Copy a live body into a frozen value.

        Raises:
            pydantic.ValidationError: the body is not what the CRD's schema takes.

        """
        return cls.model_validate({key: body[key] for key in ("metadata", "spec", "status") if key in body})
