"""Which of AWS's limits a refusal is laid to: that of an operation, of a service, or of all calls together.

AWS refuses a call for the number of calls, and does not say of which. Where a limit is shared, each kind of call is
refused as often as it is made, in proportion; one with a limit of its own is refused more often than that, and beside
it others are not refused at all. So a set of limits is believed that says with fewest words which calls were refused:
the minimum description length. Pure; what follows of it is `pace`'s.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Scope = tuple[str, ...]  # (service, operation), (service,), or () for all calls
_LIMIT_COSTS = 3.0  # nats for each limit that is supposed to exist


@dataclass(frozen=True)
class _Explanation:
    """The limit that each refused kind of call met, and the nats that it takes to say which were refused."""

    limits: Mapping[Scope, Scope]
    costs: float


def blamed(refused: Mapping[Scope, float], sent: Mapping[Scope, float]) -> Mapping[Scope, Scope]:
    """The limit that each kind of call met which AWS refused.

    `refused` and `sent` say how often each was refused, and sent at all, by the narrowest scope that counts it.
    """
    total = sum(refused.values())
    limits: dict[Scope, Scope] = {}
    costs = 0.0
    for service in sorted({kind[:1] for kind in refused}):
        here = {kind: number for kind, number in refused.items() if kind[:1] == service}
        found = _explained(here, {kind: each for kind, each in sent.items() if kind[:1] == service}, service)
        number = sum(here.values())
        limits.update(found.limits)
        costs += found.costs + number * math.log(total / number)
    together = _explained(refused, sent, ())
    return together.limits if together.costs < costs else limits


def _explained(refused: Mapping[Scope, float], sent: Mapping[Scope, float], wide: Scope) -> _Explanation:
    """The cheapest of these: those refused most often for how often they are sent have own limits, the others `wide`'s.

    Of equals that with more limits of their own, as these slow nothing else.
    """
    kinds = sorted(refused, key=lambda kind: refused[kind] / sent[kind], reverse=True)
    splits = ((kinds[:number], kinds[number:]) for number in range(len(kinds), -1, -1))
    return min((_of(own, rest, wide, refused, sent) for own, rest in splits), key=lambda each: each.costs)


def _of(
    own: Sequence[Scope],
    rest: Sequence[Scope],
    wide: Scope,
    refused: Mapping[Scope, float],
    sent: Mapping[Scope, float],
) -> _Explanation:
    """That `own` have a limit each, and the `rest` share one, so that they are refused as they are sent."""
    total = sum(refused.values())
    costs = _LIMIT_COSTS * (len(own) + bool(rest))
    costs += sum(refused[kind] * math.log(total / refused[kind]) for kind in own)
    if rest:
        share = sum(refused[kind] for kind in rest) / total / (sum(sent.values()) - sum(sent[kind] for kind in own))
        costs -= sum(refused[kind] * math.log(share * sent[kind]) for kind in rest)
    return _Explanation({**{kind: kind for kind in own}, **dict.fromkeys(rest, wide)}, costs)
