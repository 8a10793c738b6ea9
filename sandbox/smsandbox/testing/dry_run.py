"""An object sent to an API server as a dry run: what it would keep of the spec, or why it refuses it."""

import json
from collections.abc import Callable
from typing import Any

from kubernetes import client


class RefusedError(Exception):
    """The API server does not take it; `causes` are its own, each with field and message."""

    def __init__(self, causes: list[dict[str, str]]) -> None:
        super().__init__(causes)
        self.causes = causes


def kept(create: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    """The spec that would be stored if the client's method `create` were called so.

    Raises:
        RefusedError: nothing would.
    """
    try:
        found: Any = create(*arguments, dry_run="All", field_validation="Strict")
    except client.ApiException as error:
        raise RefusedError(json.loads(error.body or "")["details"]["causes"]) from error
    return dict(found["spec"])
