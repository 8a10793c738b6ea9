"""Scheduled actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsandbox.aws.autoscaling import schedules
from smsandbox.aws.autoscaling.base import AutoScalingBase
from smsandbox.aws.autoscaling.records import Schedule
from smsandbox.aws.autoscaling.shapes import (
    Params,
    aware,
    check_bounds,
    check_filters,
    fits,
    key_of,
    limit_exceeded,
    paged,
    schedule_member,
)
from smsandbox.aws.core.errors import AwsError, validation

if TYPE_CHECKING:
    from smsandbox.aws.core.context import Context

MAX_SCHEDULES = 200


class ScheduleOperations(AutoScalingBase):
    """Put, described, deleted; the scaler fires them."""

    def put_scheduled_action(self, ctx: Context, params: Params) -> Params:
        key = key_of(ctx, params)
        target = self._registry.need(key)
        name = params["ScheduledActionName"]
        old = target.schedules.get(name)
        expression = params.get("Schedule") or (old.expression if old else None)
        if expression is None:
            raise validation(f"Schedule must be specified: write {schedules.FORMS}.")
        action = params.get("ScalableTargetAction") or (old.action if old else {})
        if not action:
            raise validation("ScalableTargetAction must hold MinCapacity, MaxCapacity or both.")
        check_bounds(action.get("MinCapacity", 0), action.get("MaxCapacity", 2**31))
        start, end = params.get("StartTime"), params.get("EndTime")
        if start and end and start >= end:
            raise validation("StartTime must be before EndTime.")
        if old is None and len(target.schedules) >= MAX_SCHEDULES:
            raise limit_exceeded(f"Number of scheduled actions for a scalable target can't exceed {MAX_SCHEDULES}.")
        arn = old.arn if old else (
            f"arn:aws:autoscaling:{key.region}:{key.account}:scheduledAction:{self._registry.new_id()}:"
            f"resource/sagemaker/{key.resource_id}:scheduledActionName/{name}"
        )  # fmt: skip
        timezone = params.get("Timezone") or (old.timezone if old else None)
        created = old.created if old else self._world.now()
        schedule = Schedule(name, arn, expression, timezone, aware(start), aware(end), dict(action), created)
        try:
            schedules.zone(timezone)
            self._scaler.plan(target, schedule)
        except schedules.ScheduleError as error:
            raise validation(str(error)) from error
        if old is not None and old.event is not None:
            old.event.cancel()
        target.schedules[name] = schedule
        return {}

    def describe_scheduled_actions(self, ctx: Context, params: Params) -> Params:
        check_filters(params)
        found = [
            (target.key, schedule)
            for target in self._registry.of(ctx.account, ctx.region)
            if fits(target.key, params)
            for schedule in target.schedules.values()
            if not params.get("ScheduledActionNames") or schedule.name in params["ScheduledActionNames"]
        ]
        shown, token = paged(found, params, 50)
        return {"ScheduledActions": [schedule_member(*one) for one in shown], "NextToken": token}

    def delete_scheduled_action(self, ctx: Context, params: Params) -> Params:
        key = key_of(ctx, params)
        target = self._registry.targets.get(key)
        schedule = target.schedules.pop(params["ScheduledActionName"], None) if target else None
        if schedule is None:
            raise AwsError(
                "ObjectNotFoundException",
                f"No scheduled action found for {key.words}, scheduled action name: {params['ScheduledActionName']}",
            )
        if schedule.event is not None:
            schedule.event.cancel()
        return {}
