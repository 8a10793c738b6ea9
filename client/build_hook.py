"""What a wheel of the client holds beside it: the pure layers of the operator, of the same release.

An editable install needs none of it: the clone's own operator is on the path.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_OPERATOR = Path(__file__).parent.parent / "operator" / "smendpoints"


class PureLayers(BuildHookInterface[Any]):
    """Adds `smendpoints.api`, `smendpoints.domain` and `smendpoints.statistics` to the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"][str(_OPERATOR.parent.parent / "manifests" / "iam")] = "smclient/iam"
            for part in ("__init__.py", "py.typed", "api", "domain", "statistics"):
                build_data["force_include"][str(_OPERATOR / part)] = f"smendpoints/{part}"
