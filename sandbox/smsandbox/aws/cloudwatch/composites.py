"""Composite alarms: kept, and evaluated whenever an alarm that they name changes. Not their API, nor their grammar.

By https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html: a new one is in
INSUFFICIENT_DATA until it is evaluated, which is at once, and its actions are called; in a circle nothing is evaluated.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from smsandbox.aws.cloudwatch import composite_rule, events
from smsandbox.aws.cloudwatch.alarm import HISTORY, actions_of
from smsandbox.aws.moto.topics import publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smsandbox.aws.cloudwatch.alarm_rules import State
    from smsandbox.aws.cloudwatch.composite_rule import Rule
    from smsandbox.aws.core.world import World

Key = tuple[str, str, str]


@dataclass
class CompositeAlarm:
    """One composite alarm. `params` are the members of PutCompositeAlarm."""

    account: str
    region: str
    name: str
    params: dict[str, Any]
    rule: Rule
    configured: float
    state: State = "INSUFFICIENT_DATA"
    reason: str = "Unchecked: Initial alarm creation"
    reason_data: str = ""
    updated: float = 0.0
    history: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=HISTORY))
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudwatch:{self.region}:{self.account}:alarm:{self.name}"

    def names(self) -> set[str]:
        """The alarms that the rule names, by name."""
        return {name_of(child) for child in self.rule.children}


def name_of(child: str) -> str:
    """The name of an alarm that a rule names by its name or ARN."""
    return child.partition(":alarm:")[2] if child.startswith("arn:") else child


class CompositeBook:
    """All composite alarms. The World's lock guards it; `others` tells the state of a metric alarm."""

    def __init__(self, world: World, others: Callable[[str, str, str], State | None]) -> None:
        self._world = world
        self._others = others
        self._alarms: dict[Key, CompositeAlarm] = {}

    def get(self, account: str, region: str, name: str) -> CompositeAlarm | None:
        return self._alarms.get((account, region, name))

    def of(self, account: str, region: str) -> Iterator[CompositeAlarm]:
        """The alarms of an account and region by name."""
        return (self._alarms[key] for key in sorted(self._alarms) if key[:2] == (account, region))

    def parents(self, account: str, region: str, name: str) -> list[CompositeAlarm]:
        """Those whose rule names an alarm."""
        return [each for each in self.of(account, region) if name in each.names()]

    def state(self, account: str, region: str, name: str) -> State | None:
        """The state of an alarm of either kind; None when there is none."""
        found = self.get(account, region, name)
        return found.state if found is not None else self._others(account, region, name)

    def put(self, account: str, region: str, params: dict[str, Any]) -> CompositeAlarm:
        """Make or change one; RuleError for a rule that cannot be read. One that is changed keeps its state."""
        now, name = self._world.clock.now(), params["AlarmName"]
        alarm = CompositeAlarm(
            account, region, name, params, composite_rule.read(params["AlarmRule"]), now, updated=now
        )
        old = self.get(account, region, name)
        if old is not None:
            alarm.state, alarm.reason, alarm.reason_data = old.state, old.reason, old.reason_data
            alarm.updated, alarm.history, alarm.tags = old.updated, old.history, old.tags
        self._alarms[account, region, name] = alarm
        alarm.history.append(
            events.history_item(
                alarm, "ConfigurationUpdate", f'Alarm "{name}" {"updated" if old else "created"}', now, "CompositeAlarm"
            )
        )
        self._evaluate(alarm, ())
        return alarm

    def delete(self, account: str, region: str, name: str) -> None:
        """Take one away; nothing when there is none."""
        self._alarms.pop((account, region, name), None)

    def force(self, alarm: CompositeAlarm, state: State, reason: str, data: str = "") -> None:
        """SetAlarmState: the state holds until the next evaluation."""
        self._change(alarm, state, reason, data, ())

    def changed(self, account: str, region: str, name: str, seen: tuple[str, ...] = ()) -> None:
        """An alarm of either kind is in another state: what names it is evaluated, unless it is named by itself."""
        for alarm in self.parents(account, region, name):
            if alarm.name not in seen:
                self._evaluate(alarm, (*seen, name))

    def _evaluate(self, alarm: CompositeAlarm, seen: tuple[str, ...]) -> None:
        fires = alarm.rule.holds(lambda child: self.state(alarm.account, alarm.region, name_of(child)))
        state: State = "ALARM" if fires else "OK"
        if state != alarm.state:
            trigger = seen[-1] if seen else alarm.name
            self._change(alarm, state, f"{trigger} transitioned the rule to {state}", "", seen)

    def _change(self, alarm: CompositeAlarm, state: State, reason: str, data: str, seen: tuple[str, ...]) -> None:
        before = events.Told.of(alarm)
        alarm.state, alarm.reason, alarm.reason_data = state, reason, data
        alarm.updated = self._world.clock.now()
        if before.value == state:
            return
        summary = f"Alarm updated from {before.value} to {state}"
        alarm.history.append(events.history_item(alarm, "StateUpdate", summary, alarm.updated, "CompositeAlarm"))
        place = alarm.account, alarm.region
        detail = events.state_change(alarm, before)
        self._world.events.publish(*place, events.SOURCE, events.STATE_CHANGE, alarm.arn, detail)
        for arn in actions_of(alarm.params, state):
            if arn.split(":")[2:3] == ["sns"]:
                publish(*place, arn, events.topic_message(alarm), f'{state}: "{alarm.name}"')
        self.changed(*place, alarm.name, (*seen, alarm.name))
