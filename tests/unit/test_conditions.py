"""Conditions by kstatus: `Ready` always, the others only while true, and a transition is a change of status."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smendpoints.api.status import Condition, ConditionStatus
from smendpoints.domain.plan.verdict import Verdict, ready, reconciling, stalled, suspended
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import conditions

THEN = datetime(2026, 11, 22, 11, tzinfo=UTC)
NOW = THEN + timedelta(hours=1)

VERDICTS = {
    "arrived": (ready(Reason.IN_SERVICE, "m"), {"Ready": "True"}),
    "on the way": (reconciling(Reason.CREATING, "m"), {"Ready": "False", "Reconciling": "True"}),
    "stuck": (stalled(Reason.CREATE_FAILED, "m"), {"Ready": "False", "Stalled": "True"}),
    "resting": (suspended(Reason.SUSPENDED, "m"), {"Ready": "False"}),
    "blind": (
        Verdict(Reason.UNAVAILABLE, "m", reconciling=True, unknown=True),
        {"Ready": "Unknown", "Reconciling": "True"},
    ),
}


@pytest.mark.parametrize(("verdict", "shown"), VERDICTS.values(), ids=VERDICTS.keys())
def test_a_verdict_of(verdict: Verdict, shown: dict[str, str]) -> None:
    found = conditions.of_verdict(verdict, 4, NOW)
    assert {each.type: each.status for each in found} == shown
    assert {(each.reason, each.message, each.observed_generation) for each in found} == {(verdict.reason, "m", 4)}


def condition(kind: str, status: str, at: datetime, reason: str = "A") -> Condition:
    return Condition.model_validate(
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": reason,
            "observed_generation": 1,
            "last_transition_time": at,
        }
    )


def test_another_reason_is_no_transition() -> None:
    (merged,) = conditions.merge([condition("Ready", "False", THEN)], [condition("Ready", "False", NOW, "B")])
    assert (merged.last_transition_time, merged.reason) == (THEN, "B")


def test_another_status_is_a_transition() -> None:
    (merged,) = conditions.merge([condition("Ready", "False", THEN)], [condition("Ready", "True", NOW)])
    assert merged.last_transition_time == NOW


def test_what_is_not_true_any_more_goes() -> None:
    old = [condition("Ready", "False", THEN), condition("Stalled", "True", THEN)]
    assert [each.type for each in conditions.merge(old, [condition("Ready", "True", NOW)])] == ["Ready"]


CONDITIONS = st.dictionaries(
    st.sampled_from(["Ready", "Reconciling", "Stalled", "Drifted", "AutoscalingActive"]),
    st.sampled_from(["True", "False", "Unknown"]),
)


@given(old=CONDITIONS, new=CONDITIONS)
def test_merged_conditions_are_the_new_ones_sorted_each_with_a_time_that_moved_only_with_its_status(
    old: dict[str, str], new: dict[str, str]
) -> None:
    before = [condition(kind, status, THEN) for kind, status in old.items()]
    merged = conditions.merge(before, [condition(kind, status, NOW) for kind, status in new.items()])
    assert [each.type for each in merged] == sorted(new)
    assert {each.type: each.status for each in merged} == new
    for each in merged:
        assert each.last_transition_time == (THEN if old.get(each.type) == each.status else NOW)
    assert conditions.merge(merged, merged) == merged


def test_drift_is_told_whether_there_is_any_or_not() -> None:
    found = conditions.of_drift(("a weight", "a tag"), 4, NOW)
    assert (found.status, found.reason, found.message) == ("True", "DriftFound", "a weight; a tag")
    assert (conditions.of_drift((), 4, NOW).status, conditions.of_drift((), 4, NOW).reason) == ("False", "InSync")
    assert len(conditions.of_drift(("x" * 900,) * 9, 4, NOW).message) == 1024


def test_autoscaling_is_active_for_one_reason_only() -> None:
    active = {
        reason: conditions.of_autoscaling(reason, "m", 4, NOW).status
        for reason in (Reason.AUTOSCALING_ACTIVE, Reason.AUTOSCALING_PENDING, Reason.AUTOSCALING_SUSPENDED)
    }
    assert list(active.values()) == ["True", "False", "False"]


def test_a_condition_is_found_by_its_type() -> None:
    found = [condition("Ready", "True", NOW), condition("Stalled", "False", NOW)]
    assert conditions.find(found, "Ready") is found[0]
    assert conditions.find(found, "Drifted") is None
    assert [conditions.is_true(found, kind) for kind in ("Ready", "Stalled", "Drifted")] == [True, False, False]


def kstatus(shown_by: Iterable[Condition]) -> str:
    """What kstatus makes of an object of no built-in kind, as sigs.k8s.io/cli-utils/pkg/kstatus/status does it.

    The first of Reconciling and Stalled that is true decides, then Ready; no other condition is looked at.
    """
    shown = [(each.type, each.status) for each in shown_by]
    for kind, status in shown:
        if kind in {"Reconciling", "Stalled"} and status == "True":
            return {"Reconciling": "InProgress", "Stalled": "Failed"}[kind]
    return {"True": "Current", "False": "InProgress", "Unknown": "InProgress"}[dict(shown).get("Ready", "True")]


@pytest.mark.parametrize("answers", ["True", "False", "Unknown"])
def test_kstatus_reads_the_same_whatever_available_says(answers: ConditionStatus) -> None:
    available = Condition(
        type="Available", status=answers, reason="X", message="", observed_generation=1, last_transition_time=NOW
    )
    expected = {
        "Current": ready(Reason.IN_SERVICE, ""),
        "InProgress": reconciling(Reason.UPDATING, ""),
        "Failed": stalled(Reason.UPDATE_FAILED, ""),
    }
    for meant, verdict in expected.items():
        assert (
            kstatus(conditions.told([], verdict, 1, NOW, [available]))
            == kstatus(conditions.told([], verdict, 1, NOW))
            == meant
        )


def test_what_is_told_beside_a_verdict_takes_the_place_of_what_was() -> None:
    ready_, drifted, other = (
        Condition(type=kind, status="True", reason="R", message="", observed_generation=1, last_transition_time=NOW)
        for kind in ("Ready", "Drifted", "Other")
    )

    def kinds(besides: list[Condition] | None) -> list[str]:
        return [each.type for each in conditions.told([ready_, drifted], None, 1, NOW, besides)]

    assert kinds(None) == ["Drifted", "Ready"], "nothing else is told"
    assert kinds([other]) == ["Other", "Ready"]
    assert kinds([]) == ["Ready"]
