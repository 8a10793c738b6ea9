"""The Resource Groups Tagging API over all that is tagged: what is the simulator's own, and what is moto's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from moto.backends import get_backend

from smsandbox.aws.core import tags
from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.core.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smsandbox.aws.cloudwatch.alarm_book import AlarmBook
    from smsandbox.aws.core.context import Context
    from smsandbox.aws.sagemaker.service import SageMaker

Params = dict[str, Any]
Held = dict[str, dict[str, str]]
PAGE = 100
OURS = frozenset({"sagemaker", "cloudwatch"})


class Tagging(Service):
    """resourcegroupstaggingapi."""

    service_name: ClassVar[str] = "resourcegroupstaggingapi"
    falls_back_to_moto: ClassVar[bool] = True

    def __init__(self, sagemaker: SageMaker, alarms: AlarmBook) -> None:
        self._sagemaker = sagemaker
        self._alarms = alarms

    def get_resources(self, ctx: Context, params: Params) -> Params:
        wanted, named = params.get("ResourceTypeFilters") or [], params.get("ResourceARNList")
        found = [
            {"ResourceARN": arn, "Tags": tags.listed(owned)}
            for arn, owned in sorted(self._tagged(ctx).items())
            if _is_of(arn, wanted) and _matches(owned, params.get("TagFilters") or []) and (not named or arn in named)
        ]
        shown, token = _page(found, params, params.get("ResourcesPerPage", PAGE))
        return {"ResourceTagMappingList": shown, "PaginationToken": token}

    def get_tag_keys(self, ctx: Context, params: Params) -> Params:
        keys = sorted({key for owned in self._tagged(ctx).values() for key in owned})
        shown, token = _page(keys, params)
        return {"TagKeys": shown, "PaginationToken": token}

    def get_tag_values(self, ctx: Context, params: Params) -> Params:
        key = params["Key"]
        values = sorted({owned[key] for owned in self._tagged(ctx).values() if key in owned})
        shown, token = _page(values, params)
        return {"TagValues": shown, "PaginationToken": token}

    def tag_resources(self, ctx: Context, params: Params) -> Params:
        added = [{"Key": key, "Value": value} for key, value in params["Tags"].items()]

        def tag(arn: str) -> None:
            if arn.split(":")[2] == "sagemaker":
                self._sagemaker.add_tags(ctx, {"ResourceArn": arn, "Tags": added})
            else:
                alarm = self._alarm(ctx, arn)
                alarm.tags = tags.merged(alarm.tags, added)

        return self._each(params, tag, lambda others: _moto(ctx).tag_resources(others, params["Tags"]))

    def untag_resources(self, ctx: Context, params: Params) -> Params:
        def untag(arn: str) -> None:
            if arn.split(":")[2] == "sagemaker":
                self._sagemaker.delete_tags(ctx, {"ResourceArn": arn, "TagKeys": params["TagKeys"]})
            else:
                alarm = self._alarm(ctx, arn)
                alarm.tags = {key: value for key, value in alarm.tags.items() if key not in params["TagKeys"]}

        return self._each(params, untag, lambda others: _moto(ctx).untag_resources(others, params["TagKeys"]))

    @staticmethod
    def _each(params: Params, own: Callable[[str], None], moto: Callable[[list[str]], Params]) -> Params:
        """Do it for each ARN; those that failed, and why."""
        arns = list(params["ResourceARNList"])
        others = [arn for arn in arns if arn.split(":")[2:3] not in [[service] for service in OURS]]
        failed = dict(moto(others)) if others else {}
        for arn in arns:
            if arn not in others:
                try:
                    own(arn)
                except AwsError as error:
                    failed[arn] = {
                        "StatusCode": error.status,
                        "ErrorCode": "InvalidParameterException",
                        "ErrorMessage": error.message,
                    }
        return {"FailedResourcesMap": failed}

    def _alarm(self, ctx: Context, arn: str) -> Any:
        alarm = self._alarms.tagged(ctx.account, ctx.region, arn)
        if alarm is None:
            raise AwsError("ResourceNotFoundException", f"The resource {arn} does not exist", 404)
        return alarm

    def _tagged(self, ctx: Context) -> Held:
        """Everything that has tags, by ARN."""
        held = dict(self._sagemaker.store(ctx).tags)
        held |= {each.arn: each.tags for each in self._alarms.all_tagged(ctx.account, ctx.region)}
        for resource in _moto(ctx)._get_resources_generator():  # noqa: SLF001 - there is no other without pages
            if resource.arn.split(":")[2] not in OURS:
                held[resource.arn] = dict(resource.tags)
        return {arn: owned for arn, owned in held.items() if owned}


def _moto(ctx: Context) -> Any:
    return get_backend("resourcegroupstaggingapi")[ctx.account][ctx.region]


def _page(found: list[Any], params: Params, most: int = PAGE) -> tuple[list[Any], str]:
    start = int(params["PaginationToken"]) if params.get("PaginationToken", "").isdigit() else 0
    end = start + most
    return found[start:end], str(end) if end < len(found) else ""


def _is_of(arn: str, types: list[str]) -> bool:
    """Whether the ARN is of one of the types, such as `sagemaker`, `sagemaker:endpoint` or `cloudwatch:alarm`."""
    service, resource = arn.split(":", 5)[2::3]
    kind = "bucket" if service == "s3" else re.split("[:/]", resource, maxsplit=1)[0]
    return not types or any(each in {service, f"{service}:{kind}"} for each in types)


def _matches(owned: Mapping[str, str], filters: list[dict[str, Any]]) -> bool:
    """Every filter's key is there, with one of its values if it names any."""
    return all(
        each["Key"] in owned and (not each.get("Values") or owned[each["Key"]] in each["Values"]) for each in filters
    )
