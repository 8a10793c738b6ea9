"""Who makes the next call to one account and region, once AWS throttles: dealt round, by what the call is for.

AWS counts calls of one operation, of one service, or of all together, and does not say which it was: there is a budget
for each, and a call needs all three. A refusal is laid to one of them: to the narrowest that holds callers up, else to
the widest of which most was refused of late, else to the operation if it is called as often as the rest of its service.
Pure, in the time that it is told; waiting is `paces`.
"""

import math
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from smendpoints.aws.calls.budget import NEVER, Budget

# "Requests made with AWS credentials" of one account and region share one quota, whatever the operation: IAM User
# Guide, "IAM and AWS STS quotas", STS request quotas. CloudWatch and Service Quotas count each operation: their own
# pages of quotas. Of SageMaker and Application Auto Scaling no table is published: each operation until seen otherwise.
_COUNTED_TOGETHER = frozenset({"sts"})
_RECENT = 10.0
_IN_A_ROW = 3
_LATE = 20.0
_MOST_REMEMBERED = 1000


class Work(IntEnum):
    """What calls are for; what is less comes first."""

    NEW = 0  # somebody waits for it: a creation, an edit, a deletion
    LISTING = 1  # what all objects look at
    DRIFT = 2  # nobody waits for it: what is at rest is looked over


# Of each four calls, whose comes first; the last is the oldest's, whatever it is for.
_ROUND = (Work.NEW, Work.LISTING, Work.NEW, None)


@dataclass(frozen=True)
class Call:
    """What AWS counts: a call to an operation of a service."""

    service: str
    operation: str

    def scopes(self) -> Iterator[tuple[str, ...]]:
        """What it may be counted with, the narrowest first."""
        if self.service not in _COUNTED_TOGETHER:
            yield self.service, self.operation
        yield (self.service,)
        yield ()


@dataclass(eq=False)
class Ticket:
    """A call that waits since then; `begun` is when that began of which it is a part. `woken` is for `paces`."""

    call: Call
    namespace: str
    work: Work
    begun: float
    since: float
    dealt: bool = False
    woken: threading.Event = field(default_factory=threading.Event)


class Pace:
    """The budgets of one account and region, and who waits for them. Not thread-safe.

    It is the turn of the namespace that had fewest calls of late, so that one with a single edit is soon through.
    Within it what began first is ended first, so that reconciles end one by one and not all in the end. Every fourth
    call is the oldest's, whoever it is: n that wait are served within 4 n calls.
    """

    def __init__(self) -> None:
        self.waiting: list[Ticket] = []
        self._budgets: dict[tuple[str, ...], Budget] = {}
        self._called: dict[Call, float] = {}
        self._refused: dict[Call, float] = {}
        self._last: deque[tuple[Call, float]] = deque(maxlen=_IN_A_ROW)
        self._served: dict[str, tuple[float, float]] = {}
        self._number = 0

    def deal(self, now: float) -> Ticket | None:
        """Who calls now; None while nobody can."""
        able = [ticket for ticket in self.waiting if self._can(ticket, now)]
        if not able:
            return None
        first = _ROUND[self._number % len(_ROUND)]
        self._number += 1
        chosen = min(able, key=lambda each: self._order(each, first, now))
        self.waiting.remove(chosen)
        for budget in self._budgets_of(chosen.call):
            budget.take(now)
        self._remember(chosen.namespace, now)
        chosen.dealt = True
        return chosen

    def next_at(self) -> float:
        """When somebody can call; infinite if nobody waits."""
        return min((self._ready_at(ticket) for ticket in self.waiting), default=float("inf"))

    def oldest(self) -> Ticket | None:
        """Who has waited longest."""
        return min(self.waiting, key=lambda each: each.since, default=None)

    def rate(self, call: Call) -> float | None:
        """Calls a second that such calls are kept to; None while they are free."""
        return min((each.rate for each in self._budgets_of(call) if each.rate is not None), default=None)

    def admitted(self, call: Call, now: float) -> None:
        """AWS took a call, whatever it answered."""
        self._called[call] = now
        for budget in self._budgets_of(call):
            budget.admitted(now)

    def refused(self, call: Call, now: float) -> None:
        """AWS refused a call for its number."""
        self._called[call] = self._refused[call] = now
        self._last.append((call, now))
        scope = self._guilty(call, now)
        guilty = self._of(scope)
        if guilty.rate is None:  # newly seen: what was laid to its parts just now was this
            for other, budget in self._budgets.items():
                if len(other) > len(scope) and other[: len(scope)] == scope and now - budget.refused_at <= _RECENT:
                    budget.free()
        guilty.refused(now)

    def _guilty(self, call: Call, now: float) -> tuple[str, ...]:
        scopes = list(call.scopes())
        row = {each for each, when in self._last if now - when <= _RECENT * _IN_A_ROW}
        if len(self._last) == _IN_A_ROW and row == {call}:
            return scopes[0]
        for scope in scopes:
            if self._of(scope).binds(now):
                return scope
        for scope in reversed(scopes):
            if self._all_over(scope, now):
                return scope
        alone, service = self._of(scopes[0]), self._of(scopes[-2])
        return scopes[0] if 2 * alone.taken(now) >= service.taken(now) else scopes[-2]

    def _all_over(self, scope: tuple[str, ...], now: float) -> bool:
        """Whether AWS refused most kinds of calls there, and not of one part alone."""
        called = {each for each, when in self._called.items() if now - when <= _RECENT and scope in each.scopes()}
        refused = {each for each in called if now - self._refused.get(each, NEVER) <= _RECENT}
        parts = {each.service if not scope else each.operation for each in refused}
        return len(parts) > 1 and 2 * len(refused) >= len(called)

    def _can(self, ticket: Ticket, now: float) -> bool:
        able = True
        for budget in self._budgets_of(ticket.call):
            budget.fade(now)
            if budget.ready_at > now:
                budget.awaited(now)
                able = False
        return able

    def _ready_at(self, ticket: Ticket) -> float:
        return max(budget.ready_at for budget in self._budgets_of(ticket.call))

    def _order(self, ticket: Ticket, first: Work | None, now: float) -> tuple[float, ...]:
        if first is None:
            return (ticket.since,)
        had = self._had(ticket.namespace, now)
        return ticket.work is not first, ticket.work, had, ticket.begun, ticket.since

    def _had(self, namespace: str, now: float) -> float:
        """The calls that a namespace had of late; each counts less as time passes."""
        calls, when = self._served.get(namespace, (0.0, now))
        return calls * math.exp((when - now) / _LATE)

    def _remember(self, namespace: str, now: float) -> None:
        if not self.waiting and len(self._served) > _MOST_REMEMBERED:
            self._served.clear()
        self._served[namespace] = self._had(namespace, now) + 1, now

    def _budgets_of(self, call: Call) -> list[Budget]:
        return [self._of(scope) for scope in call.scopes()]

    def _of(self, scope: tuple[str, ...]) -> Budget:
        if scope not in self._budgets:
            self._budgets[scope] = Budget()
        return self._budgets[scope]
