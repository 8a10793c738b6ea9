"""What of CloudWatch tells a metric of an arm: requests, and events among them. Not here: how series are read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from smendpoints.api.analysis import ErrorRate
from smendpoints.api.experiment import SageMakerExperimentSpec
from smendpoints.api.experiment_metrics import ENDPOINT, VARIANT, CloudWatchCount, ExperimentMetric
from smendpoints.domain.desired.names import SAGEMAKER_METRICS
from smendpoints.domain.observed.samples import (
    INVOCATIONS,
    Series,
    Share,
    dimensions,
    error_rate,
    latency_above,
)

_WHOLE = 100.0
Value = Callable[[Series], float | None]
"""What a series has in one period; None: nothing was published."""


@dataclass(frozen=True)
class Pair:
    """Two counts of an arm: events among requests.

    `below`: these are told as the percentage of requests that were none. `always`: with each
    request it is published whether it was one, so that events that are not there are missing, and no zero. `sums`: of a
    mean, whose events are values other than 0, the sum of them and that of their squares.
    """

    requests: Series
    events: Series
    below: bool = False
    always: bool = True
    sums: tuple[Series, ...] = ()

    def series(self) -> tuple[Series, Series]:
        """Both."""
        return self.requests, self.events

    def lacks(self, value: Value) -> bool:
        """Whether events are missing of a period that had requests."""
        return self.always and bool(value(self.requests)) and value(self.events) is None

    def counted(self, value: Value) -> tuple[float, ...] | None:
        """Requests, events and sums of a period; None where something is missing."""
        if self.lacks(value):
            return None
        requests = float(round(value(self.requests) or 0.0))
        found = value(self.events) or 0.0
        events = requests * (1 - found / _WHOLE) if self.below and requests else found
        return requests, float(round(events)), *(value(each) or 0.0 for each in self.sums)


def invocations(endpoint: str, variant: str) -> Series:
    """The requests that AWS gave to a variant."""
    return Series(SAGEMAKER_METRICS, INVOCATIONS, _of(endpoint, variant), "Sum")


def pair_of(metric: ExperimentMetric, endpoint: str, variant: str) -> Pair:
    """The counts of a metric of an arm; `endpoint` is its name in AWS."""
    if metric.cloud_watch is not None:
        ratio = metric.cloud_watch
        requests, events = (_custom(each, endpoint, variant) for each in (ratio.denominator, ratio.numerator))
        return Pair(requests, events, always=False)
    if metric.container is not None:
        served = next(each for each in metric.container.models if each.variant == variant)
        place = dimensions(Model=served.model, Variant=variant, Version=served.version)
        requests, events = (
            Series(metric.container.namespace, name, place, "Sum") for name in (INVOCATIONS, metric.container.count)
        )
        return Pair(requests, events)
    if metric.latency_above is not None:
        return _pair(endpoint, variant, latency_above(metric.name, metric.latency_above.milliseconds))
    return _pair(endpoint, variant, error_rate(metric.name, (metric.error_rate or ErrorRate()).answers))


def counted(spec: SageMakerExperimentSpec) -> tuple[ExperimentMetric, ...]:
    """The metrics that CloudWatch counts."""
    return tuple(each for each in spec.all_metrics() if each.outcome is None)


def series_of(spec: SageMakerExperimentSpec, endpoint: str) -> Iterator[Series]:
    """All that is read for an experiment; some may come twice."""
    for variant in spec.arms():
        yield invocations(endpoint, variant)
        for metric in counted(spec):
            yield from pair_of(metric, endpoint, variant).series()


def _pair(endpoint: str, variant: str, share: Share) -> Pair:
    requests, events = share.series(_of(endpoint, variant))
    return Pair(requests, events, below=share.below)


def _of(endpoint: str, variant: str) -> tuple[tuple[str, str], ...]:
    return dimensions(EndpointName=endpoint, VariantName=variant)


def _custom(count: CloudWatchCount, endpoint: str, variant: str) -> Series:
    place = {each.name: each.value.replace(ENDPOINT, endpoint).replace(VARIANT, variant) for each in count.dimensions}
    return Series(count.namespace, count.metric_name, dimensions(**place), count.statistic)
