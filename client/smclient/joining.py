"""Outcomes of an experiment, joined from captured requests and truth in S3 with the user's rights, and left there for
the operator.

All is read each time, so that a run that was killed, or ran twice, changes nothing; only what the operator reads is
written, whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from smclient.aws import stored
from smclient.aws.session import Aws
from smclient.captured.join import Joined, Requests, joined
from smclient.captured.records import Record, records
from smclient.captured.truth import Truth, TruthFile, latest
from smclient.errors import ClientError
from smclient.views.fields import Object
from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.domain.experiment.outcomes import SECONDS, summary_at


@dataclass(frozen=True)
class Outcomes:
    """What was joined for one metric, and where its summary is; `several` ids were answered by several variants."""

    metric: str
    uri: str
    joined: Joined
    several: int

    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        found = self.joined
        return {
            "metric": self.metric,
            "summary": self.uri,
            "countedUntil": datetime.fromtimestamp(found.summary.until * SECONDS, UTC),
            "variants": {
                name: {
                    "requests": number,
                    "events": found.events.get(name, 0),
                    **({"mean": found.means[name]} if name in found.means else {}),
                }
                for name, number in sorted(found.requests.items())
            },
            "waiting": found.waiting,
            "unknown": found.unknown,
            "unmatched": found.unmatched,
            "answeredBySeveral": self.several,
        }


def join(aws: Aws, found: Object, now: datetime, *, dry_run: bool = False) -> list[Outcomes]:
    """Join all outcomes of an experiment, as the API server has it, and write their summaries unless it is a dry run.

    Raises:
        ClientError: it has no outcomes or has not begun, there is no truth, or S3 was not to be read or written.
    """
    experiment = SageMakerExperiment.parse(found)
    name, status = experiment.metadata.name, experiment.status
    metrics = [(each.name, each.outcome) for each in experiment.spec.all_metrics() if each.outcome is not None]
    if not metrics:
        raise ClientError(
            f"no metric of {name} is an outcome", "set `outcome` of a metric: its truth, and after how many minutes"
        )
    if status.started_at is None:
        raise ClientError(f"{name} has not begun", "run this once `kubectl get smexperiments` shows Running")
    if status.captured is None:
        raise ClientError(f"the endpoint of {name} captured no requests when it began", "set its spec.dataCapture")
    requests = Requests()
    for variant in experiment.spec.arms():
        folder = f"{status.captured}/{variant}"
        requests.add(variant, of_variant(aws, folder, status.started_at, status.ended_at or now))
    if not requests.by_key:
        raise ClientError(
            f"no request of {name} was captured yet below {status.captured}",
            "AWS writes them some minutes late; look at spec.dataCapture and at the execution role's s3:PutObject",
        )
    results = []
    for metric, outcome in metrics:
        truth = truth_below(aws, outcome.truth)
        if not truth:
            raise ClientError(
                f"there is no truth of {metric} below {outcome.truth}", "upload it, or wait until it is uploaded"
            )
        result = joined(experiment.metadata.uid, metric, outcome, requests, truth, now.timestamp())
        results.append(Outcomes(metric, summary_at(status.captured, name, metric), result, len(requests.several)))
    for each in results if not dry_run else ():  # all of them could be made
        stored.write(aws, each.uri, each.joined.summary.dump())
    return results


def of_variant(aws: Aws, folder: str, since: datetime, until: datetime) -> Iterator[Record]:
    """What was captured of a variant between the two instants, object by object.

    Raises:
        ClientError: refused, or a line is no captured request.
    """
    begin, end = since.timestamp(), until.timestamp()
    for each in stored.captured(aws, folder, since, until):
        for record in records(stored.read(aws, each), each.uri):
            if begin <= record.at <= end:
                yield record


def truth_below(aws: Aws, uri: str) -> dict[str, Truth]:
    """The latest truth of each inference id in the objects below a prefix.

    Raises:
        ClientError: refused, or a line is no truth.
    """
    return latest(TruthFile(each.uri, stored.read(aws, each), each.modified_at) for each in stored.below(aws, uri))
