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


class SummaryError(ValueError):
    """It is no summary, or of something else."""


@dataclass(frozen=True)
class Written:
    """An object in S3: its ETag, which changes with the content, and its bytes."""

    etag: str
    data: bytes


@dataclass(frozen=True)
class Summary:
    """The outcomes of one metric of one experiment.

    `experiment`: its uid. `until`: the number (epoch minutes) of the first minute whose requests are not old enough.
    `arms`: by variant and minute, requests whose outcome counts and events among them; a minute without any is absent.
    """

    experiment: str
    metric: str
    until: int
    arms: Mapping[str, Mapping[int, tuple[int, int]]] = field(default_factory=dict)

    def dump(self) -> bytes:
        """As it is written to S3: the same content gives the same bytes."""
        arms = {name: dict(zip(_FIELDS, _columns(minutes), strict=True)) for name, minutes in sorted(self.arms.items())}
        whole = {
            "version": _VERSION,
            "experiment": self.experiment,
            "metric": self.metric,
            "until": self.until,
            "arms": arms,
        }
        return json.dumps(whole, separators=(",", ":")).encode()

    @classmethod
    def parse(cls, data: bytes, experiment: str, metric: str) -> "Summary":
        """What was written, for this experiment and metric.

        Raises:
            SummaryError: it is something else; nothing of the content is told, as it may be anybody's.
        """
        try:
            whole = json.loads(data)
            version, found = whole["version"], cls(whole["experiment"], whole["metric"], _whole(whole["until"]))
            arms = {str(name): _minutes(columns) for name, columns in whole["arms"].items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise SummaryError("it is no summary of outcomes") from error
        if version != _VERSION:
            raise SummaryError("it is of another release of kubectl smendpoint: use the operator's")
        if (found.experiment, found.metric) != (experiment, metric):
            raise SummaryError("it is of another experiment")
        return cls(experiment, metric, found.until, arms)


def outcome_metrics(spec: SageMakerExperimentSpec) -> tuple[str, ...]:
    """The metrics whose outcomes come later than the requests."""
    return tuple(each.name for each in spec.all_metrics() if each.outcome is not None)


def captured_at(destination: str, endpoint: str) -> str:
    """The S3 URI below which AWS captures the requests of an endpoint (its name in AWS), a folder for each variant."""
    return f"{destination.rstrip('/')}/{endpoint}"


def summary_at(captured: str, experiment: str, metric: str) -> str:
    """The S3 URI of a summary, from that of the captured data and the experiment's name."""
    return f"{captured}/{FOLDER}/{experiment}/{metric}.json"


def _columns(minutes: Mapping[int, tuple[int, int]]) -> tuple[list[int], list[int], list[int]]:
    ordered = sorted(minutes.items())
    return [at for at, _ in ordered], [counts[0] for _, counts in ordered], [counts[1] for _, counts in ordered]


def _minutes(columns: Mapping[str, Any]) -> dict[int, tuple[int, int]]:
    ats, requests, events = ([_whole(each) for each in columns[name]] for name in _FIELDS)
    found = {at: (of, among) for at, of, among in zip(ats, requests, events, strict=True)}
    if len(found) != len(ats) or any(among > of for of, among in found.values()):
        raise ValueError("a minute comes twice, or has more events than requests")
    return found


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("no whole number")
    return value
