"""What the objects' statuses say, as metrics: by value, and nothing left over."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY

from smendpoints.work.tally import Tally

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
BEGUN = "2026-11-26T11:50:00Z"


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"smendpoints_{name}", labels)


def body(
    uid: str = "u1",
    *,
    namespace: str = "team",
    conditions: tuple[tuple[str, str, str], ...] = (),
    hourly: str | None = None,
    outcomes: dict[int, str] | None = None,
    deleted: bool = False,
) -> dict[str, Any]:
    status: dict[str, Any] = {
        "conditions": [{"type": kind, "status": state, "reason": reason} for kind, state, reason in conditions],
        "history": [
            {"revision": number, "outcome": outcome, "at": BEGUN} for number, outcome in (outcomes or {}).items()
        ],
    }
    if hourly is not None:
        status["cost"] = {"hourlyUSD": hourly, "asOf": "2026-11-01"}
    metadata = {"uid": uid, "namespace": namespace} | ({"deletionTimestamp": BEGUN} if deleted else {})
    return {"metadata": metadata, "status": status}


READY = (("Ready", "True", "InService"),)
STALLED = (("Ready", "False", "UpdateFailed"), ("Stalled", "True", "UpdateFailed"))
DRIFTED = (("Drifted", "True", "DriftFound"), ("Ready", "True", "InService"))


@pytest.fixture
def tally() -> Iterator[Tally]:
    limits: dict[str, float | None] = {"team": 2.5}
    tally = Tally(limits.get, lambda: NOW)
    yield tally
    for uid in ("u1", "u2"):
        tally.forget(uid)


def test_objects_are_counted_by_state_and_reason_and_leave_the_count_when_they_move_or_go(tally: Tally) -> None:
    tally.see(body())
    assert value("objects_by_reason", state="New", reason="") == 1
    tally.see(body("u1", conditions=READY))
    tally.see(body("u2", conditions=STALLED))
    assert value("objects_by_reason", state="New", reason="") == 0
    assert value("objects_by_reason", state="Ready", reason="InService") == 1
    assert value("objects_by_reason", state="Stalled", reason="UpdateFailed") == 1
    tally.see(body("u2", conditions=STALLED, deleted=True))
    assert value("objects_by_reason", state="Stalled", reason="UpdateFailed") == 0
    assert value("objects_by_reason", state="Deleting", reason="UpdateFailed") == 1
    tally.forget("u2")
    assert value("objects_by_reason", state="Deleting", reason="UpdateFailed") == 0


@pytest.mark.parametrize(
    ("conditions", "state"),
    [
        ((("Ready", "Unknown", "AWSUnavailable"),), "Reconciling"),
        ((("Ready", "False", "Creating"), ("Reconciling", "True", "Creating")), "Reconciling"),
    ],
)
def test_what_is_neither_ready_nor_stalled_is_reconciling(
    tally: Tally, conditions: tuple[tuple[str, str, str], ...], state: str
) -> None:
    tally.see(body(conditions=conditions))
    assert value("objects_by_reason", state=state, reason=conditions[0][2]) == 1


def test_costs_are_summed_by_namespace_beside_what_policies_allow_and_leave_no_series(tally: Tally) -> None:
    tally.see(body("u1", hourly="0.23"))
    tally.see(body("u2", hourly="1.10"))
    assert value("hourly_cost_usd", object_namespace="team") == pytest.approx(1.33)
    assert value("hourly_cost_limit_usd", object_namespace="team") == 2.5
    tally.see(body("u2", hourly="0.05"))
    assert value("hourly_cost_usd", object_namespace="team") == pytest.approx(0.28)
    for uid in ("u1", "u2"):
        tally.forget(uid)
    assert value("hourly_cost_usd", object_namespace="team") is None
    assert value("hourly_cost_limit_usd", object_namespace="team") is None


def test_a_policy_that_comes_later_is_told_for_the_namespace_of_the_object_that_it_woke() -> None:
    limits: dict[str, float | None] = {}
    tally = Tally(limits.get, lambda: NOW)
    tally.see(body("u1", namespace="late", hourly="0.5"))
    assert value("hourly_cost_limit_usd", object_namespace="late") is None
    limits["late"] = 0.25
    tally.ruled("u1")
    tally.ruled("of nobody")
    assert value("hourly_cost_limit_usd", object_namespace="late") == 0.25
    del limits["late"]
    tally.ruled("u1")
    assert value("hourly_cost_limit_usd", object_namespace="late") is None
    tally.forget("u1")


def test_drift_is_counted_when_it_is_found_and_when_it_is_corrected(tally: Tally) -> None:
    found, corrected = value("drift_total", result="found") or 0, value("drift_total", result="corrected") or 0
    tally.see(body(conditions=READY))
    tally.see(body(conditions=DRIFTED))
    tally.see(body(conditions=DRIFTED))
    assert value("drift_total", result="found") == found + 1
    assert value("objects_drifted") == 1
    tally.see(body(conditions=READY))
    assert value("drift_total", result="corrected") == corrected + 1
    assert value("objects_drifted") == 0


@pytest.mark.parametrize("outcome", ["Deployed", "Failed", "RolledBack"])
def test_a_rollout_that_ends_is_counted_once_with_the_time_that_it_took(tally: Tally, outcome: str) -> None:
    count, seconds = value("rollouts_total", outcome=outcome) or 0, value("rollout_seconds_sum", outcome=outcome) or 0
    tally.see(body(outcomes={1: "Deployed"}))
    tally.see(body(outcomes={2: "InProgress", 1: "Deployed"}))
    assert (value("rollouts_total", outcome=outcome) or 0) == count
    for _ in range(2):
        tally.see(body(outcomes={2: outcome, 1: "Deployed"}))
    assert value("rollouts_total", outcome=outcome) == count + 1
    assert value("rollout_seconds_sum", outcome=outcome) == pytest.approx(seconds + 600)


def test_what_was_blocked_or_replaced_is_counted_without_a_time(tally: Tally) -> None:
    blocked, replaced = (value("rollouts_total", outcome=each) or 0 for each in ("Blocked", "Superseded"))
    tally.see(body(outcomes={1: "InProgress"}))
    tally.see(body(outcomes={2: "Blocked", 1: "Superseded"}))
    assert value("rollouts_total", outcome="Blocked") == blocked + 1
    assert value("rollouts_total", outcome="Superseded") == replaced + 1
    assert value("rollout_seconds_count", outcome="Blocked") is None


def test_what_had_happened_before_this_process_saw_the_object_is_not_counted(tally: Tally) -> None:
    before = value("rollouts_total", outcome="Failed") or 0
    tally.see(body(outcomes={1: "Failed"}, conditions=DRIFTED))
    assert (value("rollouts_total", outcome="Failed") or 0) == before
