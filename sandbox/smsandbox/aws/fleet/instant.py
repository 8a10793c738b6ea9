"""Instances without containers: they get healthy when their time has come. For load and property tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsandbox.aws.core.ports import InstanceSpec, InstanceState

if TYPE_CHECKING:
    from smsandbox.aws.core.world import World


def ping_failure(variant: str) -> str:
    """AWS's sentence about a container that never answered /ping."""
    return (
        f"The primary container for production variant {variant} did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint."
    )


class InstantInstance:
    """An instance that is nothing but its due time."""

    def __init__(self, world: World, spec: InstanceSpec, number: int) -> None:
        self.spec = spec
        self.id = f"i-{number:017x}"
        self._world = world
        durations = world.settings.durations
        self._sick = world.faults.take("never_healthy", resources=(spec.endpoint, spec.variant, spec.config_name))
        wait = durations.fail if self._sick else durations.container_start
        self._due = world.now() + world.varied(wait)

    @property
    def state(self) -> InstanceState:
        if self._world.now() < self._due:
            return InstanceState.STARTING
        return InstanceState.FAILED if self._sick else InstanceState.HEALTHY

    @property
    def failure_reason(self) -> str | None:
        return ping_failure(self.spec.variant) if self.state is InstanceState.FAILED else None

    def terminate(self) -> None:
        """There is nothing to end."""


class InstantFleet:
    def __init__(self, world: World) -> None:
        self._world = world
        self._launched = 0

    def launch(self, spec: InstanceSpec) -> InstantInstance:
        self._launched += 1
        return InstantInstance(self._world, spec, self._launched)
