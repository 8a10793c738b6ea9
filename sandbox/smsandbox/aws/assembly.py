"""Puts a whole simulator together: the world, its services, moto, the gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsandbox.aws.gateway import Gateway
from smsandbox.aws.moto_backend import Moto, MotoObjects
from smsandbox.aws.sagemaker.service import SageMaker
from smsandbox.aws.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smsandbox.aws.clock import Clock
    from smsandbox.aws.settings import Settings


@dataclass(frozen=True)
class Simulator:
    """A world and the way in; `close` ends what runs beside it."""

    world: World
    gateway: Gateway
    closers: tuple[Callable[[], None], ...] = ()

    def close(self) -> None:
        for closer in self.closers:
            closer()


def assemble(
    *, settings: Settings | None = None, clock: Clock | None = None, state_dir: Path | None = None
) -> Simulator:
    """A simulator that is ready to be served or attached to. `state_dir` is where containers keep their files."""
    del state_dir
    world = World(objects=MotoObjects(), clock=clock, settings=settings)
    world.hosting = sagemaker = SageMaker(world)
    world.register(sagemaker)
    return Simulator(world, Gateway(world, Moto()))
