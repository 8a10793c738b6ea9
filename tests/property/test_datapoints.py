"""Many series of CloudWatch in few calls, whole whatever is late, refused or asked for by others; in virtual time."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest

from smendpoints.aws.calls.clients import Clients, Place
from smendpoints.aws.datapoints import Reader
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.observed.samples import (
    Arm,
    Readings,
    Series,
    Share,
    counts,
    dimensions,
    error_rate,
    latency_above,
    share_above,
    wanted,
)
from smsandbox.testing.virtual_aws import VirtualAws
from smsandbox.world import REGION

SHARES = (error_rate("errors"), latency_above("slow", 500), share_above("late", "Shop", "Wait", 2.5))


@pytest.fixture
def aws() -> Iterator[VirtualAws]:
    """An AWS whose clock stands on a whole minute."""
    made = VirtualAws()
    made.world.advance(60 - made.clock.now() % 60)
    yield made
    made.simulator.close()
    assert made.world.faults.idle() == [], "never struck"


def reader(aws: VirtualAws) -> Reader:
    """Of a process that has just begun."""
    return Reader(Clients(Place(REGION), aws.connections), 60)


def now(aws: VirtualAws) -> datetime:
    return datetime.fromtimestamp(aws.clock.now(), UTC)


def arms(endpoint: str = "shop") -> tuple[Arm, Arm]:
    """The old fleet, and the new one."""
    whole = dimensions(EndpointName=endpoint, VariantName="a")
    new = dimensions(EndpointName=endpoint, VariantName="a", EndpointConfigName="new")
    return Arm("old", whole, less=new), Arm("new", new)


def publish(aws: VirtualAws, arm: Arm, requests: int, errors: int, slow: int, seconds_ago: float = 0.0) -> None:
    """What a fleet publishes of so many requests, by config and as part of the variant."""
    samples = {
        ("AWS/SageMaker", "Invocations"): {1.0: requests},
        ("AWS/SageMaker", "Invocation5XXErrors"): {1.0: errors, 0.0: requests - errors},
        ("AWS/SageMaker", "ModelLatency"): {9e5: slow, 1e4: requests - slow},
        ("Shop", "Wait"): {3.0: slow, 2.5: requests - slow},
    }
    for part in (arm.parts() if arm.less is None else arm.parts()[:1]) + ((arms()[0].dimensions,) * (arm.less is None)):
        for (namespace, name), values in samples.items():
            for value, count in values.items():
                if count:
                    aws.client("cloudwatch").put_metric_data(
                        Namespace=namespace,
                        MetricData=[
                            {
                                "MetricName": name,
                                "Dimensions": [{"Name": key, "Value": what} for key, what in part],
                                "Timestamp": aws.clock.now() - seconds_ago,
                                "Values": [value],
                                "Counts": [count],
                            }
                        ],
                    )


def served(aws: VirtualAws, minutes: int) -> int:
    """Both fleets serve; the first period."""
    old, new = arms()
    first = int(aws.clock.now() // 60)
    for _ in range(minutes):
        publish(aws, old, 90, 1, 9)
        publish(aws, new, 10, 2, 3)
        aws.world.advance(60)
    return first


def test_both_fleets_are_counted_minute_by_minute_the_old_one_by_what_is_left_of_the_whole(aws: VirtualAws) -> None:
    first = served(aws, 6)
    found = reader(aws).read(wanted(arms(), SHARES), first, now(aws))
    assert found.until == first + 4  # two minutes may still be on their way
    minutes = range(first, found.until)
    told = {
        (arm.name, share.name): counts(arm, share, found, minutes) for arm in arms() for share in SHARES
    }  # fmt: skip
    for (arm, share), each in told.items():
        assert each.requests.tolist() == [90 if arm == "old" else 10] * 4, (arm, share)
    assert {key: set(each.events.tolist()) for key, each in told.items()} == {
        ("old", "errors"): {1.0}, ("old", "slow"): {9.0}, ("old", "late"): {9.0},
        ("new", "errors"): {2.0}, ("new", "slow"): {3.0}, ("new", "late"): {3.0},
    }  # fmt: skip


def test_a_hundred_endpoints_with_ten_series_take_two_calls_a_minute(aws: VirtualAws) -> None:
    first = served(aws, 3)
    one = reader(aws)
    asked = [wanted(arms(f"shop-{number}"), SHARES) for number in range(100)]
    assert {len(each) for each in asked} == {10}
    for each in asked:
        one.read(each, first, now(aws))
    for _ in range(5):
        aws.world.advance(60)
        before = aws.calls("GetMetricData")
        for _ in range(4):  # each object comes several times a minute
            for each in asked:
                one.read(each, first, now(aws))
            aws.world.advance(14)
        aws.world.advance(4)
        assert aws.calls("GetMetricData") - before == 2


def test_what_nobody_asks_for_any_more_is_not_read(aws: VirtualAws) -> None:
    first = served(aws, 3)
    one = reader(aws)
    others = frozenset(series for number in range(200) for series in wanted(arms(f"gone-{number}"), SHARES))
    one.read(others, first, now(aws))
    aws.world.advance(900)
    mine = wanted(arms(), SHARES)
    one.read(mine, first, now(aws))
    aws.world.advance(60)
    before = aws.calls("GetMetricData")
    one.read(mine, first, now(aws))
    assert aws.calls("GetMetricData") - before == 1
    assert len(one._kept) == len(mine)


def test_another_process_reads_all_of_a_long_bake_in_pages(aws: VirtualAws) -> None:
    first = int(aws.clock.now() // 60) - 170
    old, new = arms()
    for ago in range(0, 170 * 60, 60):
        publish(aws, old, 9, 1, 0, seconds_ago=ago)
        publish(aws, new, 1, 0, 0, seconds_ago=ago)
    aws.world.advance(300)
    many = [wanted(arms(f"shop-{number}"), SHARES) for number in range(60)]
    asked = frozenset().union(*many, wanted(arms(), SHARES))
    found = reader(aws).read(asked, first, now(aws))
    told = counts(old, SHARES[0], found, range(first + 1, first + 171))
    assert told.requests.tolist() == [9.0] * 170
    assert told.events.tolist() == [1.0] * 170


def test_what_comes_late_is_counted_once_it_is_there(aws: VirtualAws) -> None:
    first = served(aws, 6)
    one = reader(aws)
    asked = wanted(arms(), SHARES)
    one.read(asked, first, now(aws))
    publish(aws, arms()[1], 5, 5, 0, seconds_ago=3.5 * 60)
    aws.world.advance(60)
    found = one.read(asked, first, now(aws))
    told = counts(arms()[1], SHARES[0], found, range(first, found.until))
    assert told.requests.tolist() == [10, 10, 15, 10, 10]
    assert told.events.tolist() == [2, 2, 7, 2, 2]


def test_a_refusal_is_told_and_the_next_look_has_all(aws: VirtualAws) -> None:
    first = served(aws, 6)
    one = reader(aws)
    aws.world.faults.add({"kind": "access_denied", "operation": "GetMetricData", "times": 1})
    with pytest.raises(ReconcileError, match="GetMetricData"):
        one.read(wanted(arms(), SHARES), first, now(aws))
    aws.world.advance(60)
    found = one.read(wanted(arms(), SHARES), first, now(aws))
    assert counts(arms()[0], SHARES[0], found, range(first, first + 4)).requests.tolist() == [90.0] * 4


WHOLE, NEW = dimensions(v="a"), dimensions(v="a", c="new")
SHARE = Share("errors", ("n", "Errors", "Sum"), ("n", "Requests", "Sum"))


def readings(new: tuple[float | None, float | None], whole: tuple[float | None, float | None]) -> Readings:
    """One period: requests and events, or nothing published."""
    points = {}
    for part, values in ((NEW, new), (WHOLE, whole)):
        for series, value in zip(SHARE.series(part), values, strict=True):
            points[series] = {} if value is None else {7: value}
    return Readings(60, 8, points)


@pytest.mark.parametrize(
    ("new", "whole", "old"),
    [
        ((10, 1), (100, 5), (90, 4)),
        ((None, None), (100, 5), (100, 5)),  # no request reached the new fleet
        ((None, None), (None, None), (0, 0)),  # nor anybody
        ((0, None), (100, 5), (100, 5)),
        ((10, None), (100, 5), None),  # requests without their events: missing
        ((10, 1), (100, None), None),
        ((10, 1), (None, None), None),  # the whole is still on its way
        ((10, 3), (100, 2), (90, 0)),  # a rank that was rounded
        ((3.4, 1.2), (10.1, 1.9), (7, 1)),  # CloudWatch interpolates counts
    ],
)
def test_what_is_missing_is_told_apart_from_no_request(
    new: tuple[float | None, float | None],
    whole: tuple[float | None, float | None],
    old: tuple[float, float] | None,
) -> None:
    found = counts(Arm("old", WHOLE, less=NEW), SHARE, readings(new, whole), [7])
    told = (found.requests[0], found.events[0])
    assert (told == old) if old is not None else np.isnan(told).all()


def test_a_series_that_cloudwatch_does_not_tell_is_missing_and_so_is_what_is_not_told_yet() -> None:
    told = readings((10, 1), (100, 5))
    for series in SHARE.series(NEW):
        unread = Readings(told.period, told.until, {**told.points, series: {}}, frozenset({series}))
        assert np.isnan(counts(Arm("old", WHOLE, less=NEW), SHARE, unread, [7]).requests).all()
    assert isinstance(next(iter(told.points)), Series)
    assert counts(Arm("new", NEW), SHARE, told, [7, 8]).requests.tolist()[0] == 10


def test_percentile_ranks_become_whole_requests() -> None:
    share = latency_above("slow", 250)
    requests, rank = share.series(NEW)
    assert (rank.statistic, requests.statistic) == ("PR(:250000)", "Sum")
    for slow in range(51):
        told = Readings(60, 8, {requests: {7: 50.0}, rank: {7: 100 * (50 - slow) / 50}})
        assert counts(Arm("new", NEW), share, told, [7]).events.tolist() == [slow]
