"""What two models disagree about, row by row. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from smclient.console.playground.answers import Answered, Predicted

_CLEAR = 0.1


@dataclass(frozen=True)
class Difference:
    """One row. `distance` is half the sum of the probabilities' differences (0 to 1), or that of the values."""

    row: int
    first: Predicted
    second: Predicted
    differs: bool
    distance: float


@dataclass(frozen=True)
class Comparison:
    """All rows, those that differ most first; `verdict` is a sentence."""

    rows: tuple[Difference, ...]
    differing: int
    verdict: str


def compared(first: Answered, second: Answered, names: tuple[str, str]) -> Comparison | None:
    """The differences between two answers to the same rows; None where they are not of the same number of rows."""
    if len(first.rows) != len(second.rows):
        return None
    rows = [_difference(place, *pair) for place, pair in enumerate(zip(first.rows, second.rows, strict=True))]
    differing = sum(each.differs for each in rows)
    ordered = tuple(sorted(rows, key=lambda each: (not each.differs, -each.distance, each.row)))
    return Comparison(ordered, differing, _verdict(rows, differing, names))


def _difference(place: int, first: Predicted, second: Predicted) -> Difference:
    if first.label is None or second.label is None:
        values = [each.value for each in (first, second) if each.value is not None]
        distance = abs(values[0] - values[1]) if len(values) == 2 else 0.0
        return Difference(place, first, second, len(values) != 2 or values[0] != values[1], distance)
    labels = first.probabilities.keys() | second.probabilities.keys()
    gaps = (abs(first.probabilities.get(each, 0.0) - second.probabilities.get(each, 0.0)) for each in labels)
    return Difference(place, first, second, first.label != second.label, sum(gaps) / 2)


def _verdict(rows: Sequence[Difference], differing: int, names: tuple[str, str]) -> str:
    if len(rows) > 1:
        return f"They answer {differing} of {len(rows)} rows differently." if differing else "They agree on all rows."
    (only,) = rows
    if only.first.label is None:
        return f"They differ by {only.distance:.4g}." if only.differs else "They answer the same value."
    if only.differs:
        return f"They disagree: {names[0]} says {_told(only.first)}, {names[1]} says {_told(only.second)}."
    if only.distance >= _CLEAR:
        return f"Both say {only.first.said}, but not as surely: {_told(only.first)} and {_told(only.second)}."
    return f"They agree: both say {only.first.said}."


def _told(found: Predicted) -> str:
    sure = "" if found.probability is None else f" ({found.probability:.0%})"
    return f"{found.said}{sure}"
