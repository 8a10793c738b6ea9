"""CloudWatch's operations on the tags of alarms and dashboards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from smsandbox.aws.core import tags
from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.core.service import Service

if TYPE_CHECKING:
    from smsandbox.aws.core.context import Context

Params = dict[str, Any]


class Tagged(Protocol):
    """What has tags."""

    tags: dict[str, str]


class Held(Protocol):
    """All that has tags."""

    def tagged(self, account: str, region: str, arn: str) -> Tagged | None: ...


class TagOperations(Service):
    """TagResource, UntagResource and ListTagsForResource."""

    service_name: ClassVar[str] = "cloudwatch"

    def __init__(self, book: Held) -> None:
        self._held = book

    def tag_resource(self, ctx: Context, params: Params) -> Params:
        alarm = self._tagged(ctx, params)
        alarm.tags = merged(alarm.tags, params["Tags"])
        return {}

    def untag_resource(self, ctx: Context, params: Params) -> Params:
        present = self._tagged(ctx, params).tags
        for key in params["TagKeys"]:
            present.pop(key, None)
        return {}

    def list_tags_for_resource(self, ctx: Context, params: Params) -> Params:
        return {"Tags": tags.listed(self._tagged(ctx, params).tags)}

    def _tagged(self, ctx: Context, params: Params) -> Tagged:
        arn: str = params["ResourceARN"]
        alarm = self._held.tagged(ctx.account, ctx.region, arn)
        if alarm is None:
            raise AwsError("ResourceNotFoundException", f"The resource {arn} does not exist", 404)
        return alarm


def merged(existing: dict[str, str], added: list[dict[str, str]]) -> dict[str, str]:
    """The tags with others over them; InvalidParameterValue for what CloudWatch does not take."""
    try:
        return tags.merged(existing, added)
    except AwsError as refusal:
        raise AwsError("InvalidParameterValue", refusal.message) from refusal
