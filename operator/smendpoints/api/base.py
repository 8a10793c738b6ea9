"""The base of every type of the API: frozen, named as Kubernetes and AWS name things.

Field names follow the AWS field in camelCase with acronyms in capitals (`executionRoleARN`, `kmsKeyID`).
"""

from typing import Any

from pydantic import BaseModel, ConfigDict

_ACRONYMS = {
    "arn": "ARN",
    "gb": "GB",
    "id": "ID",
    "ids": "IDs",
    "mb": "MB",
    "uri": "URI",
    "url": "URL",
    "usd": "USD",
}


def camel(name: str) -> str:
    """The field's name in the manifest: `kms_key_id` is `kmsKeyID`."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(_ACRONYMS.get(word, word.capitalize()) for word in rest)


class ApiModel(BaseModel):
    """A frozen value. Unknown fields are ignored, so that an older operator reads a newer object."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=camel, populate_by_name=True)

    def to_json(self) -> dict[str, Any]:
        """The value as it stands in a manifest: camelCase, without what is unset."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
