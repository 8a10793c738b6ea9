"""Series of metrics as the charts and tables of a page: those of one kind together, a column for each variant. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from smclient.views.metrics import Series, period_of


@dataclass(frozen=True)
class Column:
    """A line of a chart: its name, its value at each of the chart's times, and their sum where that means something."""

    name: str
    values: tuple[float | None, ...]
    total: float | None
    last: float | None


@dataclass(frozen=True)
class Chart:
    """One picture. `times` are the beginnings of periods, oldest first; `measured` is whether there is any value."""

    title: str
    unit: str
    times: tuple[datetime, ...]
    columns: tuple[Column, ...]

    @property
    def measured(self) -> bool:
        return any(value is not None for column in self.columns for value in column.values)


_KINDS = {
    "Invocations": ("invocations",),
    "Errors": ("errors 4xx", "errors 5xx"),
    "Latency of the model": ("latency p50", "latency p90", "latency p99"),
    "Overhead of SageMaker, p90": ("overhead p90",),
}


def charts(found: Sequence[Series], end: datetime, span: timedelta) -> tuple[Chart, ...]:
    """Of what was measured until `end`."""
    period = period_of(span)
    count = max((len(each.values) for each in found), default=0)
    last = datetime.fromtimestamp(end.timestamp() // period * period + period, end.tzinfo)
    times = tuple(last - timedelta(seconds=period * (count - index)) for index in range(count))
    made = []
    for title, names in _KINDS.items():
        chosen = [each for each in found if each.metric in names]
        columns = tuple(Column(_name(each, names), each.values, each.total, each.last) for each in chosen)
        made.append(Chart(title, next((each.unit for each in chosen), ""), times, columns))
    return tuple(made)


def _name(series: Series, names: Sequence[str]) -> str:
    """The variant, with what is measured of it where a chart has several."""
    return series.variant if len(names) == 1 else f"{series.variant} {series.metric.rpartition(' ')[2]}"
