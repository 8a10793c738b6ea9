"""AddTags, ListTags, DeleteTags over models, configurations and endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smsandbox.aws.core import tags
from smsandbox.aws.core.errors import validation
from smsandbox.aws.sagemaker import texts
from smsandbox.aws.sagemaker.configs import ConfigOperations

if TYPE_CHECKING:
    from smsandbox.aws.core.context import Context

PAGE = 50


class TagOperations(ConfigOperations):
    def add_tags(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        arn = self._taggable(ctx, params["ResourceArn"])
        self.store(ctx).tags[arn] = tags.merged(self.store(ctx).tags[arn], params["Tags"])
        return {"Tags": tags.listed(self.store(ctx).tags[arn])}

    def list_tags(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        found = tags.listed(self.store(ctx).tags[self._taggable(ctx, params["ResourceArn"])])
        start = int(params["NextToken"]) if params.get("NextToken", "").isdigit() else 0
        end = start + params.get("MaxResults", PAGE)
        return {"Tags": found[start:end], "NextToken": str(end) if end < len(found) else None}

    def delete_tags(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        present = self.store(ctx).tags[self._taggable(ctx, params["ResourceArn"])]
        for key in params["TagKeys"]:
            present.pop(key, None)
        return {}

    def _taggable(self, ctx: Context, arn: str) -> str:
        """The ARN as it is kept, when the resource exists."""
        if ":endpoint/" in arn:
            arn = arn.lower()
        if arn not in self.store(ctx).tags:
            kind = arn.split(":", 5)[-1].partition("/")[0]
            raise texts.not_found(kind, arn) if kind in texts.KINDS else validation(f'Could not find "{arn}".')
        return arn
