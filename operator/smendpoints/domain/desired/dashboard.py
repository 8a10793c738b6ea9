"""The body of an endpoint's CloudWatch dashboard: what it is asked, how it answers, what it runs on, when it changed.

Widgets on a grid of 24 columns, as in
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html.
Values alone: the same spec and the same history give the same body.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from smendpoints.api.monitoring import Monitoring
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status_rollout import Revision
from smendpoints.api.variants import Variant
from smendpoints.domain.desired import links
from smendpoints.domain.desired.names import INSTANCE_METRICS, SAGEMAKER_METRICS

_ARN = re.compile(r"arn:(aws[a-z-]*):sagemaker:([a-z0-9-]+):(\d{12}):endpoint/.+", re.IGNORECASE)
_COLUMNS, _HEIGHT = 24, 6
_MOST_MARKS = 10
_CAPACITY = {"min": ("#2ca02c", "at least"), "max": ("#d62728", "at most")}
MARK = "Kept by smendpoints for the SageMakerEndpoint"
"""By this in its text a dashboard says that an object made it, whoever owns it now."""
Properties = dict[str, Any]


@dataclass(frozen=True)
class Location:
    """Where an endpoint is."""

    partition: str
    region: str
    account: str

    @classmethod
    def of(cls, arn: str | None) -> Self | None:
        """By the endpoint's ARN; None where there is none yet."""
        match = _ARN.fullmatch(arn or "")
        return cls(match[1], match[2], match[3]) if match is not None else None

    def alarm_arn(self, name: str) -> str:
        """The ARN of an alarm there."""
        return f"arn:{self.partition}:cloudwatch:{self.region}:{self.account}:alarm:{name}"

    def dashboard_url(self, name: str) -> str:
        """The dashboard in the console."""
        return links.dashboard_url(self.partition, self.region, name)


def body_of(
    resource: SageMakerEndpoint, wanted: Monitoring, endpoint: str, location: Location, alarm_arns: Sequence[str]
) -> Mapping[str, Any]:
    """The body."""
    spec = resource.spec
    marks = _marks(resource.status.history)
    variants = spec.all_variants()
    whose = f"{resource.metadata.namespace}/{resource.metadata.name}"
    text = (
        f"# {endpoint}\n{MARK} `{whose}`: what is changed here is put back; see `spec.monitoring`."
        " Vertical lines are revisions."
    )
    rows: list[list[tuple[str, Properties]]] = [[("text", {"markdown": text})]]
    if alarm_arns:
        rows.append([("alarm", {"title": "Alarms", "alarms": list(alarm_arns)})])
    graphs = _Graphs(endpoint, location.region, marks)
    names = [each.name for each in variants]
    if spec.async_ is not None:
        rows.append([graphs.backlog(), graphs.errors(names, wanted)])
        rows.append([graphs.latency(names, wanted), graphs.waiting(wanted)])
    else:
        rows.append([graphs.invocations(names), graphs.errors(names, wanted)])
        rows.append([graphs.latency(names, wanted), graphs.overhead(names)])
    hosted = [each for each in variants if each.serverless is None]
    if hosted:
        rows.append([graphs.instances(each) for each in hosted])
        rows.append([graphs.used("CPU", "CPUUtilization", hosted), graphs.used("Memory", "MemoryUtilization", hosted)])
    if len(hosted) < len(variants):
        rows.append([graphs.concurrency([each.name for each in variants if each.serverless is not None])])
    if wanted.container_metrics_namespace is not None:
        rows.append([*graphs.models(wanted.container_metrics_namespace)])
    return {"widgets": list(_laid_out(rows))}


def _marks(history: Iterable[Revision]) -> list[Properties]:
    """The newest revisions, oldest first."""
    newest = sorted(history, key=lambda each: each.revision)[-_MOST_MARKS:]
    return [
        {"label": f"revision {each.revision}: {each.outcome}", "value": f"{each.at:%Y-%m-%dT%H:%M:%SZ}"}
        for each in newest
    ]


def _laid_out(rows: Iterable[Sequence[tuple[str, Properties]]]) -> Iterator[Properties]:
    """The widgets of each row side by side, wrapped where they would be narrower than a quarter of the grid."""
    y = 0
    for row in rows:
        height = _HEIGHT if row[0][0] == "metric" else 2
        columns = min(len(row), 4)
        width = _COLUMNS // columns
        for number, (kind, properties) in enumerate(row):
            at = {"x": number % columns * width, "y": y + number // columns * height, "width": width, "height": height}
            yield {"type": kind, **at, "properties": properties}
        y += -(-len(row) // columns) * height


class _Graphs:
    """The metric widgets of one endpoint."""

    def __init__(self, endpoint: str, region: str, marks: list[Properties]) -> None:
        self._endpoint = endpoint
        self._region = region
        self._marks = marks

    def invocations(self, names: list[str]) -> tuple[str, Properties]:
        return self._graph("Requests a minute", self._each("Invocations", names), "Sum")

    def errors(self, names: list[str], wanted: Monitoring) -> tuple[str, Properties]:
        metrics = [
            self._metric(metric, name, label=f"{name} {what}", stat="Average")
            for name in names
            for metric, what in (("Invocation5XXErrors", "5xx"), ("Invocation4XXErrors", "4xx"))
        ]
        lines = [{"label": "Errors fires above", "value": wanted.max_error_rate_percent / 100}]
        return self._graph("Share of answers that are errors", metrics, "Average", lines)

    def latency(self, names: list[str], wanted: Monitoring) -> tuple[str, Properties]:
        metrics = [
            self._metric("ModelLatency", name, label=f"{name} {stat}", stat=stat)
            for name in names
            for stat in ("p50", "p90", "p99")
        ]
        lines = [{"label": "Latency fires when p99 is above", "value": wanted.max_latency_milliseconds * 1000}]
        return self._graph("Model latency, microseconds", metrics, "p99", lines)

    def overhead(self, names: list[str]) -> tuple[str, Properties]:
        return self._graph("SageMaker's overhead, microseconds, p99", self._each("OverheadLatency", names), "p99")

    def backlog(self) -> tuple[str, Properties]:
        metrics = [self._metric("ApproximateBacklogSize"), self._metric("ApproximateBacklogSizePerInstance")]
        return self._graph("Requests that wait", metrics, "Average")

    def waiting(self, wanted: Monitoring) -> tuple[str, Properties]:
        lines = [{"label": "Backlog fires above", "value": wanted.max_backlog_seconds}]
        metrics = [self._metric("ApproximateAgeOfOldestRequest")]
        return self._graph("Age of the oldest request, seconds", metrics, "Maximum", lines)

    def instances(self, variant: Variant) -> tuple[str, Properties]:
        """Each instance publishes its CPU once a minute: as many samples as instances."""
        label = {"label": f"{variant.name} instances", "stat": "SampleCount", "period": 60}
        metrics = [[INSTANCE_METRICS, "CPUUtilization", *self._of(variant.name), label]]
        scaling = variant.scaling
        bounds = {"min": scaling.min_capacity, "max": scaling.max_capacity} if scaling is not None else {}
        lines = [
            {"label": _CAPACITY[which][1], "value": count, "color": _CAPACITY[which][0]}
            for which, count in bounds.items()
        ]
        return self._graph(f"Instances of {variant.name}", metrics, "SampleCount", lines)

    def used(self, what: str, metric: str, variants: list[Variant]) -> tuple[str, Properties]:
        metrics = [[INSTANCE_METRICS, metric, *self._of(each.name), {"label": each.name}] for each in variants]
        return self._graph(f"{what} in use, percent of one core or of all", metrics, "Average")

    def concurrency(self, names: list[str]) -> tuple[str, Properties]:
        metrics = self._each("ServerlessConcurrentExecutionsUtilization", names)
        return self._graph("Share of the allowed concurrency in use", metrics, "Maximum")

    def models(self, namespace: str) -> Iterator[tuple[str, Properties]]:
        """Models side by side, by what their containers publish; CloudWatch looks for who publishes it."""
        for title, metric, stat in (
            ("Latency by model, milliseconds, p90", "Latency", "p90"),
            ("Failures by model", "Errors5XX", "Sum"),
            ("Confidence by model", "Confidence", "Average"),
            ("Largest drift of an input by model", "InputDriftMax", "Maximum"),
        ):
            search = f"SEARCH('{{{namespace},Model,Version,Variant}} MetricName=\"{metric}\"', '{stat}', 60)"
            yield self._graph(title, [[{"expression": search, "id": "found"}]], stat)

    def _each(self, metric: str, names: list[str]) -> list[list[Any]]:
        return [self._metric(metric, name, label=name) for name in names]

    def _metric(self, metric: str, variant: str | None = None, **rendered: Any) -> list[Any]:
        return [SAGEMAKER_METRICS, metric, *self._of(variant), *([rendered] if rendered else [])]

    def _of(self, variant: str | None) -> list[str]:
        return ["EndpointName", self._endpoint, *(["VariantName", variant] if variant is not None else [])]

    def _graph(
        self, title: str, metrics: list[list[Any]], stat: str, lines: Sequence[Properties] = ()
    ) -> tuple[str, Properties]:
        annotations = {kind: list(each) for kind, each in (("vertical", self._marks), ("horizontal", lines)) if each}
        properties: Properties = {
            "title": title,
            "view": "timeSeries",
            "region": self._region,
            "metrics": metrics,
            "stat": stat,
            "period": 60,
        }
        return "metric", {**properties, **({"annotations": annotations} if annotations else {})}
