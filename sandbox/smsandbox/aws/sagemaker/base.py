"""What all parts of the SageMaker service share: the world and the stores by account and region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from smsandbox.aws.core import tags
from smsandbox.aws.core.service import Service
from smsandbox.aws.sagemaker.state import Store

if TYPE_CHECKING:
    from smsandbox.aws.core.context import Context
    from smsandbox.aws.core.world import World


class SageMakerBase(Service):
    service_name: ClassVar[str] = "sagemaker"

    def __init__(self, world: World) -> None:
        self.world = world
        self.stores: dict[tuple[str, str], Store] = {}
        self._roles_seen: dict[str, float] = {}

    def store(self, ctx: Context) -> Store:
        return self.stores.setdefault((ctx.account, ctx.region), Store())

    def tags_of(self, ctx: Context, arn: str) -> dict[str, str]:
        """The tags of a resource; none when it does not exist."""
        return dict(self.store(ctx).tags.get(arn.lower() if ":endpoint/" in arn else arn, {}))

    def set_tags(self, ctx: Context, arn: str, given: list[dict[str, Any]] | None) -> None:
        """The tags of a resource that is being made."""
        self.store(ctx).tags[arn] = tags.merged({}, given or [])
