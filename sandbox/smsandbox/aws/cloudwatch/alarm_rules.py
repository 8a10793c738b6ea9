"""How an alarm judges its datapoints: pure functions. Not where alarms are kept, and not when they are looked at."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_WORDS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}


def judge(breaches: Sequence[bool | None], needed: int, window: int, missing: str, current: State) -> State:
    """The state after looking at the evaluation range `breaches` (newest last, None = no datapoint).

    `window` newest datapoints count; `needed` breaching ones make an alarm. The range may be longer than the window:
    real datapoints from before then stand in for missing ones, as AWS does. `missing` is TreatMissingData.
    """
    real = [breach for breach in breaches if breach is not None][-window:]
    breaching = sum(real)
    absent = window - len(real)
    if breaching >= needed:
        return "ALARM"
    match missing:
        case "breaching":
            return "ALARM" if breaching + absent >= needed else "OK"
        case "notBreaching":
            return "OK"
        case "ignore":
            return current if not real or (absent and breaching == len(real)) else "OK"
    if not real:
        return "INSUFFICIENT_DATA"
    if not absent or breaching < len(real):
        return "OK"
    # All that is there breaches, but it is too little. AWS waits until the oldest of it is as old as an alarm needs.
    oldest = len(breaches) - next(number for number, breach in enumerate(breaches) if breach is not None)
    return "ALARM" if oldest >= needed else current


def reason(state: State, values: Sequence[float], threshold: float, comparison: str, needed: int) -> str:
    """AWS's sentence for a state change, from the datapoints of the window (newest last)."""
    if state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {needed} {_plural(needed)} unknown."
    compare = COMPARISONS[comparison]
    crossed = [value for value in values if compare(value, threshold)]
    shown = crossed if state == "ALARM" else [value for value in values if not compare(value, threshold)]
    listed = ", ".join(str(float(value)) for value in reversed(shown))
    was = "was" if len(shown) == 1 else "were"
    word = _WORDS[comparison] if state == "ALARM" else f"not {_WORDS[comparison]}"
    if not shown:
        periods = "1 period" if needed == 1 else f"{needed} periods"
        missing = "1 missing datapoint was" if needed == 1 else f"{needed} missing datapoints were"
        treated = "Breaching" if state == "ALARM" else "NonBreaching"
        return f"Threshold Crossed: no datapoints were received for {periods} and {missing} treated as [{treated}]."
    return (
        f"Threshold Crossed: {len(shown)} out of the last {len(values)} datapoints [{listed}] {was} {word} "
        f"the threshold ({float(threshold)})."
    )


def _plural(count: int) -> str:
    return "datapoint was" if count == 1 else "datapoints were"
