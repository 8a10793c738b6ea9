"""What became of requests later on, counted by variant and minute: the summary that the join leaves in S3. Pure.

`kubectl smendpoint outcomes` joins captured requests with the truth, with its user's rights, and writes a summary for
each metric; the operator reads that one object. A summary is whole: it is made anew of all that is in S3 each time, so
that nothing counts twice however often it is uploaded or joined, and the latest truth wins. No numpy: the client reads
this module.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smendpoints.api.experiment import SageMakerExperimentSpec

SECONDS = 60
"""Of one entry: a minute, by the time of the request."""
FOLDER = "_outcomes"
"""Beside the folders of the variants, none of which can have this name. The operator may read nothing else."""
MOST_BYTES = 16 * 2**20
"""Five arms over two weeks of minutes are some 2 MB."""
_VERSION = 1
_FIELDS = ("minutes", "requests", "events")
_SUMS = ("total", "squares")
_LARGEST = 1e100


class SummaryError(ValueError):
    """It is no summary, or of something else."""


@dataclass(frozen=True)
class Written:
    """An object in S3: its ETag, which changes with the content, and its bytes."""

    etag: str
    data: bytes


@dataclass(frozen=True)
class Minute:
    """What became of the requests of one minute: how many count, and events among them.

    Of a mean the events are values other than 0; `total` is their sum, `squares` that of their squares.
    """

    requests: int = 0
    events: int = 0
    total: float = 0.0
    squares: float = 0.0

    def plus(self, value: float) -> "Minute":
        """With one request more; an event of a share has the value 1."""
        happened = value != 0
        return Minute(self.requests + 1, self.events + happened, self.total + value, self.squares + value * value)


@dataclass(frozen=True)
class Summary:
    """The outcomes of one metric of one experiment.

    `experiment`: its uid. `until`: the number (epoch minutes) of the first minute whose requests are not old enough.
    `arms`: by variant and minute, requests whose outcome counts; a minute without any is absent. `mean`: the outcomes
    are numbers.
    """

    experiment: str
    metric: str
    until: int
    arms: Mapping[str, Mapping[int, Minute]] = field(default_factory=dict)
    mean: bool = False

    def dump(self) -> bytes:
        """As it is written to S3: the same content gives the same bytes."""
        names = (*_FIELDS, *(_SUMS if self.mean else ()))
        arms = {name: _columns(minutes, names) for name, minutes in sorted(self.arms.items())}
        whole = {
            "version": _VERSION,
            "experiment": self.experiment,
            "metric": self.metric,
            "until": self.until,
            "arms": arms,
        }
        return json.dumps(whole, separators=(",", ":")).encode()

    @classmethod
    def parse(cls, data: bytes, experiment: str, metric: str, *, mean: bool) -> "Summary":
        """What was written, for this experiment and metric; `mean`: whether its outcomes are numbers.

        Raises:
            SummaryError: it is something else; nothing of the content is told, as it may be anybody's.
        """
        try:
            whole = json.loads(data)
            version, found = whole["version"], cls(whole["experiment"], whole["metric"], _whole(whole["until"]))
            arms = {str(name): _minutes(columns, mean=mean) for name, columns in whole["arms"].items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise SummaryError("it is no summary of outcomes") from error
        if version != _VERSION:
            raise SummaryError("it is of another release of kubectl smendpoint: use the operator's")
        if (found.experiment, found.metric) != (experiment, metric):
            raise SummaryError("it is of another experiment")
        return cls(experiment, metric, found.until, arms, mean)


def outcome_metrics(spec: SageMakerExperimentSpec) -> tuple[str, ...]:
    """The metrics whose outcomes come later than the requests."""
    return tuple(each.name for each in spec.all_metrics() if each.outcome is not None)


def captured_at(destination: str, endpoint: str) -> str:
    """The S3 URI below which AWS captures the requests of an endpoint (its name in AWS), a folder for each variant."""
    return f"{destination.rstrip('/')}/{endpoint}"


def summary_at(captured: str, experiment: str, metric: str) -> str:
    """The S3 URI of a summary, from that of the captured data and the experiment's name."""
    return f"{captured}/{FOLDER}/{experiment}/{metric}.json"


def _columns(minutes: Mapping[int, Minute], names: tuple[str, ...]) -> dict[str, list[float]]:
    ordered = sorted(minutes.items())
    return {name: [at if name == _FIELDS[0] else getattr(counts, name) for at, counts in ordered] for name in names}


def _minutes(columns: Mapping[str, Any], *, mean: bool) -> dict[int, Minute]:
    ats, requests, events = ([_whole(each) for each in columns[name]] for name in _FIELDS)
    sums = [[_number(each) for each in columns[name]] for name in _SUMS] if mean else [events, events]
    found = {
        at: Minute(of, among, float(total), float(squares))
        for at, of, among, total, squares in zip(ats, requests, events, *sums, strict=True)
    }
    if len(found) != len(ats) or not all(map(_agrees, found.values())):
        raise ValueError("a minute comes twice, has more events than requests, or squares that its sum contradicts")
    return found


def _agrees(minute: Minute) -> bool:
    most = minute.events * minute.squares * (1 + 1e-9)
    return minute.events <= minute.requests and minute.squares >= 0 and minute.total * minute.total <= most


def _number(value: Any) -> float:
    if type(value) not in {int, float} or not abs(value) <= _LARGEST:
        raise ValueError("no number")
    return float(value)


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("no whole number")
    return value
