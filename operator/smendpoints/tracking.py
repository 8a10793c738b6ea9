"""What the process holds for each object: its lock, its memory, its share of reconciles, and itself as it was read."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.controller.memory import Memory
from smendpoints.turns import Allowance


@dataclass
class Tracked:
    """One object. `resource` is its latest version that could be read."""

    allowance: Allowance
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    memory: Memory = field(default_factory=Memory)
    finalizing: bool = False
    resource: SageMakerEndpoint | None = None
    _read: tuple[str, SageMakerEndpoint | ValidationError] | None = None

    async def read(self, body: Mapping[str, Any]) -> SageMakerEndpoint:
        """The object as it stands: a frozen copy, as `body` is a live view.

        Each version is read once, outside of the event loop: objects may have 500 KB.

        Raises:
            ValidationError: it is not what this operator's types take.
        """
        parts = {key: body[key] for key in ("metadata", "spec", "status") if key in body}
        version = parts["metadata"].get("resourceVersion")
        if self._read is None or version is None or self._read[0] != version:
            self._read = (str(version), await asyncio.to_thread(_parse, parts))
        found = self._read[1]
        if isinstance(found, ValidationError):
            raise found.with_traceback(None)  # it would gather a traceback each time
        self.resource = found
        return found

    async def read_to_delete(self, body: Mapping[str, Any]) -> SageMakerEndpoint:
        """The object that is deleted: what of its status cannot be read does not stand in the way, and the rest counts.

        So what was adopted stays so, and is retained.
        """
        try:
            return await self.read(body)
        except ValidationError as error:
            places = {each["loc"][1] for each in error.errors() if each["loc"][0] == "status" and len(each["loc"]) > 1}
            status = {key: value for key, value in body["status"].items() if key not in places} if places else {}
            parts = {"metadata": body["metadata"], "spec": body["spec"], "status": status}
            self.resource = SageMakerEndpoint.parse(parts)
            return self.resource


def _parse(parts: Mapping[str, Any]) -> SageMakerEndpoint | ValidationError:
    try:
        return SageMakerEndpoint.parse(parts)
    except ValidationError as error:
        return error
