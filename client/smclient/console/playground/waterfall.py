"""The geometry of a waterfall: from the base value, feature by feature, to what the model says of one row."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

MOST_BARS = 9
WIDTH = 420.0
_LEFT, _TOP, _ROW, _BAR, _FOOT = 12.0, 34.0, 40.0, 16.0, 30.0
_GAP = 4.0
_NARROWEST = 1.0
_DIGIT = 8.2  # a digit's width at the size of the text, in bold


@dataclass(frozen=True)
class Step:
    """A contribution, and the sum before and after it. `value` is the feature's own, as text."""

    feature: str
    value: str
    contribution: float
    before: float
    after: float


@dataclass(frozen=True)
class Bar:
    """A step as a rectangle in the picture's units; `label_y` is the line of its name above it."""

    step: Step
    x: float
    y: float
    width: float
    height: float
    label_y: float
    figure_x: float
    link_x: float
    raises: bool


@dataclass(frozen=True)
class Tick:
    """A mark of the axis."""

    x: float
    text: str


@dataclass(frozen=True)
class Waterfall:
    """The picture. `base_x` and `end_x` are where it begins and ends; `steps` are all of them, for the table beside."""

    width: float
    height: float
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    base: float
    end: float
    base_x: float
    end_x: float
    floor: float
    steps: tuple[Step, ...]


def waterfall(
    base: float, contributions: Mapping[str, float], values: Mapping[str, str], most: int = MOST_BARS
) -> Waterfall:
    """The picture of contributions by feature, the largest first; beyond `most` the rest is one bar."""
    ordered = sorted(contributions.items(), key=lambda each: (-abs(each[1]), each[0]))
    steps = _steps(base, [(name, values.get(name, ""), share) for name, share in ordered])
    drawn = steps
    if len(ordered) > most:
        rest = sum(share for _, share in ordered[most - 1 :])
        others = (f"{len(ordered) - most + 1} others", "", rest)
        drawn = _steps(base, [(name, values.get(name, ""), share) for name, share in ordered[: most - 1]] + [others])
    sums = [base, *(each.after for each in drawn)]
    low, high = widened(min(sums), max(sums))
    room = _GAP + max((len(figure(each.contribution)) for each in drawn), default=0) * _DIGIT  # right of every bar
    scale = (WIDTH - _LEFT - room) / (high - low)

    def place(value: float) -> float:
        return _LEFT + (value - low) * scale

    bars = tuple(_bar(step, number, place) for number, step in enumerate(drawn))
    floor = _TOP + len(drawn) * _ROW
    ticks = tuple(Tick(place(each), f"{each:.6g}") for each in marks(low, high, 4))
    end = drawn[-1].after if drawn else base
    return Waterfall(WIDTH, floor + _FOOT, bars, ticks, base, end, place(base), place(end), floor, steps)


def _steps(base: float, shares: Sequence[tuple[str, str, float]]) -> tuple[Step, ...]:
    found, at = [], base
    for feature, value, share in shares:
        found.append(Step(feature, value, share, at, at + share))
        at += share
    return tuple(found)


def _bar(step: Step, number: int, place: Callable[[float], float]) -> Bar:
    left, right = sorted((place(step.before), place(step.after)))
    width = max(right - left, _NARROWEST)
    label_y = _TOP + number * _ROW + 12
    return Bar(
        step,
        left,
        label_y + 5,
        width,
        _BAR,
        label_y,
        right + _GAP,
        place(step.after),
        step.contribution >= 0,
    )


def figure(value: float) -> str:
    """A contribution with its sign and three digits that mean something."""
    if abs(value) < 5e-5:
        return "0"
    return f"{value:+.3f}" if abs(value) < 10 else f"{value:+.4g}"


def widened(low: float, high: float) -> tuple[float, float]:
    """The ends of an axis: with some room at both, and never so near each other that nothing is between them."""
    size = high - low
    room = size * 0.04 if size > 1e-9 * max(1.0, abs(low), abs(high)) else 0.5
    return low - room, high + room


def marks(low: float, high: float, about: int) -> list[float]:
    """Round numbers between two ends, about so many."""
    if not high > low:
        return [low]
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= raw * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [round((first + number) * step, 12) for number in range(max(count, 0))]
