"""The Resource Groups Tagging API over the tags of SageMaker and of alarms: GetResources; all else of it is moto's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from smsandbox.aws import tags
from smsandbox.aws.service import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsandbox.aws.alarms import AlarmBook
    from smsandbox.aws.context import Context
    from smsandbox.aws.sagemaker.service import SageMaker

PAGE = 100


class Tagging(Service):
    """resourcegroupstaggingapi."""

    service_name: ClassVar[str] = "resourcegroupstaggingapi"
    falls_back_to_moto: ClassVar[bool] = True

    def __init__(self, sagemaker: SageMaker, alarms: AlarmBook) -> None:
        self._sagemaker = sagemaker
        self._alarms = alarms

    def get_resources(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        wanted = params.get("ResourceTypeFilters") or []
        held = self._sagemaker.store(ctx).tags | {
            alarm.arn: alarm.tags for alarm in self._alarms.of(ctx.account, ctx.region)
        }
        found = [
            {"ResourceARN": arn, "Tags": tags.listed(owned)}
            for arn, owned in sorted(held.items())
            if owned and _is_of(arn, wanted) and _matches(owned, params.get("TagFilters") or [])
        ]
        start = int(params["PaginationToken"]) if params.get("PaginationToken", "").isdigit() else 0
        end = start + params.get("ResourcesPerPage", PAGE)
        return {"ResourceTagMappingList": found[start:end], "PaginationToken": str(end) if end < len(found) else ""}


def _is_of(arn: str, types: list[str]) -> bool:
    """Whether the ARN is of one of the types, such as `sagemaker`, `sagemaker:endpoint` or `cloudwatch:alarm`."""
    service, resource = arn.split(":", 5)[2::3]
    kind = re.split("[:/]", resource, maxsplit=1)[0]
    return not types or any(each in {service, f"{service}:{kind}"} for each in types)


def _matches(owned: Mapping[str, str], filters: list[dict[str, Any]]) -> bool:
    """Every filter's key is there, with one of its values if it names any."""
    return all(
        each["Key"] in owned and (not each.get("Values") or owned[each["Key"]] in each["Values"]) for each in filters
    )
