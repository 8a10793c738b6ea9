"""Captured requests joined with the truth: requests and events of each variant and minute, once each. Pure.

A request counts once it is so old as the metric's `afterMinutes`, whatever is known of it: were those counted first
that something is known of, the one with quicker outcomes would look better for a while.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from smclient.captured.records import Record
from smclient.captured.truth import Truth, happened, number
from smendpoints.api.experiment_metrics import Outcome
from smendpoints.domain.experiment.outcomes import SECONDS, Minute, Summary


@dataclass
class Requests:
    """Captured requests by inference id: the variant that answered, and the minute.

    `several`: ids that more than one variant answered. What became of such a request is no variant's.
    """

    by_key: dict[str, tuple[str, int]] = field(default_factory=dict)
    several: set[str] = field(default_factory=set)
    repeated: int = 0

    def add(self, variant: str, records: Iterable[Record]) -> None:
        """Those of a variant, in any order; of one id the first request counts."""
        for record in records:
            minute = int(record.at) // SECONDS
            known = self.by_key.get(record.key)
            if known is None:
                self.by_key[record.key] = variant, minute
                continue
            self.repeated += 1
            if known[0] != variant:
                self.several.add(record.key)
            elif minute < known[1]:
                self.by_key[record.key] = variant, minute


@dataclass(frozen=True)
class Joined:
    """What came of a join: the summary, and what is told of it.

    By variant, of the requests that count: `requests`, `events` among them (of a mean values other than 0), and
    `means`, of a mean alone. `waiting` are too young; `unknown` are old enough, and nothing is known of them;
    `unmatched` are truths of ids that were not captured, as where a part is sampled.
    """

    summary: Summary
    requests: Mapping[str, int]
    events: Mapping[str, int]
    means: Mapping[str, float]
    waiting: int
    unknown: int
    unmatched: int


def joined(
    experiment: str, metric: str, outcome: Outcome, requests: Requests, truth: Mapping[str, Truth], now: float
) -> Joined:
    """The outcomes of one metric as they are known now; `experiment` is its uid.

    Raises:
        ClientError: a truth that counts is neither true nor false, or no number where the mean is compared.
    """
    until = int(now - outcome.after_minutes * 60) // SECONDS
    mean = outcome.type == "Mean"
    arms: dict[str, dict[int, Minute]] = {}
    waiting = unknown = 0
    for key, (variant, minute) in requests.by_key.items():
        if key in requests.several:
            continue
        if minute >= until:
            waiting += 1
            continue
        known = truth.get(key)
        unknown += known is None
        if known is None and outcome.without_truth == "LeaveOut":
            continue
        value = 0.0 if known is None else number(known) if mean else float(happened(known))
        minutes = arms.setdefault(variant, {})
        minutes[minute] = minutes.get(minute, Minute()).plus(min(value, outcome.at_most or value))
    totals = {name: sum(each.requests for each in minutes.values()) for name, minutes in arms.items()}
    return Joined(
        Summary(experiment, metric, until, arms, mean),
        totals,
        {name: sum(each.events for each in minutes.values()) for name, minutes in arms.items()},
        {name: sum(each.total for each in arms[name].values()) / totals[name] for name in arms} if mean else {},
        waiting,
        unknown,
        unmatched=sum(key not in requests.by_key for key in truth),
    )
