"""Requests checked and answers shaped: what the operations share. No state."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from smsandbox.aws.autoscaling.records import Schedule, Target, TargetKey
from smsandbox.aws.autoscaling.resource import check_names
from smsandbox.aws.core.errors import AwsError, validation
from smsandbox.aws.core.paging import page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsandbox.aws.core.context import Context

Params = dict[str, Any]

MAX_TAGS = 50


def key_of(ctx: Context, params: Params) -> TargetKey:
    """The target that a request names; ValidationException when there can be none of that name."""
    check_namespace(params)
    check_names(params["ResourceId"], params["ScalableDimension"])
    return TargetKey(ctx.account, ctx.region, params["ResourceId"], params["ScalableDimension"])


def check_namespace(params: Params) -> None:
    if params["ServiceNamespace"] != "sagemaker":
        raise validation(f"The sandbox scales service namespace sagemaker only, not {params['ServiceNamespace']}.")


def check_filters(params: Params) -> None:
    """ValidationException for filters that can't stand together."""
    check_namespace(params)
    if "ScalableDimension" in params and "ResourceId" not in params:
        raise validation("Resource ID must be specified when scalable dimension is specified.")


def fits(key: TargetKey, params: Params) -> bool:
    """Whether a target passes the filters of a request."""
    return params.get("ResourceId") in {None, key.resource_id} and params.get("ScalableDimension") in {
        None,
        key.dimension,
    }


def check_bounds(least: int, most: int) -> None:
    """ValidationException unless 0 <= least <= most."""
    if least < 0 or most < 0:
        raise validation("Capacity can't be negative.")
    if least > most:
        raise validation("Maximum capacity cannot be less than minimum capacity")


def check_tags(tags: Params) -> None:
    """TooManyTagsException."""
    if len(tags) > MAX_TAGS:
        raise AwsError("TooManyTagsException", f"A resource can have at most {MAX_TAGS} tags.")


def limit_exceeded(message: str) -> AwsError:
    return AwsError("LimitExceededException", message)


def paged(items: Sequence[Any], params: Params, most: int) -> tuple[Sequence[Any], str | None]:
    """A page of at most `most`, and the token of the next one."""
    size = min(params.get("MaxResults") or most, most)
    return page(items, size, params.get("NextToken"), "InvalidNextTokenException")


def when(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def aware(instant: datetime | None) -> datetime | None:
    """An instant with a time zone: UTC where none was given."""
    return instant.replace(tzinfo=UTC) if instant is not None and instant.tzinfo is None else instant


def key_members(key: TargetKey) -> Params:
    return {"ServiceNamespace": "sagemaker", "ResourceId": key.resource_id, "ScalableDimension": key.dimension}


def target_member(target: Target) -> Params:
    return {
        **key_members(target.key),
        "MinCapacity": target.minimum,
        "MaxCapacity": target.maximum,
        "RoleARN": target.role_arn,
        "CreationTime": when(target.created),
        "SuspendedState": target.suspended,
        "ScalableTargetARN": target.arn,
    }


def schedule_member(key: TargetKey, schedule: Schedule) -> Params:
    return {
        **key_members(key),
        "ScheduledActionName": schedule.name,
        "ScheduledActionARN": schedule.arn,
        "Schedule": schedule.expression,
        "Timezone": schedule.timezone,
        "StartTime": schedule.start,
        "EndTime": schedule.end,
        "ScalableTargetAction": schedule.action,
        "CreationTime": when(schedule.created),
    }


def activity_member(activity: Any) -> Params:
    return {
        **key_members(activity.key),
        "ActivityId": activity.id,
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": when(activity.started),
        "EndTime": when(activity.ended),
        "StatusCode": activity.status,
        "StatusMessage": activity.message,
        "NotScaledReasons": [activity.not_scaled] if activity.not_scaled else None,
    }
