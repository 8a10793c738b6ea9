"""Who makes the next call to one account and region, once AWS throttles: dealt round, by what the call is for.

AWS counts calls of one operation, of one service, or of all together, and does not say which it was: there is a budget
for each, and a call needs all three. A refusal slows the one that it is laid to (`blame`). Pure, in the time that it is
told; waiting is `paces`.
"""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from smendpoints.aws.calls.blame import Scope, blamed
from smendpoints.aws.calls.budget import Budget
from smendpoints.aws.calls.fading import Fading

# "Requests made with AWS credentials" of one account and region share one quota, whatever the operation: IAM User
# Guide, "IAM and AWS STS quotas", STS request quotas. CloudWatch and Service Quotas count each operation: their own
# pages of quotas. Of SageMaker and Application Auto Scaling no table is published: each operation until seen otherwise.
_COUNTED_TOGETHER = frozenset({"sts"})
_EVIDENCE_SECONDS = 100.0
_FORGOTTEN = 0.05  # of a refusal
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

    @property
    def kind(self) -> Scope:
        """The narrowest that it may be counted with."""
        return next(self.scopes())

    def scopes(self) -> Iterator[Scope]:
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
        self._budgets: dict[Scope, Budget] = {}
        self._sent: dict[Scope, Fading] = {}  # by kind, as `_refused`, since AWS throttles
        self._refused: dict[Scope, Fading] = {}
        self._served: dict[str, Fading] = {}
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
        if self._refused:
            self._sent.setdefault(call.kind, Fading(_EVIDENCE_SECONDS)).add(now)
        for budget in self._budgets_of(call):
            budget.admitted(now)

    def refused(self, call: Call, now: float) -> None:
        """AWS refused a call for its number."""
        free = all(budget.rate is None for budget in self._budgets.values())
        if free:  # what was sent until now proves nothing
            self._sent, self._refused = {}, {}
        for counts in (self._sent, self._refused):
            counts.setdefault(call.kind, Fading(_EVIDENCE_SECONDS)).add(now)
        refused = {kind: number for kind, number in _faded(self._refused, now).items() if number >= _FORGOTTEN}
        limits = blamed(refused, _faded(self._sent, now))
        scope = limits[call.kind]
        guilty = self._of(scope)
        if guilty.rate is None:  # newly seen: what was laid to its parts was this
            for other, budget in self._budgets.items():
                if len(other) > len(scope) and other[: len(scope)] == scope and other not in limits.values():
                    budget.free()
        guilty.refused(now)

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
        served = self._served.get(namespace)
        return served.count(now) if served is not None else 0.0

    def _remember(self, namespace: str, now: float) -> None:
        if not self.waiting and len(self._served) > _MOST_REMEMBERED:
            self._served.clear()
        self._served.setdefault(namespace, Fading(_LATE)).add(now)

    def _budgets_of(self, call: Call) -> list[Budget]:
        return [self._of(scope) for scope in call.scopes()]

    def _of(self, scope: Scope) -> Budget:
        if scope not in self._budgets:
            self._budgets[scope] = Budget()
        return self._budgets[scope]


def _faded(counts: Mapping[Scope, Fading], now: float) -> dict[Scope, float]:
    return {kind: each.count(now) for kind, each in counts.items()}
