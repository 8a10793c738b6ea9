"""Service Quotas: SageMaker's quotas of endpoint instances and Application Auto Scaling's of scalable targets.

Both are what the simulator's settings have. Not here: usage metrics (AWS's are not established), requests for
increases, other quotas and services. Codes are of AWS's form but not AWS's own, and so is the name of the quota of
scalable targets: AWS's guide has it as "scalable targets per resource type".
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from moto.core.utils import get_service_model

from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.core.paging import page
from smsandbox.aws.core.service import Service

if TYPE_CHECKING:
    from smsandbox.aws.core.context import Context
    from smsandbox.aws.core.world import World

PAGE = 100
TARGETS = "Scalable targets for Amazon SageMaker"
DEFAULT_TARGETS = 500


class ServiceQuotas(Service):
    """service-quotas."""

    service_name: ClassVar[str] = "service-quotas"

    def __init__(self, world: World) -> None:
        self._world = world

    def list_service_quotas(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        return _listed(params, [_applied(ctx, each) for each in self._quotas(params)])

    def get_service_quota(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        return {"Quota": _of_code(params, [_applied(ctx, each) for each in self._quotas(params)])}

    def list_aws_default_service_quotas(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        return _listed(params, [_shown(ctx, each, each.default) for each in self._quotas(params)])

    def get_aws_default_service_quota(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        return {"Quota": _of_code(params, [_shown(ctx, each, each.default) for each in self._quotas(params)])}

    def _quotas(self, params: dict[str, Any]) -> list[_Quota]:
        settings, service = self._world.settings, params["ServiceCode"]
        if service == "application-autoscaling":
            limit, default = settings.options.scalable_target_quota, DEFAULT_TARGETS
            return [_Quota(service, "Application Auto Scaling", TARGETS, limit, default)]
        if service != "sagemaker":
            raise AwsError("NoSuchResourceException", f"The sandbox has no quotas of the service {service}.")
        shape: Any = get_service_model("sagemaker").shape_for("ProductionVariantInstanceType")
        default = settings.options.default_instance_quota
        names = ((each, f"{each} for endpoint usage") for each in sorted(shape.enum))
        return [
            _Quota(service, "Amazon SageMaker", name, settings.quotas.get(each, default), default)
            for each, name in names
        ]


@dataclass(frozen=True)
class _Quota:
    service: str
    service_name: str
    name: str
    limit: int
    default: int

    @property
    def code(self) -> str:
        """The same for all regions and accounts."""
        return f"L-{zlib.crc32(self.name.encode()):08X}"


def _shown(ctx: Context, quota: _Quota, value: int) -> dict[str, Any]:
    return {
        "ServiceCode": quota.service,
        "ServiceName": quota.service_name,
        "QuotaArn": f"arn:{ctx.partition}:servicequotas:{ctx.region}:{ctx.account}:{quota.service}/{quota.code}",
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": float(value),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


def _applied(ctx: Context, quota: _Quota) -> dict[str, Any]:
    return {**_shown(ctx, quota, quota.limit), "QuotaAppliedAtLevel": "ACCOUNT"}


def _listed(params: dict[str, Any], quotas: list[dict[str, Any]]) -> dict[str, Any]:
    wanted = params.get("QuotaCode")
    found = [quota for quota in quotas if wanted in {None, quota["QuotaCode"]}]
    if params.get("QuotaAppliedAtLevel") == "RESOURCE":
        found = []
    size = params.get("MaxResults", PAGE)
    some, following = page(found, size, params.get("NextToken"), "InvalidPaginationTokenException")
    return {"Quotas": list(some), "NextToken": following}


def _of_code(params: dict[str, Any], quotas: list[dict[str, Any]]) -> dict[str, Any]:
    for quota in quotas:
        if quota["QuotaCode"] == params["QuotaCode"]:
            return quota
    raise AwsError("NoSuchResourceException", "The request failed because the specified quota does not exist.")
