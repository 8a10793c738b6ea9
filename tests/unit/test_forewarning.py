"""Whether a stopped endpoint could start is found out while it is stopped; and what a price that is not known costs."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from smendpoints.controller.costing import cost_of
from smendpoints.controller.forewarning import forewarned
from smendpoints.controller.memory import Memory
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.cost import Price
from smendpoints.domain.plan.verdict import Plan
from smendpoints.domain.reasons import Reason
from smsandbox.testing.one_account import OneAccount

STOPPED = {"desiredState": "Stopped"}
SCALED = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}}}


def refusal(kind: Kind) -> ReconcileError:
    return ReconcileError(kind, Reason.IMAGE_NOT_FOUND, "no image r:1")


@dataclass
class Aws(OneAccount):
    """Checks a launch, and knows prices once they were looked up."""

    refuses: ReconcileError | None = None
    prices_known: bool = True
    lookup: bool | ReconcileError = False
    checked: list[Any] = field(default_factory=list)

    def check(self, launch: Any) -> tuple[str, ...]:
        self.checked.append(launch)
        if self.refuses is not None:
            raise self.refuses
        return ("a check is off",)

    def of(self, instance_type: str) -> Price | None:
        return Price(Decimal("0.115"), "2026-03-01") if self.prices_known else None

    def look_up(self) -> bool:
        if isinstance(self.lookup, ReconcileError):
            raise self.lookup
        asks = self.lookup and not self.prices_known
        self.prices_known = self.prices_known or self.lookup
        return asks


def warned(sight: Callable[..., Any], aws: Aws, memory: Memory | None = None, **sees: Any) -> tuple[Plan, Plan]:
    seen = sight(**{"wants": STOPPED, "exists": False, **sees})
    todo = seen.plan()
    return todo, forewarned(aws, seen.given, todo, memory or Memory())  # type: ignore[arg-type]


def test_one_that_could_start_is_told_as_it_is(sight: Callable[..., Any]) -> None:
    aws, memory = Aws(), Memory()
    todo, found = warned(sight, aws, memory, wants=STOPPED | SCALED)
    assert found == todo
    assert len(aws.checked) == 1
    assert aws.checked[0].targets is None, "it takes no scalable target from anybody"
    assert memory.unsaid() == ("a check is off",)


@pytest.mark.parametrize("kind", [Kind.BLOCKED, Kind.INVALID, Kind.SETTLING])
def test_what_it_lacks_is_told_and_looked_for_every_half_hour(sight: Callable[..., Any], kind: Kind) -> None:
    todo, found = warned(sight, Aws(refusal(kind)))
    assert todo.verdict.reason is Reason.STOPPED
    assert (found.verdict.reason, found.requeue) == (Reason.CANNOT_START, 1800.0)
    assert found.verdict.message == f"{todo.verdict.message}; it could not start: no image r:1"
    assert found.verdict.ready is todo.verdict.ready


def test_where_aws_does_not_answer_it_is_looked_at_soon(sight: Callable[..., Any]) -> None:
    todo, found = warned(sight, Aws(refusal(Kind.RETRY)))
    assert found == replace(todo, requeue=300.0)


def test_one_that_is_not_stopped_is_not_checked(sight: Callable[..., Any]) -> None:
    aws = Aws(refusal(Kind.BLOCKED))
    others: list[dict[str, Any]] = [{"wants": {}}, {"exists": True}, {"wants": {"suspend": True}}]
    for sees in others:
        todo, found = warned(sight, aws, **sees)
        assert found is todo
    assert aws.checked == []


def test_office_hours_that_never_come_are_told_without_asking(sight: Callable[..., Any]) -> None:
    seen = sight(STOPPED, exists=False)
    todo, aws = seen.plan(), Aws()
    given = replace(seen.given, schedule=replace(seen.given.schedule, problem="no such day"))
    found = forewarned(aws, given, todo, Memory())  # type: ignore[arg-type]
    assert (found.verdict.reason, found.requeue, aws.checked) == (Reason.CANNOT_START, 1800.0, [])
    assert found.verdict.message.endswith("; it could not start: no such day")


@pytest.mark.parametrize(
    ("known", "lookup", "usd"),
    [
        (True, False, "0.115"),
        (True, refusal(Kind.RETRY), "0.115"),
        (False, True, "0.115"),
        (False, False, None),
        (False, refusal(Kind.RETRY), None),
    ],
)
def test_a_price_is_asked_for_once_and_holds_up_nothing(
    sight: Callable[..., Any], known: bool, lookup: bool | ReconcileError, usd: str | None
) -> None:
    seen = sight(variants={"primary": {"current_count": 1}})
    cost = cost_of(Aws(prices_known=known, lookup=lookup), seen.desired, seen.observed, None)  # type: ignore[arg-type]
    assert (cost.hourly_usd if cost is not None else None) == usd
