"""What CloudWatch would not tell of one series says nothing of the others, and is made up for at the next look."""

from datetime import UTC, datetime
from typing import Any

from smendpoints.aws.datapoints import MOST_QUERIES, Reader
from smendpoints.domain.observed.samples import Series

ONE, OTHER = (Series("Shop", name, (), "Sum") for name in ("Requests", "Errors"))


class CloudWatch:
    """Answers each query with the number of each minute; `silent` about some metrics."""

    def __init__(self, status: str = "InternalError") -> None:
        self.silent: set[str] = set()
        self.asked: list[tuple[int, int, list[str]]] = []
        self._status = status

    def all(self, _service: str, _operation: str, _key: str, **params: Any) -> list[dict[str, Any]]:
        first, last = (int(params[name].timestamp() // 60) for name in ("StartTime", "EndTime"))
        queries = params["MetricDataQueries"]
        names = [each["MetricStat"]["Metric"]["MetricName"] for each in queries]
        self.asked.append((first, last, names))
        assert len(queries) <= MOST_QUERIES
        return [
            {
                "Id": query["Id"],
                "StatusCode": self._status if name in self.silent else "Complete",
                "Timestamps": [datetime.fromtimestamp(60 * number, UTC) for number in range(first, last)]
                * (name not in self.silent),
                "Values": [float(number) for number in range(first, last)] * (name not in self.silent),
            }
            for query, name in zip(queries, names, strict=True)
        ]


def at(minute: int) -> datetime:
    return datetime.fromtimestamp(60 * minute, UTC)


def test_a_series_that_failed_is_unread_and_read_again_from_where_it_was_left() -> None:
    for status in ("InternalError", "Forbidden"):
        cloudwatch: Any = CloudWatch(status)
        reader = Reader(cloudwatch, 60)
        cloudwatch.silent = {"Errors"}
        found = reader.read([ONE, OTHER], 100, at(112))
        assert found.unread == {OTHER}
        assert (len(found.points[ONE]), len(found.points[OTHER])) == (10, 0)
        cloudwatch.silent = set()
        found = reader.read([ONE, OTHER], 100, at(113))
        assert found.unread == frozenset()
        assert list(found.points[ONE]) == list(found.points[OTHER]) == list(range(100, 111))


def test_only_the_newest_end_is_read_again_and_an_earlier_beginning_all() -> None:
    cloudwatch: Any = CloudWatch()
    reader = Reader(cloudwatch, 60)
    for minute in (120, 120, 121):
        reader.read([ONE], 100, at(minute))
    reader.read([ONE], 90, at(121))
    assert [(first, last) for first, last, _ in cloudwatch.asked] == [(100, 118), (115, 119), (90, 119)]


def test_more_series_than_a_call_takes_are_read_in_several() -> None:
    cloudwatch: Any = CloudWatch()
    many = [Series("Shop", f"m{number:04}", (), "Sum") for number in range(MOST_QUERIES + 1)]
    found = Reader(cloudwatch, 60).read(many, 100, at(120))
    assert [len(names) for _, _, names in cloudwatch.asked] == [MOST_QUERIES, 1]
    assert all(found.points[each][117] == 117.0 for each in many)
