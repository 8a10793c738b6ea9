"""`logs`, `metrics`, `cost`: whose streams they are, how points become series, who is idle."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import pytest
from botocore.exceptions import ClientError as BotoError

from smclient.aws import logging
from smclient.aws.metrics import invocations, of_variants
from smclient.aws.session import Aws
from smclient.cli.measuring import Span, given_span
from smclient.errors import AWSError
from smclient.views.costs import costs, sums
from smclient.views.history import RevisionView
from smclient.views.logs import LogLine, Stream, chosen, window
from smclient.views.metrics import METRICS, period_of, series, spark
from smsandbox.testing.json_server import JsonServer

Endpoint = Callable[..., dict[str, Any]]
HERE = "/apis/smendpoints.dev/v1alpha1/namespaces/ml/sagemakerendpoints"
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def revision(number: int, minutes: float, outcome: str = "Deployed", *, live: bool = False) -> RevisionView:
    return RevisionView(number, f"c{number}", outcome, live=live, at=at(minutes))


STREAMS = [Stream("a/1", at(1)), Stream("a/2", at(11)), Stream("b/3", at(12)), Stream("a/4", at(21))]


@pytest.mark.parametrize(
    ("history", "now", "previous"),
    [
        ([], [4, 3, 2, 1], [4, 3, 2, 1]),
        ([revision(1, 0, live=True)], [4, 3, 2, 1], []),
        # An adopted fleet began before its first revision.
        ([revision(1, 15, live=True)], [4, 3, 2, 1], []),
        ([revision(2, 20, "Failed"), revision(1, 15, live=True)], [4, 3, 2, 1], [4]),
        ([revision(2, 10, live=True), revision(1, 0)], [4, 3, 2], [1]),
        ([revision(3, 20, live=True), revision(2, 10, "Failed"), revision(1, 0)], [4], [3, 2]),
        # A rollout that failed is what one asks for by `--previous`; what is in service began before it.
        ([revision(3, 20, "Failed"), revision(2, 10, live=True), revision(1, 0)], [4, 3, 2], [4]),
        # While a rollout is under way both fleets are in service.
        ([revision(3, 20, "InProgress"), revision(2, 10, live=True), revision(1, 0)], [4, 3, 2], [1]),
    ],
)
def test_a_stream_is_of_the_fleet_whose_rollout_began_before_it(
    history: list[RevisionView], now: list[int], previous: list[int]
) -> None:
    def numbers(*, earlier: bool) -> list[int]:
        return [int(each.name[2:]) for each in chosen(STREAMS, window(history, previous=earlier), None)]

    assert numbers(earlier=False) == now
    assert numbers(earlier=True) == previous


def test_a_variant_has_its_own_streams() -> None:
    assert [each.name for each in chosen(STREAMS, window([], previous=False), "b")] == ["b/3"]


@dataclass
class Logs:
    """CloudWatch Logs with lines by stream; each look finds what has come by then."""

    lines: dict[str, list[tuple[float, str]]]
    looks: list[dict[str, list[tuple[float, str]]]] = field(default_factory=list)

    def get_log_events(self, logStreamName: str, limit: int, startTime: int = 0, **_: Any) -> dict[str, Any]:
        found = [each for each in self.lines[logStreamName] if each[0] * 1000 >= startTime]
        return {"events": [{"timestamp": when * 1000, "message": text} for when, text in found[-limit:]]}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, logStreamNames: list[str], startTime: int, **_: Any) -> Iterator[dict[str, Any]]:
        for name, more in (self.looks.pop(0) if self.looks else {}).items():
            self.lines.setdefault(name, []).extend(more)
        for name in logStreamNames:
            events = [
                {"logStreamName": name, "timestamp": when * 1000, "message": text}
                for when, text in self.lines.get(name, [])
                if when * 1000 >= startTime
            ]
            yield {"events": events}


def aws(**clients: Any) -> Aws:
    made = Aws("us-east-1")
    made._clients |= clients
    return made


def test_the_tail_is_of_all_streams_together_by_time() -> None:
    logs = Logs({"a/1": [(1, "one"), (4, "four")], "b/2": [(2, "two"), (3, "three")]})
    found = logging.tail(aws(logs=logs), "e", [Stream("a/1", NOON), Stream("b/2", NOON)], 3, None)
    assert [each.message for each in found] == ["two", "three", "four"]


def test_following_gives_each_line_once_also_those_that_come_late_and_of_new_instances() -> None:
    logs = Logs(
        {"a/1": [(1000, "seen")]},
        [{"a/1": [(1002, "two")]}, {"a/1": [(1001, "late")], "b/2": [(1003, "three")]}, {"b/2": [(1003, "again")]}],
    )
    streams = [Stream("a/1", NOON), Stream("b/2", NOON)]
    begin = datetime.fromtimestamp(1000, UTC)
    seen = [LogLine("a/1", begin, "seen")]
    coming = logging.follow(aws(logs=logs), "e", lambda: streams, begin, seen, lambda _: None)
    assert [next(coming).message for _ in range(4)] == ["two", "late", "three", "again"]


def test_an_endpoint_without_a_log_has_no_streams() -> None:
    class Absent:
        class exceptions:  # noqa: N801 - as boto3 has it
            class ResourceNotFoundException(BotoError):  # noqa: N818 - likewise
                pass

        def get_paginator(self, _: str) -> Any:
            raise self.exceptions.ResourceNotFoundException({"Error": {"Code": "ResourceNotFoundException"}}, "x")

    assert logging.streams(aws(logs=Absent()), "e") == []


def test_points_stand_in_their_places_and_what_was_not_measured_is_a_gap() -> None:
    latency = next(each for each in METRICS if each.name == "latency p90")
    made = series("v", latency, {at(1): 2000.0, at(3): 4000.0, at(99): 1.0}, NOON, at(4), 60)
    assert made.values == (None, 2.0, None, 4.0)
    assert (made.last, made.total) == (4.0, None)
    assert spark(made.values, "abcde") == " c e"
    assert spark((0.0, None, 0.0), "abc") == "a a"
    assert spark((), "abc") == ""


@pytest.mark.parametrize(("span", "period"), [("1h", 60), ("3h", 300), ("7d", 21600), ("60d", 86400)])
def test_there_are_at_most_sixty_points(span: str, period: int) -> None:
    found = Span().convert(span, None, None)
    assert period_of(found) == period
    assert given_span(found) == span


@pytest.mark.parametrize("text", ["", "5", "0m", "1w", "-1h", "1h30m"])
def test_a_span_is_a_number_and_a_unit(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no length of time; give one such as"):
        Span().convert(text, None, None)


@dataclass
class Watch:
    """CloudWatch that has a value for each metric at noon."""

    values: Callable[[dict[str, Any]], float | None]
    asked: list[dict[str, Any]] = field(default_factory=list)

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        self.asked.append(request)
        results = []
        for query in request["MetricDataQueries"]:
            value = self.values(query["MetricStat"])
            found = {"Timestamps": [NOON], "Values": [value]} if value is not None else {"Timestamps": [], "Values": []}
            results.append({"Id": query["Id"], **found})
        yield {"MetricDataResults": results}


def test_all_metrics_of_all_variants_are_one_call() -> None:
    def value(stat: dict[str, Any]) -> float | None:
        variant = stat["Metric"]["Dimensions"][1]["Value"]
        return (
            {"Invocations": 5.0, "ModelLatency": 3000.0}.get(stat["Metric"]["MetricName"]) if variant == "a" else None
        )

    watch = Watch(value)
    found = of_variants(aws(cloudwatch=watch), "e", ["a", "b"], at(0.5), timedelta(hours=1))
    assert len(watch.asked) == 1
    shown = {(each.variant, each.metric): each.last for each in found if each.last is not None}
    assert shown == {
        ("a", "invocations"): 5.0,
        ("a", "latency p50"): 3.0,
        ("a", "latency p90"): 3.0,
        ("a", "latency p99"): 3.0,
    }
    assert all(len(each.values) == 60 for each in found)


def test_requests_of_many_endpoints_are_asked_five_hundred_at_a_time() -> None:
    watch = Watch(lambda _: 2.0)
    variants = {f"e{number}": ["a", "b"] for number in range(300)}
    counts = invocations(aws(cloudwatch=watch), variants, NOON, 14)
    assert [len(each["MetricDataQueries"]) for each in watch.asked] == [500, 100]
    assert set(counts.values()) == {4.0}


def test_idle_ones_come_first_then_the_dearest_and_namespaces_are_summed(endpoint: Endpoint) -> None:
    prices = {"busy": "0.1", "dear": "2.5", "idle": "0.23", "free": None}
    objects = [
        endpoint(name, cost={"hourlyUSD": price, "asOf": "2026-11-01"} if price else None)
        for name, price in prices.items()
    ]
    requests = {("ml", "busy"): 10.0, ("ml", "dear"): 1.0, ("ml", "idle"): 0.0, ("ml", "free"): 0.0}
    views = costs(objects, requests)
    assert [each.name for each in views] == ["idle", "dear", "busy", "free"]
    assert [each.idle for each in views] == [True, False, False, False]
    (total,) = sums(views)
    assert (total.namespace, total.hourly_usd, total.monthly_usd, total.unknown) == ("ml", "2.83", "2065.90", 1)
    other = endpoint("x", cost={"hourlyUSD": "1"})
    other["metadata"]["namespace"] = "web"
    assert [each.namespace for each in sums(costs([*objects, other], {}))] == ["ml", "web", None]


def test_costs_are_shown_without_requests_where_aws_does_not_tell(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AWSError("there are no AWS credentials", "log in")

    monkeypatch.setattr("smclient.spending.invocations", refuse)
    server.answers["GET", HERE] = {"items": [endpoint(cost={"hourlyUSD": "0.5"})], "metadata": {}}
    ran = smendpoint("cost")
    assert (ran.code, ran.err) == (0, "no requests are shown: there are no AWS credentials; log in\n")
    assert ran.out.splitlines()[1].split() == ["ml", "iris", "Ready", "1/2", "0.5", "365.00", "-"]
