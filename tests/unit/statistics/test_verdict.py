"""The decision table: the first that fits, as it was agreed on before the start."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from smendpoints.statistics.counts import Counts, Sums
from smendpoints.statistics.rules import Better, Goal, Metric, Rules, Verdict
from smendpoints.statistics.verdict import Decision, Measured, Traffic, decide

LOOKS, BATCH = 60, 200
RULES = Rules(
    primary=Metric("conversions", Better.HIGHER),
    guardrails=(Metric("errors", margin=0.02), Metric("slow", margin=0.02)),
    horizon=LOOKS * BATCH,
    longest=3600,
)
EQUAL = {"conversions": (0.2, 0.2), "errors": (0.01, 0.01), "slow": (0.05, 0.05)}
BETTER = {**EQUAL, "conversions": (0.2, 0.26)}


def traffic(seed: int = 1, share: float = 0.5, weight: float = 0.5) -> tuple[np.ndarray, np.ndarray, Traffic]:
    m = np.random.default_rng(seed).binomial(BATCH, share, LOOKS).astype(float)
    return BATCH - m, m, Traffic(np.stack([BATCH - m, m]), [1 - weight, weight])


def judge(
    rates: Mapping[str, tuple[float, float]],
    rules: Rules = RULES,
    *,
    elapsed: float = 60,
    seed: int = 1,
    share: float = 0.5,
) -> Decision:
    n, m, split = traffic(seed, share)
    rng = np.random.default_rng(seed + 100)
    measured = {
        name: Measured(Counts(n, rng.binomial(n.astype(int), one)), Counts(m, rng.binomial(m.astype(int), other)))
        for name, (one, other) in rates.items()
    }
    return decide(rules, measured, split, elapsed=elapsed)


def test_better_with_guardrails_no_worse_ships() -> None:
    found = judge(BETTER)
    assert found.verdict == Verdict.SHIP
    assert found.reason == "conversions is better, and no guardrail is worse"
    assert [each.metric for each in found.findings] == ["conversions", "errors", "slow"]
    first = found.findings[0]
    assert first.control == pytest.approx(0.2, abs=0.02)
    assert first.difference == pytest.approx(0.06, abs=0.02)
    assert 0 < first.lower < 0.06 < first.upper
    assert all(each.passed and not each.worse and not each.missing for each in found.findings)


def test_a_guardrail_that_is_worse_beyond_its_margin_rolls_back_however_good_the_primary_is() -> None:
    found = judge({**BETTER, "errors": (0.01, 0.07)})
    assert found.verdict == Verdict.ROLLBACK
    assert found.reason == "worse by more than the margin: errors"


def test_a_primary_that_is_worse_rolls_back() -> None:
    assert judge({**EQUAL, "conversions": (0.26, 0.2)}).verdict == Verdict.ROLLBACK


def test_worse_within_the_margin_neither_rolls_back_nor_ships() -> None:
    found = judge({**BETTER, "slow": (0.05, 0.07)})
    assert found.verdict == Verdict.HOLD
    assert found.reason == "not decided yet: slow"


def test_equals_are_held_and_inconclusive_at_the_longest_time_with_what_was_learnt() -> None:
    assert judge(EQUAL).verdict == Verdict.HOLD
    found = judge(EQUAL, elapsed=3600)
    assert found.verdict == Verdict.INCONCLUSIVE
    assert found.reason.startswith("not decided yet: conversions; with 95% confidence conversions 0.")
    assert "a difference between -0.0" in found.reason


def test_no_worse_is_enough_where_that_is_the_goal() -> None:
    rules = replace(RULES, goal=Goal.NON_INFERIORITY, primary=replace(RULES.primary, margin=0.04))
    found = judge(EQUAL, rules)
    assert found.verdict == Verdict.SHIP
    assert found.reason == "conversions is not worse by its margin, and no guardrail is worse"
    assert judge({**EQUAL, "conversions": (0.24, 0.20)}, rules).verdict == Verdict.HOLD
    assert judge({**EQUAL, "conversions": (0.30, 0.20)}, rules).verdict == Verdict.ROLLBACK


def test_a_broken_split_is_invalid_before_anything_else() -> None:
    found = judge({**BETTER, "errors": (0.01, 0.2)}, share=0.44)
    assert found.verdict == Verdict.INVALID
    assert found.reason.startswith("requests are not split as the weights say: ")
    assert found.findings[1].worse  # what is known is told all the same


@pytest.mark.parametrize("missing", ["conversions", "errors"])
def test_a_metric_that_could_not_be_read_is_invalid_and_no_success(missing: str) -> None:
    found = judge({name: rates for name, rates in BETTER.items() if name != missing})
    assert found.verdict == Verdict.INVALID
    assert found.reason == f"data is missing: {missing}"


def test_one_batch_that_could_not_be_read_is_invalid() -> None:
    n, m, split = traffic()
    rng = np.random.default_rng(3)
    events = rng.binomial(m.astype(int), 0.3).astype(float)
    gap = m.copy()
    gap[7] = events[7] = np.nan
    arms = Measured(Counts(n, rng.binomial(n.astype(int), 0.2)), Counts(gap, events))
    rules = Rules(Metric("conversions", Better.HIGHER), horizon=1000, longest=60)
    found = decide(rules, {"conversions": arms}, split, elapsed=10)
    assert found.verdict == Verdict.INVALID
    assert found.reason == "data is missing: conversions (1 batches)"
    assert found.findings[0].passed  # and yet no SHIP
    unread = np.array(split.requests)
    unread[1, 3] = np.nan
    whole = Measured(Counts(n, rng.binomial(n.astype(int), 0.2)), Counts(m, np.nan_to_num(events)))
    found = decide(rules, {"conversions": whole}, Traffic(unread, split.weights), elapsed=10)
    assert found.reason == "data is missing: requests (1 batches)"


def test_nothing_is_concluded_from_too_few_requests() -> None:
    rules = replace(RULES, least_requests=100_000)
    found = judge(BETTER, rules)
    assert found.verdict == Verdict.HOLD
    assert found.reason.endswith("of 100000 requests of each variant")
    assert judge({**BETTER, "errors": (0.01, 0.3)}, rules, elapsed=1e6).verdict == Verdict.INCONCLUSIVE


def test_no_request_at_all_is_inconclusive_in_the_end() -> None:
    none = Counts(np.zeros(3), np.zeros(3))
    rules = Rules(Metric("errors"), horizon=1000, longest=60)
    found = decide(rules, {"errors": Measured(none, none)}, Traffic(np.zeros((2, 3)), [1, 1]), elapsed=60)
    assert found.verdict == Verdict.INCONCLUSIVE
    assert "errors: no requests to compare" in found.reason
    empty = Counts(np.zeros(0), np.zeros(0))
    found = decide(rules, {"errors": Measured(empty, empty)}, Traffic(np.zeros((2, 0)), [1, 1]), elapsed=0)
    assert found.verdict == Verdict.HOLD


def test_means_are_judged_like_rates() -> None:
    rng = np.random.default_rng(5)

    def arm(scale: float) -> Sums:
        values = scale * rng.lognormal(0, 0.5, (LOOKS, 100))
        return Sums(np.full(LOOKS, 100), values.sum(axis=-1), (values**2).sum(axis=-1))

    rules = Rules(Metric("milliseconds", margin=3.0), horizon=RULES.horizon, longest=60)
    split = Traffic(np.full((2, LOOKS), 100), [1, 1])
    for scale, verdict in ((15.0, Verdict.SHIP), (30.0, Verdict.ROLLBACK)):
        found = decide(rules, {"milliseconds": Measured(arm(20.0), arm(scale))}, split, elapsed=1)
        assert found.verdict == verdict


def test_more_guardrails_do_not_mean_more_false_verdicts() -> None:
    """Ten metrics that are equal, all looked at sixty times: one false rollback in forty at the most, not in four."""
    names = [f"guardrail-{number}" for number in range(10)]
    rules = replace(RULES, guardrails=tuple(Metric(name, margin=1e-9) for name in names), alpha=0.2)
    assert rules.rollback_level == pytest.approx(0.1 / 11)
    assert rules.ship_level == pytest.approx(0.1)
    found = [
        judge({"conversions": (0.2, 0.2), **dict.fromkeys(names, (0.05, 0.05))}, rules, seed=seed).verdict
        for seed in range(8)
    ]
    assert found.count(Verdict.ROLLBACK) + found.count(Verdict.SHIP) <= 2
    assert found.count(Verdict.INVALID) == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"guardrails": (Metric("conversions", margin=1.0),)},
        {"guardrails": (Metric("errors", margin=0.0),)},
        {"goal": Goal.NON_INFERIORITY},
        {"primary": Metric("conversions", margin=-0.1)},
        {"alpha": 0.0},
        {"split_alpha": 1.0},
        {"horizon": 0.0},
        {"longest": 0.0},
        {"least_requests": -1},
    ],
)
def test_rules_that_contradict_themselves_are_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        replace(RULES, **changed)  # type: ignore[arg-type]
