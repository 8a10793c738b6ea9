"""Conditions by the Kubernetes conventions and kstatus: a transition is a change of status, nothing else."""

from collections.abc import Iterable
from datetime import datetime

from smendpoints.api.status import Condition
from smendpoints.domain.plan.verdict import Verdict
from smendpoints.domain.reasons import Reason

OF_VERDICT = frozenset({"Ready", "Reconciling", "Stalled"})


def condition_of(kind: str, *, status: bool, reason: str, message: str, generation: int, now: datetime) -> Condition:
    """A condition that begins now; `merge` gives it the time of the one before."""
    return Condition(
        type=kind,
        status="True" if status else "False",
        reason=str(reason),
        message=message,
        observed_generation=generation,
        last_transition_time=now,
    )


def of_verdict(verdict: Verdict, generation: int, now: datetime) -> list[Condition]:
    """`Ready` always; `Reconciling` and `Stalled` only while true."""

    def condition(kind: str, *, status: bool) -> Condition:
        return condition_of(
            kind, status=status, reason=verdict.reason, message=verdict.message, generation=generation, now=now
        )

    ready = condition("Ready", status=verdict.ready)
    conditions = [ready.model_copy(update={"status": "Unknown"}) if verdict.unknown else ready]
    if verdict.reconciling:
        conditions.append(condition("Reconciling", status=True))
    if verdict.stalled:
        conditions.append(condition("Stalled", status=True))
    return conditions


def of_drift(drift: tuple[str, ...], generation: int, now: datetime) -> Condition:
    """`Drifted`: whether an out-of-band change undid what the spec had brought about."""
    if drift:
        message = "; ".join(drift)[:1024]
        return condition_of(
            "Drifted", status=True, reason=Reason.DRIFT_FOUND, message=message, generation=generation, now=now
        )
    return condition_of(
        "Drifted",
        status=False,
        reason=Reason.IN_SYNC,
        message="AWS matches the spec",
        generation=generation,
        now=now,
    )


def true(kind: str, reason: Reason, message: str, generation: int, now: datetime) -> Condition:
    """One that is there only while it is true."""
    return condition_of(kind, status=True, reason=reason, message=message, generation=generation, now=now)


def of_autoscaling(reason: Reason, message: str, generation: int, now: datetime) -> Condition:
    """`AutoscalingActive`: only on objects that scale."""
    active = reason is Reason.AUTOSCALING_ACTIVE
    return condition_of(
        "AutoscalingActive", status=active, reason=reason, message=message, generation=generation, now=now
    )


def merge(old: Iterable[Condition], new: Iterable[Condition]) -> list[Condition]:
    """The new conditions, sorted by type, each with the transition time of the old one whose status it shares."""
    before = {condition.type: condition for condition in old}

    def stamp(condition: Condition) -> Condition:
        prior = before.get(condition.type)
        if prior is None or prior.status != condition.status:
            return condition
        return condition.model_copy(update={"last_transition_time": prior.last_transition_time})

    return [stamp(condition) for condition in sorted(new, key=lambda condition: condition.type)]


def told(
    old: Iterable[Condition],
    verdict: Verdict | None,
    generation: int,
    now: datetime,
    besides: Iterable[Condition] | None = None,
) -> list[Condition]:
    """The conditions of a verdict, or those of before, and what is told `besides`; None: what was told before."""
    old = list(old)
    verdicts = [each for each in old if each.type in OF_VERDICT]
    others = [each for each in old if each.type not in OF_VERDICT]
    new = verdicts if verdict is None else of_verdict(verdict, generation, now)
    return merge(old, [*new, *(others if besides is None else besides)])


def find(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The condition of that type."""
    return next((condition for condition in conditions if condition.type == kind), None)


def is_true(conditions: Iterable[Condition], kind: str) -> bool:
    """Whether the condition of that type is there and true."""
    condition = find(conditions, kind)
    return condition is not None and condition.status == "True"
