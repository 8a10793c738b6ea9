"""Alarms: kept, evaluated on the metric store as time passes, and acting on scaling policies. Not their API."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from smsandbox.aws.cloudwatch import alarm_rules, events, metric_query
from smsandbox.aws.cloudwatch.alarm import Alarm
from smsandbox.aws.cloudwatch.composites import CompositeBook
from smsandbox.aws.cloudwatch.dashboards import DashboardBook
from smsandbox.aws.moto.topics import publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smsandbox.aws.cloudwatch.alarm_rules import State
    from smsandbox.aws.cloudwatch.composites import CompositeAlarm
    from smsandbox.aws.cloudwatch.dashboards import Dashboard
    from smsandbox.aws.cloudwatch.metric_query import Query
    from smsandbox.aws.cloudwatch.metric_store import MetricStore
    from smsandbox.aws.core.context import Context
    from smsandbox.aws.core.world import World

_SPARE_PERIODS = 2


class AlarmBook:
    """All alarms. The World's lock guards it; `act` is called with an alarm and the ARN of an action it calls."""

    def __init__(self, world: World, store: MetricStore) -> None:
        self._world = world
        self._store = store
        self._alarms: dict[tuple[str, str, str], Alarm] = {}
        self.composites = CompositeBook(world, self._state)
        self.dashboards = DashboardBook(world)
        self.act: Callable[[Alarm, str], None] = lambda _alarm, _arn: None

    def state(self, ctx: Context, name: str) -> str | None:
        """OK, ALARM or INSUFFICIENT_DATA; None when there is no such alarm."""
        with self._world.lock:
            return self.composites.state(ctx.account, ctx.region, name)

    def _state(self, account: str, region: str, name: str) -> State | None:
        alarm = self.get(account, region, name)
        return alarm.state if alarm else None

    def get(self, account: str, region: str, name: str) -> Alarm | None:
        return self._alarms.get((account, region, name))

    def tagged(self, account: str, region: str, arn: str) -> Alarm | CompositeAlarm | Dashboard | None:
        """The alarm or dashboard with this ARN, if it is one of this account and region."""
        if ":dashboard/" in arn:
            return self.dashboards.tagged(account, arn)
        name = arn.partition(":alarm:")[2]
        alarm = self.get(account, region, name) or self.composites.get(account, region, name)
        return alarm if alarm is not None and alarm.arn == arn else None

    def all_tagged(self, account: str, region: str) -> Iterator[Alarm | CompositeAlarm | Dashboard]:
        """All that may have tags, as an account and region see it."""
        yield from self.of(account, region)
        yield from self.composites.of(account, region)
        yield from self.dashboards.of(account)

    def tags_of(self, ctx: Context, arn: str) -> dict[str, str]:
        """The tags of an alarm or dashboard; none when there is no such one."""
        alarm = self.tagged(ctx.account, ctx.region, arn)
        return dict(alarm.tags) if alarm is not None else {}

    def of(self, account: str, region: str) -> Iterator[Alarm]:
        """The alarms of an account and region by name."""
        for key in sorted(self._alarms):
            if key[:2] == (account, region):
                yield self._alarms[key]

    def calling(self, account: str, region: str, arn: str) -> list[Alarm]:
        """The alarms that call `arn` when they go off."""
        return [
            alarm
            for key, alarm in self._alarms.items()
            if key[:2] == (account, region) and arn in (alarm.params.get("AlarmActions") or ())
        ]

    def put(self, account: str, region: str, params: dict[str, Any], *, whole_rates: bool = False) -> Alarm:
        """Make or change an alarm; a changed one keeps its state. ValueError for queries that can't be read."""
        now = self._world.clock.now()
        name = params["AlarmName"]
        queries = self._queries(account, region, params)
        alarm = Alarm(account, region, name, params, queries, now, whole_rates, updated=now)
        old = self.get(account, region, name)
        if old is not None:
            alarm.state, alarm.reason, alarm.reason_data = old.state, old.reason, old.reason_data
            alarm.updated, alarm.history, alarm.tags = old.updated, old.history, old.tags
            self._cancel(old)
        self._alarms[account, region, name] = alarm
        self._note(alarm, "ConfigurationUpdate", f'Alarm "{name}" {"updated" if old else "created"}')
        self._schedule(alarm)
        return alarm

    def delete(self, account: str, region: str, name: str) -> None:
        """Take an alarm away; nothing when there is none."""
        alarm = self._alarms.pop((account, region, name), None)
        if alarm is not None:
            self._cancel(alarm)

    def force(self, alarm: Alarm, state: State, reason: str, data: str = "") -> None:
        """SetAlarmState: the state holds until the next evaluation."""
        self._change(alarm, state, reason, data)
        self._cancel(alarm)
        self._schedule(alarm)

    @staticmethod
    def _queries(account: str, region: str, params: dict[str, Any]) -> list[Query]:
        if params.get("Metrics"):
            return metric_query.parse(account, region, params["Metrics"])
        statistic = params.get("Statistic") or params["ExtendedStatistic"]
        metric = metric_query.metric_of(account, region, params)
        return [metric_query.Query("m1", float(params["Period"]), metric, statistic)]

    def period(self, alarm: Alarm) -> float:
        """The alarm's period in real seconds."""
        return alarm.wanted.period / self._world.settings.time_scale

    def _schedule(self, alarm: Alarm) -> None:
        now = self._world.clock.now()
        every = max(self.period(alarm), self._world.settings.alarms.evaluation_seconds)
        # On the boundary of a period, when its last sample has come.
        alarm.event = self._world.timeline.at((math.floor(now / every + 1e-6) + 1) * every, lambda: self._due(alarm))

    @staticmethod
    def _cancel(alarm: Alarm) -> None:
        if alarm.event is not None:
            alarm.event.cancel()

    def _due(self, alarm: Alarm) -> None:
        self.evaluate(alarm)
        if self.get(alarm.account, alarm.region, alarm.name) is alarm:
            self._schedule(alarm)

    def latest(self, alarm: Alarm, periods: int) -> list[float | None]:
        """The datapoints of the newest whole periods, oldest first; None where one is missing."""
        now, period = self._world.clock.now(), self.period(alarm)
        scale = self._world.settings.time_scale
        last = math.floor(now / period + 1e-6)
        rate = scale if alarm.whole_rates else 1.0
        start, end = (last - periods) * period, last * period
        found = metric_query.points(self._store, alarm.queries, alarm.wanted, start, end, scale, rate)
        return [found.get(number) for number in range(last - periods, last)]

    def _is_unchanged(self, alarm: Alarm) -> bool:
        """True when the window holds what it held last time: silence, and nothing to wait for."""
        if not alarm.settled:
            return False
        start = self._world.clock.now() - (alarm.window + _SPARE_PERIODS + 2) * self.period(alarm)
        series = [self._store.series(query.metric) for query in alarm.queries if query.metric is not None]
        return all(one is None or one.quiet_since(start) for one in series)

    def evaluate(self, alarm: Alarm) -> None:
        """Look at the datapoints, change the state when they say so, and call the actions."""
        if not self._is_unchanged(alarm):
            alarm.settled = False
            self._judge(alarm)
            alarm.settled = True
        self._call(alarm, again=True)

    def _judge(self, alarm: Alarm) -> None:
        params, window = alarm.params, alarm.window
        values = self.latest(alarm, window + _SPARE_PERIODS)
        threshold, comparison = float(params["Threshold"]), params["ComparisonOperator"]
        compare = alarm_rules.COMPARISONS[comparison]
        breaches = [None if value is None else compare(value, threshold) for value in values]
        needed = int(params.get("DatapointsToAlarm") or window)
        state = alarm_rules.judge(breaches, needed, window, params.get("TreatMissingData", "missing"), alarm.state)
        real = [value for value in values if value is not None][-window:]
        alarm.value = real[-1] if real else None
        if state != alarm.state:
            data = {
                "version": "1.0", "queryDate": events.iso(self._world.clock.now()), "period": int(alarm.wanted.period),
                "recentDatapoints": real, "threshold": threshold,
            }  # fmt: skip
            self._change(alarm, state, alarm_rules.reason(state, real, threshold, comparison, needed), json.dumps(data))

    def _change(self, alarm: Alarm, state: State, reason: str, data: str) -> None:
        before = events.Told.of(alarm)
        alarm.reason, alarm.reason_data, alarm.settled = reason, data, False
        alarm.updated = self._world.clock.now()
        alarm.state = state
        if before.value != state:
            self._note(alarm, "StateUpdate", f"Alarm updated from {before.value} to {state}")
            detail = events.state_change(alarm, before)
            place = alarm.account, alarm.region
            self._world.events.publish(*place, events.SOURCE, events.STATE_CHANGE, alarm.arn, detail)
            alarm.fired = -math.inf
            self._call(alarm, again=False)
            self.composites.changed(alarm.account, alarm.region, alarm.name)

    def _call(self, alarm: Alarm, *, again: bool) -> None:
        """Call the actions of the state; scaling policies are called once a minute for as long as it lasts."""
        now = self._world.clock.now()
        every = min(60.0, alarm.wanted.period) / self._world.settings.time_scale
        actions = [arn for arn in alarm.actions if not again or ":scalingPolicy:" in arn]
        if not actions or now < alarm.fired + every - 1e-6:
            return
        alarm.fired = now
        for arn in actions:
            if arn.split(":")[2:3] == ["sns"]:
                publish(alarm.account, alarm.region, arn, events.topic_message(alarm), f'{alarm.state}: "{alarm.name}"')
            else:
                self.act(alarm, arn)

    def _note(self, alarm: Alarm, kind: str, summary: str) -> None:
        alarm.history.append(events.history_item(alarm, kind, summary, self._world.clock.now()))
