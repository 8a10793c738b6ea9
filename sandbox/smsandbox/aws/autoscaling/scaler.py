"""What makes capacities change: alarms that call policies, schedules, bounds; and following each change to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smsandbox.aws.autoscaling import decisions, schedules
from smsandbox.aws.autoscaling.resource import NOUNS, Capacity
from smsandbox.aws.core.errors import AwsError

if TYPE_CHECKING:
    from smsandbox.aws.autoscaling.records import Activity, Policy, Schedule, Target
    from smsandbox.aws.autoscaling.registry import Registry
    from smsandbox.aws.autoscaling.resource import Resources
    from smsandbox.aws.cloudwatch.alarm import Alarm
    from smsandbox.aws.cloudwatch.alarm_book import AlarmBook
    from smsandbox.aws.core.world import World

# AWS seconds after which a change that did not come about counts as unfulfilled.
PATIENCE = 3600.0
_BUSY = "TargetServicePutResourceAsUnscalable"


class Scaler:
    """Runs under the World's lock."""

    def __init__(self, world: World, registry: Registry, resources: Resources, book: AlarmBook) -> None:
        self._world = world
        self._registry = registry
        self._resources = resources
        self._book = book

    # alarms

    def on_alarm(self, alarm: Alarm, arn: str) -> None:
        """An alarm calls the scaling policy `arn`, and calls it again while its state lasts."""
        found = self._registry.policy(arn)
        if found is None:
            return
        target, policy = found
        cause = f"monitor alarm {alarm.name} in state {alarm.state} triggered policy {policy.name}"
        if target.busy is not None:
            return
        capacity = self._resources.read(target.key)
        if capacity is None:
            return
        if not capacity.active:
            self._registry.refuse(target.key, cause, {"Code": _BUSY, "CurrentCapacity": capacity.desired})
            return
        wanted = self._wanted(target, policy, alarm, capacity.desired)
        if wanted is not None:
            self._move(target, policy, capacity, wanted, cause)

    def _wanted(self, target: Target, policy: Policy, alarm: Alarm, capacity: int) -> int | None:
        """What the policy asks for, seen together with the others: the largest wins, shrinking needs all to agree."""
        wanted = self._proposal(policy, alarm, capacity)
        if wanted is None or wanted >= capacity:
            return wanted
        others = [one for one in target.policies.values() if one is not policy]
        for other in others:
            if other.is_tracking and other.low:
                low = self._book.get(alarm.account, alarm.region, other.low)
                if low is None or low.state != "ALARM":
                    return None
                wanted = max(wanted, self._proposal(other, low, capacity) or 0)
        growing = [self._growing(other, alarm.account, alarm.region, capacity) for other in others]
        return None if any(growing) else min(wanted, capacity)

    def _growing(self, policy: Policy, account: str, region: str, capacity: int) -> bool:
        """Whether an alarm of the policy asks for more than there is."""
        calling = [alarm for alarm in self._book.calling(account, region, policy.arn) if alarm.state == "ALARM"]
        return any((self._proposal(policy, alarm, capacity) or 0) > capacity for alarm in calling)

    def _proposal(self, policy: Policy, alarm: Alarm, capacity: int) -> int | None:
        """The capacity one policy asks for, its cooldowns respected; None when it asks for nothing."""
        if alarm.value is None:
            return None
        now = self._world.now()
        if policy.is_tracking and alarm.name == policy.low:
            wanted = decisions.track(capacity, alarm.value, float(policy.config["TargetValue"]))
            cooling = now < policy.in_ended + self._world.real(policy.in_cooldown)
            return None if cooling or wanted > capacity else wanted
        cooling = self._is_cooling(policy)
        # While it cools down, what was added already counts as a part of what is asked for now.
        base = min(policy.out_from, capacity) if cooling else capacity
        if policy.is_tracking:
            wanted = decisions.track(base, alarm.value, float(policy.config["TargetValue"]))
            return max(wanted, capacity)
        asked = decisions.step(base, alarm.value, float(alarm.params["Threshold"]), policy.config)
        if asked is None or (cooling and asked <= capacity):
            return None
        if asked < capacity and now < policy.in_ended + self._world.real(policy.in_cooldown):
            return None
        return asked

    def _is_cooling(self, policy: Policy) -> bool:
        """Whether the cooldown of a scale-out is in force."""
        return self._world.now() < policy.out_ended + self._world.real(policy.out_cooldown)

    def _move(self, target: Target, policy: Policy, capacity: Capacity, wanted: int, cause: str) -> None:
        within = decisions.clamp(wanted, target.minimum, target.maximum)
        growing = wanted > capacity.desired
        if target.suspended["DynamicScalingOutSuspended" if growing else "DynamicScalingInSuspended"]:
            return
        if within == capacity.desired or (growing and within < capacity.desired):
            self._registry.refuse(target.key, cause, self._reason(target, capacity.desired, wanted))
            return
        activity = self._scale(target, capacity.desired, within, cause)
        if activity is not None and growing and not self._is_cooling(policy):
            policy.out_from = capacity.desired
        if activity is not None:
            self._follow(target, activity, policy, growing=growing)

    @staticmethod
    def _reason(target: Target, capacity: int, wanted: int) -> dict[str, Any]:
        if wanted > capacity:
            return {"Code": "AlreadyAtMaxCapacity", "MaxCapacity": target.maximum, "CurrentCapacity": capacity}
        if wanted < capacity:
            return {"Code": "AlreadyAtMinCapacity", "MinCapacity": target.minimum, "CurrentCapacity": capacity}
        return {"Code": "AlreadyAtDesiredCapacity", "CurrentCapacity": capacity}

    # bounds and schedules

    def enforce_bounds(self, target: Target) -> bool:
        """Bring the capacity within the target's bounds; False when the resource can't be scaled just now."""
        capacity = self._resources.read(target.key)
        if capacity is None:
            return True
        within = decisions.clamp(capacity.desired, target.minimum, target.maximum)
        if within == capacity.desired:
            return True
        if not capacity.active or target.busy is not None:
            return False
        bound = "minimum" if within > capacity.desired else "maximum"
        activity = self._scale(target, capacity.desired, within, f"{bound} capacity was set to {within}")
        if activity is not None:
            self._follow(target, activity, None, growing=within > capacity.desired)
        return activity is not None

    def plan(self, target: Target, schedule: Schedule, after: float | None = None) -> None:
        """Wait for the next time the schedule fires. ScheduleError when it can't be read."""
        now = self._world.now()
        opens = schedules.window_opens(schedule.start, now) if after is None else after
        scale = self._world.settings.time_scale
        when = schedules.next_fire(schedule.expression, schedule.timezone, opens, schedule.created, scale)
        if schedule.event is not None:
            schedule.event.cancel()
        schedule.event = None
        if when is not None and (schedule.end is None or when <= schedule.end.timestamp()):
            schedule.event = self._world.at(when, lambda: self._fire(target, schedule, when))

    def _fire(self, target: Target, schedule: Schedule, when: float) -> None:
        if not target.suspended["ScheduledScalingSuspended"]:
            action = schedule.action
            target.minimum = action.get("MinCapacity", min(target.minimum, action.get("MaxCapacity", target.minimum)))
            target.maximum = action.get("MaxCapacity", max(target.maximum, target.minimum))
            bounds = " and ".join(
                f"{word} capacity to {action[member]}"
                for word, member in (("min", "MinCapacity"), ("max", "MaxCapacity"))
                if member in action
            )
            cause = f"scheduled action name {schedule.name} was triggered"
            note = self._registry.begin(target.key, f"Setting {bounds}", cause, None)
            self._registry.end(note, "Successful", f"Successfully set {bounds}")
            self._enforce_soon(target, when + self._world.real(PATIENCE))
        self.plan(target, schedule, when)

    def _enforce_soon(self, target: Target, until: float) -> None:
        """Apply the bounds, again and again while the endpoint is busy."""
        if (
            self._registry.targets.get(target.key) is target
            and not self.enforce_bounds(target)
            and self._world.now() < until
        ):
            self._world.after(self._every, lambda: self._enforce_soon(target, until))

    # one change

    @property
    def _every(self) -> float:
        return max(self._world.settings.poll_seconds, 0.05)

    def _scale(self, target: Target, before: int, capacity: int, cause: str) -> Activity | None:
        """Ask for a capacity; None when the resource turned out to be busy."""
        noun = NOUNS[target.key.dimension]
        try:
            self._resources.write(target.key, capacity)
        except AwsError as error:
            if "in-progress" in error.message:
                self._registry.refuse(target.key, cause, {"Code": _BUSY})
                return None
            activity = self._registry.begin(target.key, f"Setting {noun} to {capacity}.", cause, capacity)
            self._registry.end(activity, "Failed", f"Failed to set {noun} to {capacity}. Reason: {error.message}")
            return None
        activity = self._registry.begin(target.key, f"Setting {noun} to {capacity}.", cause, capacity)
        activity.before = before
        return activity

    def _follow(self, target: Target, activity: Activity, policy: Policy | None, *, growing: bool) -> None:
        """Watch the change until it is done; then the cooldown begins."""
        target.busy = activity
        if policy is not None:
            self._cool(policy, growing=growing)
        if policy is not None and growing:
            policy.in_ended = float("-inf")  # growing ends the cooldown of shrinking
        until = self._world.now() + self._world.real(PATIENCE)

        def look() -> None:
            end = self._outcome(target, activity, until)
            if end is None:
                self._world.after(self._every, look)
                return
            self._registry.end(activity, *end)
            target.busy = None
            if policy is not None:
                self._cool(policy, growing=growing)

        self._world.after(self._every, look)

    def _cool(self, policy: Policy, *, growing: bool) -> None:
        if growing:
            policy.out_ended = self._world.now()
        else:
            policy.in_ended = self._world.now()

    def _outcome(self, target: Target, activity: Activity, until: float) -> tuple[str, str] | None:
        """Status and message of an activity that is over; None while it goes on."""
        noun, goal = NOUNS[target.key.dimension], activity.goal
        capacity = self._resources.read(target.key)
        if capacity is None:
            return "Failed", f"Failed to set {noun} to {goal}. Reason: the resource does not exist any more."
        if not capacity.active:
            late = self._world.now() >= until
            return ("Unfulfilled", f"Unfulfilled: {noun} is {capacity.current}, not {goal}.") if late else None
        if capacity.desired == goal == capacity.current:
            done = f"Successfully set {noun} to {goal}. Change successfully fulfilled by sagemaker."
            return "Successful", done
        if capacity.desired == activity.before:
            return "Failed", f"Failed to set {noun} to {goal}. Reason: the change was rolled back by sagemaker."
        return "Overridden", f"Another change set {noun} to {capacity.desired}."
