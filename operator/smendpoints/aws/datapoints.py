"""Reading many series of CloudWatch together: what the objects of a place ask for comes in as few calls as it can.

`Reader.read` answers from what was read in this period already; else it asks for all series that are being watched,
500 a call, so that a hundred endpoints with ten series each take two calls a minute. What was read is kept, and only
its newest end is read again, as AWS publishes late; another process reads it all again, from CloudWatch, which has it.

Who uses it: judged rollouts and experiments, both through `Account.datapoints`. Which series, and what is made of them,
is `smendpoints.domain.observed.samples`' matter.
"""

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from smendpoints.aws.calls.clients import Clients
from smendpoints.domain.observed.samples import Readings, Series

MOST_QUERIES = 500  # of one GetMetricData
SETTLED_AFTER = 2  # periods after its end until one is read for the first time: metrics come minutes late
READ_AGAIN = 3  # periods before the newest that are read once more each time
_FORGOTTEN_AFTER = 10  # periods without anybody asking


@dataclass
class _Kept:
    """What is known of one series: its values in the periods from `since` to before `until`; by when it was wanted.

    An experiment asks for two weeks once, and then for what is new: what nobody asks for any more is let go.
    """

    since: int
    until: int
    wanted_at: int
    wanted_from: tuple[int, int] = (0, 0)  # the earliest that anybody asked for: in this period, and in the one before
    points: dict[int, float] = field(default_factory=dict)
    unread: bool = False

    def want(self, since: int, until: int) -> None:
        """Somebody asks for what is from `since` on."""
        of_now, before = self.wanted_from
        self.wanted_from = (min(of_now, since), before) if self.wanted_at == until else (since, of_now)
        self.wanted_at = until

    def keep(self, points: dict[int, float], until: int) -> None:
        """All that is known up to there, as far as it is wanted."""
        self.since = max(self.since, min(self.wanted_from))
        self.points = {number: value for number, value in points.items() if number >= self.since}
        self.until = until

    def first(self, read_again: int) -> int:
        """The period from which on it is to be read next."""
        return max(self.since, self.until - read_again)


class Reader:
    """The series of one place. Thread-safe; who asks at the same time waits for one answer."""

    def __init__(self, clients: Clients, period: int) -> None:
        """`period` is in seconds: 1, 5, 10, 30, or whole minutes."""
        self.period = period
        self._clients = clients
        self._lock = threading.Lock()
        self._kept: dict[Series, _Kept] = {}

    def settled(self, now: datetime) -> int:
        """The number of the first period that is not told yet."""
        return int(now.timestamp() // self.period) - SETTLED_AFTER

    def read(self, wanted: Collection[Series], since: int, now: datetime) -> Readings:
        """These series from period `since` on, as far as they are told.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        until = self.settled(now)
        with self._lock:
            for series in wanted:
                kept = self._kept.get(series)
                if kept is None or kept.since > since:
                    self._kept[series] = kept = _Kept(since, since, until, (since, since))
                kept.want(since, until)
            self._forget(until)
            if any(self._kept[series].until < until for series in wanted):
                self._catch_up(until)
            points = {series: dict(self._kept[series].points) for series in wanted}
            unread = frozenset(series for series in wanted if self._kept[series].unread)
        return Readings(self.period, until, points, unread)

    def _forget(self, until: int) -> None:
        old = [series for series, kept in self._kept.items() if kept.wanted_at < until - _FORGOTTEN_AFTER]
        for series in old:
            del self._kept[series]

    def _catch_up(self, until: int) -> None:
        """Read all that is watched up to there. Those that need more of the past are asked for together."""
        due = sorted(
            (series for series, kept in self._kept.items() if kept.until < until),
            key=lambda series: (self._kept[series].first(READ_AGAIN), repr(series)),
        )
        for start in range(0, len(due), MOST_QUERIES):
            batch = due[start : start + MOST_QUERIES]
            first = min(self._kept[series].first(READ_AGAIN) for series in batch)
            self._take(batch, self._ask(batch, first, until), first, until)

    def _ask(self, batch: list[Series], first: int, until: int) -> Iterable[dict[str, Any]]:
        return self._clients.all(
            "cloudwatch",
            "get_metric_data",
            "MetricDataResults",
            MetricDataQueries=[_query(number, series, self.period) for number, series in enumerate(batch)],
            StartTime=datetime.fromtimestamp(first * self.period, UTC),
            EndTime=datetime.fromtimestamp(until * self.period, UTC),
            ScanBy="TimestampAscending",
        )

    def _take(self, batch: list[Series], results: Iterable[dict[str, Any]], first: int, until: int) -> None:
        """Keep what was read; what CloudWatch would not tell this time is read again from where it was left."""
        found: dict[Series, dict[int, float]] = {series: {} for series in batch}
        failed: set[Series] = set()
        for result in results:
            series = batch[int(result["Id"][1:])]
            if result.get("StatusCode") in {"InternalError", "Forbidden"}:
                failed.add(series)
            for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
                found[series][int(moment.timestamp() // self.period)] = value
        for series in batch:
            kept = self._kept[series]
            kept.unread = series in failed
            if not kept.unread:
                before = {number: value for number, value in kept.points.items() if number < first}
                kept.keep(before | found[series], until)


def _query(number: int, series: Series, period: int) -> dict[str, Any]:
    """One of the queries; its id says which."""
    metric = {
        "Namespace": series.namespace,
        "MetricName": series.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions],
    }
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": period, "Stat": series.statistic}}
