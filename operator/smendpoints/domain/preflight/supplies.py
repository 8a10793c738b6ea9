"""What another instance of an endpoint in service needs: it serves on without, until it scales or a host changes.

Not here: what a new revision needs beforehand, see `launch`.
"""

import re
from dataclasses import dataclass

from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.preflight.launch import Artifact, artifacts_of

_SECRET = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+")


@dataclass(frozen=True)
class Supplies:
    """Images, artifacts, execution roles, and the secrets that are named in the environment."""

    images: frozenset[str]
    artifacts: frozenset[Artifact]
    roles: frozenset[str]
    secrets: frozenset[str]


def supplies_of(desired: Desired) -> Supplies:
    """What the instances of the desired revision are started from."""
    values = (
        value
        for model in desired.models
        for container in model.containers()
        for value in container.get("Environment", {}).values()
    )
    return Supplies(
        images=desired.images(),
        artifacts=frozenset(artifacts_of(desired)),
        roles=frozenset(model.request["ExecutionRoleArn"] for model in desired.models),
        secrets=frozenset(value for value in values if _SECRET.fullmatch(value)),
    )
