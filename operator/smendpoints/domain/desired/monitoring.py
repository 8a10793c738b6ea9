"""The CloudWatch alarms and the dashboard of `spec.monitoring`, as requests. Nothing of them is in a revision's hash.

The metrics and their dimensions are those of
https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html: latencies are in microseconds, and an
asynchronous endpoint publishes neither Invocations nor InvocationsPerInstance.
Not here: the alarms of rollouts and of scaling, whose names begin otherwise; the dashboard's body, see `dashboard`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from smendpoints.api.monitoring import AlarmKind, Monitoring
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.api.variants import Variant
from smendpoints.domain.desired import names
from smendpoints.domain.desired.dashboard import Location, body_of
from smendpoints.domain.desired.names import INSTANCE_METRICS, SAGEMAKER_METRICS

_KINDS: tuple[AlarmKind, ...] = ("Errors", "Latency", "Capacity", "Idle", "Backlog")
_MOST_METRICS = 10  # that the expression of an alarm may refer to
_DAY = 86400
Alarm = dict[str, Any]


@dataclass(frozen=True)
class DesiredMonitoring:
    """The alarms to put, as PutMetricAlarm's requests, and the dashboard's name and body, if there is to be one.

    `keeps_dashboard`: it stays as it is, if there is one.
    """

    alarms: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    dashboard: str | None = None
    body: Mapping[str, Any] | None = field(default=None, hash=False)
    keeps_dashboard: bool = False

    @cached_property
    def digest(self) -> str:
        """Equal for what is equal."""
        return names.content_hash([[dict(each) for each in self.alarms], self.dashboard or "", dict(self.body or {})])

    def names(self) -> tuple[str, ...]:
        """The names of the alarms."""
        return tuple(each["AlarmName"] for each in self.alarms)


def desired_monitoring(
    resource: SageMakerEndpoint, endpoint: str, location: Location | None, live: Collection[str]
) -> DesiredMonitoring:
    """What the spec wants of CloudWatch.

    `live` are the variants in service: others have no metrics, and without any there are no alarms, so that an endpoint
    that is stopped tells nobody. `location`: where the endpoint is; None where there is none, so that the dashboard is
    left as it is.
    """
    spec = resource.spec
    wanted = spec.monitoring
    if wanted is None:
        return DesiredMonitoring()
    alarms = tuple(_alarms(resource, wanted, endpoint, sorted(live))) if live else ()
    if not wanted.dashboard or location is None:
        return DesiredMonitoring(alarms, keeps_dashboard=wanted.dashboard)
    arns = [location.alarm_arn(each["AlarmName"]) for each in alarms]
    return DesiredMonitoring(
        alarms, names.dashboard_name(location.region, endpoint), body_of(resource, wanted, endpoint, location, arns)
    )


def _alarms(resource: SageMakerEndpoint, wanted: Monitoring, endpoint: str, live: list[str]) -> Iterator[Alarm]:
    spec = resource.spec
    kinds = set(_KINDS if wanted.alarms is None else wanted.alarms)
    topics = sorted(wanted.topic_arns)
    whose = f"{resource.metadata.namespace}/{resource.metadata.name}"

    def alarm(of: str, why: str, **params: Any) -> Alarm:
        return {
            "AlarmName": f"{names.monitoring_prefix(endpoint)}{of}",
            "AlarmDescription": f"SageMakerEndpoint {whose}: {why}. Kept by smendpoints, see spec.monitoring."[:1024],
            "AlarmActions": topics,
            "OKActions": topics,
            "TreatMissingData": "notBreaching",
            **params,
        }

    variants = {each.name: each for each in spec.variants}
    for name in live:
        of = _of_variant(endpoint, name)
        if "Errors" in kinds:
            percent = wanted.max_error_rate_percent
            yield alarm(
                f"{name}/errors",
                f"more than {percent:g} % of the answers of {name} are 5xx",
                **_metric("Invocation5XXErrors", of, "Average"),
                **_above(percent / 100, wanted.sustained_minutes),
            )
        if "Latency" in kinds:
            limit = wanted.max_latency_milliseconds
            yield alarm(
                f"{name}/latency",
                f"one in a hundred requests to {name} takes its model more than {limit} ms",
                **_metric("ModelLatency", of, "p99"),
                **_above(limit * 1000.0, wanted.sustained_minutes),
            )
        if "Capacity" in kinds and name in variants and spec.async_ is None:
            yield from _capacity(variants[name], wanted, of, alarm)
    if spec.async_ is not None and "Capacity" in kinds:
        yield alarm(
            "capacity",
            f"requests have waited for {wanted.at_maximum_minutes} minutes while there is no instance",
            **_metric("HasBacklogWithoutCapacity", _of_endpoint(endpoint), "Minimum"),
            **_above(0.0, wanted.at_maximum_minutes),
        )
    if spec.async_ is not None and "Backlog" in kinds:
        yield alarm(
            "backlog",
            f"the oldest request has waited for more than {wanted.max_backlog_seconds} s",
            **_metric("ApproximateAgeOfOldestRequest", _of_endpoint(endpoint), "Maximum"),
            **_above(float(wanted.max_backlog_seconds), 1),
        )
    if "Idle" in kinds:
        yield from _idle(spec, wanted, endpoint, live, alarm)


def _capacity(
    variant: Variant, wanted: Monitoring, of: list[dict[str, str]], alarm: Callable[..., Alarm]
) -> Iterator[Alarm]:
    """All instances that scaling allows, or load beyond its target: scaling out does not help, or comes to its end.

    The number of instances is that of requests over that of requests by instance, as SageMaker defines the latter.
    """
    scaling = variant.scaling
    if scaling is None or variant.instance is None:
        return
    targets = [
        each.target_value for each in scaling.target_tracking if each.predefined_metric == "InvocationsPerInstance"
    ]
    if scaling.target_invocations_per_instance is not None:
        targets.append(scaling.target_invocations_per_instance)
    tests = (
        [f"requests / load >= {scaling.max_capacity - 0.5:g}"] if scaling.max_capacity > scaling.min_capacity else []
    )
    tests += [f"load > {min(targets):g}"] if targets else []
    if not tests:
        return
    yield alarm(
        f"{variant.name}/capacity",
        f"{variant.name} has had all its {scaling.max_capacity} instances, or more requests than its scaling can keep"
        f" to, for {wanted.at_maximum_minutes} minutes",
        Metrics=[
            _query("requests", "Invocations", of, "Sum", 60),
            _query("load", "InvocationsPerInstance", of, "Sum", 60),
            _expression("short", f"IF({' || '.join(tests)}, 1, 0)", "short of capacity"),
        ],
        **_above(0.5, wanted.at_maximum_minutes),
    )


def _idle(
    spec: SageMakerEndpointSpec, wanted: Monitoring, endpoint: str, live: list[str], alarm: Any
) -> Iterator[Alarm]:
    """Days with instances and without a request. A day on which it was stopped all the time has no datapoint.

    What tells of instances is CPUUtilization, which each publishes whether it is asked or not. Without instances, as
    serverless, nothing is paid for while nobody asks.
    """
    hosted = [each.name for each in spec.variants if each.name in live and each.serverless is None]
    if not hosted or len(live) >= _MOST_METRICS:
        return
    up = _query("up", "CPUUtilization", _of_variant(endpoint, hosted[0]), "SampleCount", _DAY, INSTANCE_METRICS)
    if spec.async_ is not None:
        requests = [_query("m0", "InvocationsProcessed", _of_endpoint(endpoint), "Sum", _DAY)]
    else:
        requests = [
            _query(f"m{number}", "Invocations", _of_variant(endpoint, name), "Sum", _DAY)
            for number, name in enumerate(live)
        ]
    terms = ", ".join(["present", *(each["Id"] for each in requests)])
    yield alarm(
        "idle",
        f"no request for {wanted.idle_days} days, though its instances are paid for",
        Metrics=[
            up,
            *requests,
            {**_expression("present", "up * 0", "instances without requests"), "ReturnData": False},
            _expression("asked", f"SUM([{terms}])", "requests"),
        ],
        ComparisonOperator="LessThanOrEqualToThreshold",
        Threshold=0.0,
        EvaluationPeriods=wanted.idle_days,
        DatapointsToAlarm=wanted.idle_days,
    )


def _of_endpoint(endpoint: str) -> list[dict[str, str]]:
    return [{"Name": "EndpointName", "Value": endpoint}]


def _of_variant(endpoint: str, variant: str) -> list[dict[str, str]]:
    return [*_of_endpoint(endpoint), {"Name": "VariantName", "Value": variant}]


def _metric(metric: str, dimensions: list[dict[str, str]], statistic: str) -> Alarm:
    kind = "ExtendedStatistic" if statistic.startswith("p") else "Statistic"
    return {
        "Namespace": SAGEMAKER_METRICS,
        "MetricName": metric,
        "Dimensions": dimensions,
        kind: statistic,
        "Period": 60,
    }


def _above(threshold: float, periods: int) -> Alarm:
    return {
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": threshold,
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": periods,
    }


def _query(
    key: str,
    metric: str,
    dimensions: list[dict[str, str]],
    statistic: str,
    period: int,
    namespace: str = SAGEMAKER_METRICS,
) -> Alarm:
    of = {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions}
    return {"Id": key, "MetricStat": {"Metric": of, "Period": period, "Stat": statistic}, "ReturnData": False}


def _expression(key: str, expression: str, label: str) -> Alarm:
    return {"Id": key, "Expression": expression, "Label": label, "ReturnData": True}
