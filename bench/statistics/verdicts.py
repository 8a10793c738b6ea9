"""The operator itself on trial: sixty random endpoints with planted differences, its verdicts against the truth.

    python -m bench.statistics.verdicts [--endpoints 60] [--seed 1]

In virtual time, in one account of the simulator, all at once: half run a `SageMakerExperiment`, half a judged canary,
each beside a twin whose canary has threshold alarms. What differs is by chance (traffic, weights, rates before, the
size of the canary), but for the difference, of errors or of slow answers, which is planted. The alarms are what
somebody sets who knows the endpoint: twice its usual error rate and its usual latency.
"""

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.aws.listed.watch import Cadence
from smsandbox.aws.core.ports import InstanceSpec
from smsandbox.testing import specs
from smsandbox.testing.harness import Harness
from smsandbox.testing.traffic import FAST, SLOW, Behaviour, Traffic
from smsandbox.testing.virtual_aws import MINUTES
from smsandbox.world import ACCOUNT, REGION

PLANTED = (0.0, 0.5, 1.0, 2.0, 5.0)
"""Percentage points that the challenger or the new fleet is worse by."""
METRICS = ("errors", "slow")
KINDS = ("experiment", "canary", "alarm")
MARGIN = 0.25
LONGEST = 60
"""Minutes of an experiment, and of a canary's bake: AWS takes no more for a step."""
USUAL = {"errors": (0.002, 0.02), "slow": (0.01, 0.05)}
TICK = 15.0
"""Seconds between two looks of the operator, and two publications of what was served: sixty at once take their time."""
QUIET = 600.0
"""Seconds of traffic before the edits."""
DOLLARS_A_METRIC = 0.01 / 1000
"""GetMetricData, for each metric of each call."""
VERDICTS = ("ROLLBACK", "INCONCLUSIVE", "SHIP")


@dataclass
class Case:
    """One endpoint: what is planted, and what became of it. Rates are shares, the difference is in points."""

    name: str
    kind: str
    metric: str
    planted: float
    a_minute: float
    share: float
    usual: dict[str, float]
    count: int = 1
    old: str = ""
    verdict: str | None = None
    minutes: float | None = None

    def behaves(self, instance: InstanceSpec) -> Behaviour:
        """The old fleet and the control are as usual, the other is worse."""
        experiment = self.kind == "experiment"
        worse = instance.variant == "challenger" if experiment else instance.config_name != self.old
        rates = dict(self.usual)
        if worse:
            rates[self.metric] += self.planted / 100
        return Behaviour(**rates)

    def row(self) -> tuple[str, ...]:
        """All of it."""
        minutes = f"{self.minutes:.0f}" if self.minutes is not None else ""
        rates = f"{self.usual[self.metric]:.2%}", self.verdict or "none", minutes
        return (
            self.name,
            self.kind,
            self.metric,
            f"{self.planted:g}",
            f"{self.a_minute:.0f}",
            f"{self.share:.0%}",
            *rates,
        )

    @property
    def right(self) -> bool | None:
        """Whether the verdict is; None if nothing was decided."""
        worse = self.planted > MARGIN
        return {"ROLLBACK": worse, "SHIP": not worse}.get(self.verdict or "")


def drawn(number: int, random: np.random.Generator) -> list[Case]:
    """Endpoints by chance: each planted difference of each metric and kind as often as the others."""
    made = []
    for index in range(number):
        kind = ("experiment", "canary")[index % 2]
        metric = METRICS[index // 2 % 2]
        planted = PLANTED[index // 4 % len(PLANTED)]
        a_minute = float(np.exp(random.uniform(np.log(100), np.log(6000))))
        usual = {name: float(random.uniform(*bounds)) for name, bounds in USUAL.items()}
        share = float(random.choice((0.1, 0.25, 0.5)))
        count = 10 if share < 0.25 else 4
        made.append(Case(f"e{index:02}", kind, metric, planted, a_minute, share, usual, count))
        if kind == "canary":
            made.append(Case(f"e{index:02}-alarm", "alarm", metric, planted, a_minute, share, usual, count))
    return made


def spec(case: Case, artifact: int) -> dict[str, Any]:
    """The endpoint's spec, with that artifact."""
    if case.kind == "experiment":
        two = specs.two_variants(1 - case.share, case.share)
        variants = [
            {**each, "scaling": None, "instance": {"type": "ml.m5.large", "count": 1}} for each in two["variants"]
        ]
        return {
            **two,
            "variants": [{key: value for key, value in each.items() if value is not None} for each in variants],
        }
    rollout: dict[str, Any] = {
        "strategy": "Canary",
        "stepPercent": round(100 * case.share),
        "stepWaitSeconds": LONGEST * 60,
    }
    if case.kind == "canary":
        slow = {"name": "slow", "latencyAbove": {"milliseconds": 500}, "marginPercentagePoints": MARGIN}
        errors = {"name": "errors", "errorRate": {}, "marginPercentagePoints": MARGIN}
        rollout["analysis"] = {"metrics": [errors, slow]}
    else:
        mean = FAST + case.usual["slow"] * (SLOW - FAST)
        rollout["rollback"] = {
            "maxErrorRatePercent": round(200 * case.usual["errors"], 2),
            "maxLatencyMilliseconds": round(2 * mean / 1000),
        }
    base = specs.with_variant(specs.spec(rollout=rollout), modelArtifact=specs.ARTIFACTS[artifact], scaling=None)
    return specs.with_variant(base, instance={"type": "ml.m5.large", "count": case.count})


def experiment(case: Case) -> dict[str, Any]:
    """An A/B test of both metrics; half an hour of the traffic is tuned to."""
    other = {"name": "slow", "latencyAbove": {"milliseconds": 500}, "marginPercentagePoints": MARGIN}
    return {
        "endpointRef": {"name": case.name},
        "control": "primary",
        "challengers": ["challenger"],
        "metrics": {
            "primary": {"name": "errors", "errorRate": {}, "marginPercentagePoints": MARGIN},
            "guardrails": [other],
        },
        "goal": "NonInferiority",
        "trafficPercent": round(100 * case.share),
        "duration": {"maxMinutes": LONGEST},
        "targetRequests": max(100, round(case.a_minute * LONGEST)),
    }


class Run:
    """The account, the operator, and all endpoints under traffic."""

    def __init__(self, cases: Sequence[Case], seed: int) -> None:
        self.cases = cases
        settings = {"durations": MINUTES, "consistency": {"metrics": 60.0}, "alarms": {"evaluation_seconds": TICK}}
        self.harness = Harness(seed=seed, settings=settings)
        self.harness.operator_settings = replace(self.harness.operator_settings, poll_seconds=TICK)
        self.harness.cadence = Cadence(TICK, 60.0, 300.0)
        self.harness.restart()
        self.metrics_asked, self.began = 0, 0.0
        self.harness.session.events.register("provide-client-params.cloudwatch.GetMetricData", self._asked)
        for case in cases:
            self.harness.apply(case.name, spec(case, 0))
        self.harness.run(600, TICK)
        for number, case in enumerate(cases):
            self.harness.settle(case.name)
            name = f"default-{case.name}"
            case.old = str(self.harness.live(name)["EndpointConfigName"])
            Traffic(
                self.harness.world,
                name,
                case.a_minute,
                case.behaves,
                account=ACCOUNT,
                region=REGION,
                seed=1000 * seed + number,
                every=TICK,
            )
        self.harness.run(QUIET, 60)

    def _asked(self, params: dict[str, Any], **_: Any) -> None:
        self.metrics_asked += len(params["MetricDataQueries"])

    def begin(self) -> None:
        """All edits at once."""
        self.began = self.harness.clock.now()
        for case in self.cases:
            if case.kind == "experiment":
                self.harness.experiments.apply(case.name, experiment(case))
            else:
                self.harness.apply(case.name, spec(case, 1))

    def end(self, limit: float = 3 * 3600) -> None:
        """Until each has its verdict."""
        until = self.harness.clock.now() + limit
        while self.harness.clock.now() < until and any(case.verdict is None for case in self.cases):
            self.harness.run(60, TICK)
            for case in self.cases:
                if case.verdict is None:
                    self._look(case)

    def _look(self, case: Case) -> None:
        """See whether there is a verdict, and since when."""
        ended: datetime | None = None
        if case.kind == "experiment":
            status = SageMakerExperiment.parse(self.harness.experiments.objects[case.name].body).status
            case.verdict, ended = status.verdict, status.ended_at
        else:
            case.verdict = self._of_canary(case)
        if case.verdict is not None:
            at = ended.timestamp() if ended is not None else self.harness.clock.now()
            case.minutes = (at - self.began) / 60

    def _of_canary(self, case: Case) -> str | None:
        status = self.harness.resource(case.name).status
        analysis = status.rollout.analysis if status.rollout is not None else None
        if case.kind == "canary" and analysis is not None and analysis.verdict == "Rollback":
            return "ROLLBACK"
        newest = status.history[0]
        if newest.revision == 1 or newest.outcome == "InProgress":
            return None
        if newest.outcome == "RolledBack":
            return "ROLLBACK"
        undecided = case.kind == "canary" and analysis is not None and analysis.verdict != "Ship"
        return "INCONCLUSIVE" if undecided else "SHIP"


def told(cases: Sequence[Case]) -> Iterator[tuple[str, ...]]:
    """By kind, metric and difference: how many of each verdict, and the minutes until those that undo."""
    groups: dict[tuple[str, str, float], list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.kind, case.metric, case.planted].append(case)
    for (kind, metric, planted), group in sorted(groups.items(), key=lambda each: (KINDS.index(each[0][0]), each[0])):
        verdicts = Counter(case.verdict or "none" for case in group)
        minutes = [case.minutes for case in group if case.verdict == "ROLLBACK" and case.minutes is not None]
        times = f"{np.median(minutes):.0f} ({max(minutes):.0f})" if minutes else "none"
        others = len(group) - sum(verdicts[each] for each in VERDICTS)
        yield kind, metric, f"{planted:g}", *(str(verdicts[each]) for each in VERDICTS), str(others), times


def counted(cases: Sequence[Case]) -> Iterator[tuple[str, ...]]:
    """By kind: right, wrong, and not decided."""
    for kind in KINDS:
        found = Counter(case.right for case in cases if case.kind == kind)
        yield kind, str(found[True]), str(found[False]), str(found[None])


def cost(seed: int) -> str:
    """What one experiment of three metrics asks of CloudWatch in an hour, and what that is in a day."""
    case = Case("one", "experiment", "errors", 0.0, 600, 0.5, {"errors": 0.01, "slow": 0.01})
    run = Run([case], seed)
    asked = experiment(case)
    slower = {"name": "slower", "latencyAbove": {"milliseconds": 800}, "marginPercentagePoints": MARGIN}
    asked["metrics"]["guardrails"].append(slower)
    run.harness.experiments.apply(
        case.name, {**asked, "duration": {"maxMinutes": 24 * 60}, "targetRequests": 1_000_000}
    )
    run.harness.run(600, TICK)
    calls, metrics = run.harness.calls("GetMetricData"), run.metrics_asked
    run.harness.run(3600, TICK)
    calls, metrics = run.harness.calls("GetMetricData") - calls, run.metrics_asked - metrics
    return (
        f"One experiment with three metrics: {calls} calls of GetMetricData in an hour, of {metrics} metrics;"
        f" {24 * metrics * DOLLARS_A_METRIC:.2f} USD a day."
    )


def table(header: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
    print(f"\n| {' | '.join(header)} |\n|{' --- |' * len(header)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    started = time.monotonic()
    cases = drawn(given.endpoints, np.random.default_rng(given.seed))
    run = Run(cases, given.seed)
    print(f"all in service after {time.monotonic() - started:.0f} s", file=sys.stderr)
    calls, metrics = run.harness.calls("GetMetricData"), run.metrics_asked
    run.begin()
    run.end()
    calls, metrics = run.harness.calls("GetMetricData") - calls, run.metrics_asked - metrics
    minutes = (run.harness.clock.now() - run.began) / 60
    run.harness.simulator.close()
    table(("what", "metric", "points worse", *VERDICTS, "other", "minutes to ROLLBACK, half (last)"), told(cases))
    table(("what", "right", "wrong", "undecided"), counted(cases))
    header = ("endpoint", "what", "metric", "points worse", "a minute", "share", "usual", "verdict", "minutes")
    table(header, (each.row() for each in cases))
    print(f"\nAll together: {calls} calls of GetMetricData in {minutes:.0f} minutes, of {metrics} metrics.")
    print(cost(given.seed))
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
