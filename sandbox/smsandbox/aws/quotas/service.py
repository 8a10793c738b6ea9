"""Service Quotas: SageMaker's quotas of endpoint instances, as the simulator's settings have them.

Not here: usage metrics (AWS's are not established), requests for increases, other services. Codes
are of AWS's form but not AWS's own.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, ClassVar

from moto.core.utils import get_service_model

from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.core.paging import page
from smsandbox.aws.core.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsandbox.aws.core.context import Context
    from smsandbox.aws.core.world import World

PAGE = 100


class ServiceQuotas(Service):
    """service-quotas."""

    service_name: ClassVar[str] = "service-quotas"

    def __init__(self, world: World) -> None:
        self._world = world

    def list_service_quotas(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        return _listed(params, [_applied(ctx, each, self._limit(each)) for each in _types(params)])

    def get_service_quota(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        return {"Quota": _of_code(params, [_applied(ctx, each, self._limit(each)) for each in _types(params)])}

    def list_aws_default_service_quotas(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        return _listed(params, [_quota(ctx, each, self._default()) for each in _types(params)])

    def get_aws_default_service_quota(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        return {"Quota": _of_code(params, [_quota(ctx, each, self._default()) for each in _types(params)])}

    def _default(self) -> int:
        return self._world.settings.options.default_instance_quota

    def _limit(self, instance_type: str) -> int:
        return self._world.settings.quotas.get(instance_type, self._default())


def code(instance_type: str) -> str:
    """The code of the quota for endpoint usage: the same for all regions and accounts."""
    return f"L-{zlib.crc32(_name(instance_type).encode()):08X}"


def _name(instance_type: str) -> str:
    return f"{instance_type} for endpoint usage"


def _types(params: dict[str, Any]) -> Iterator[str]:
    if params["ServiceCode"] != "sagemaker":
        message = f"The sandbox has no quotas of the service {params['ServiceCode']}."
        raise AwsError("NoSuchResourceException", message)
    shape: Any = get_service_model("sagemaker").shape_for("ProductionVariantInstanceType")
    yield from sorted(shape.enum)


def _quota(ctx: Context, instance_type: str, limit: int) -> dict[str, Any]:
    arn = f"arn:{ctx.partition}:servicequotas:{ctx.region}:{ctx.account}:sagemaker/{code(instance_type)}"
    return {
        "ServiceCode": "sagemaker",
        "ServiceName": "Amazon SageMaker",
        "QuotaArn": arn,
        "QuotaCode": code(instance_type),
        "QuotaName": _name(instance_type),
        "Value": float(limit),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


def _applied(ctx: Context, instance_type: str, limit: int) -> dict[str, Any]:
    return {**_quota(ctx, instance_type, limit), "QuotaAppliedAtLevel": "ACCOUNT"}


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
