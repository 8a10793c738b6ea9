"""The base of every type of the API: frozen, named as Kubernetes and AWS name things.

Field names follow the AWS field in camelCase with acronyms in capitals (`executionRoleARN`, `kmsKeyID`).
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer
from pydantic.config import JsonDict

from smendpoints.api.casing import camel

NAME = r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$"
S3_PREFIX = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?$"
TIME_ZONE = r"^[A-Za-z]+([/+_-][A-Za-z0-9+_-]+)*$"

Name = Annotated[str, Field(pattern=NAME, max_length=63)]
Time = Annotated[datetime, AfterValidator(lambda time: time.astimezone(UTC))]
"""A time of a status: in UTC, as Kubernetes writes its own, whatever zone it was worked out in."""
KmsKey = Annotated[str, Field(min_length=1, max_length=2048)]
TimeZone = Annotated[str, Field(pattern=TIME_ZONE, max_length=64)]

# How the API server merges and compares a list (`json_schema_extra` of the field).
SET: JsonDict = {"x-kubernetes-list-type": "set"}
MAP_BY_NAME: JsonDict = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
MAP_BY_TYPE: JsonDict = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}
ATOMIC: JsonDict = {"x-kubernetes-list-type": "atomic"}


class ApiModel(BaseModel):
    """A frozen value. Unknown fields are ignored, so that an older operator reads a newer object."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=camel, populate_by_name=True)

    def to_json(self) -> dict[str, Any]:
        """The value as it stands in a manifest: camelCase, without what is unset."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class StatusModel(ApiModel):
    """A value of a status: lists and maps that would be there by themselves, being empty, are not written."""

    @model_serializer(mode="wrap")
    def _brief(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = serialize(self)
        for name, field in type(self).model_fields.items():
            if field.default_factory in {list, dict} and not getattr(self, name):
                written.pop(name, None)
                written.pop(camel(name), None)
        return written
