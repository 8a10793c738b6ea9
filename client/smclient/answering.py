"""How the variants of an experiment answered, from captured data and CloudWatch, with the user's rights."""

from datetime import datetime
from itertools import pairwise

import numpy as np

from smclient.aws.metrics import latencies
from smclient.aws.session import Aws
from smclient.captured.answers import Seen, report_of
from smclient.errors import ClientError
from smclient.joining import of_variant, truth_below
from smclient.views.fields import Object
from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.statistics.models import Latencies, Report

_EDGES = [round(1.5**power, 3) for power in range(-2, 28)]  # 0.4 ms to a minute


def answered(aws: Aws, found: Object, truth: str | None, now: datetime) -> tuple[Report, int]:
    """The arms side by side since it began, and how many captured answers could not be read; `truth` is a prefix in S3.

    Raises:
        ClientError: nothing was captured, or S3 or CloudWatch could not be read.
    """
    experiment = SageMakerExperiment.parse(found)
    name, status, arms = experiment.metadata.name, experiment.status, experiment.spec.arms()
    if status.captured is None or status.started_at is None:
        raise ClientError(
            f"the endpoint of {name} captured no requests when it began", "set its spec.dataCapture, and begin anew"
        )
    known = truth_below(aws, truth) if truth is not None else {}
    end = status.ended_at or now
    seen = {arm: Seen() for arm in arms}
    for arm in arms:
        for record in of_variant(aws, f"{status.captured}/{arm}", status.started_at, end):
            seen[arm].add(record, known)
    endpoint = status.captured.rpartition("/")[2]
    counted = latencies(aws, endpoint, arms, status.started_at, end, _EDGES)
    report = report_of(seen, {arm: histogram(_EDGES, through) for arm, through in counted.items()})
    return report, sum(each.unread for each in seen.values())


def histogram(edges: list[float], through: list[float]) -> Latencies:
    """Requests by latency, from how many are up to each edge, and how many in all; ranks may be off by a rounding."""
    up_to = np.maximum.accumulate([0.0, *through])
    return Latencies(np.array([0.0, *edges, np.inf]), np.array([after - before for before, after in pairwise(up_to)]))
