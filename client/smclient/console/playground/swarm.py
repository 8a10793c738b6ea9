"""The geometry of a summary over rows: for each feature a dot a row, by its contribution, coloured by its value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from smclient.console.playground.waterfall import Tick, marks, widened

MOST_FEATURES = 12
MOST_DOTS = 300
WIDTH = 420.0
_LEFT, _RIGHT, _TOP, _ROW, _FOOT = 12.0, 12.0, 12.0, 54.0, 30.0
_RADIUS = 3.0
_SHADES = 5


@dataclass(frozen=True)
class Dot:
    """A row's contribution; `shade` is where its value is among all, from 0 (low) to 4 (high)."""

    x: float
    y: float
    shade: int


@dataclass(frozen=True)
class Band:
    """A feature with its dots. `mean` is the mean size of its contributions, `low` and `high` their ends."""

    feature: str
    label_y: float
    y: float
    mean: float
    low: float
    high: float
    dots: tuple[Dot, ...]


@dataclass(frozen=True)
class Swarm:
    """The picture; `bands` are of the features that count most, `all` of every feature, for the table beside."""

    width: float
    height: float
    bands: tuple[Band, ...]
    all: tuple[Band, ...]
    ticks: tuple[Tick, ...]
    zero_x: float
    floor: float
    drawn: int
    rows: int
    radius: float = _RADIUS


def swarm(contributions: Sequence[Mapping[str, float]], values: Sequence[Mapping[str, float | None]]) -> Swarm | None:
    """The picture of the rows' contributions by feature; None without any. Of many rows every n-th is drawn."""
    if not contributions or not contributions[0]:
        return None
    names = sorted(contributions[0], key=lambda each: (-_mean(contributions, each), each))
    every = -(-len(contributions) // MOST_DOTS)
    shares = [row[name] for row in contributions for name in row]
    low, high = widened(min(0.0, *shares), max(0.0, *shares))
    scale = (WIDTH - _LEFT - _RIGHT) / (high - low)
    bands = []
    for place, name in enumerate(names):
        found = [row[name] for row in contributions]
        middle = _TOP + place * _ROW + 34
        shades = _shades([row.get(name) for row in values])
        spots = [(_LEFT + (found[row] - low) * scale, shades[row]) for row in range(0, len(found), every)]
        dots = _apart(spots, middle) if place < MOST_FEATURES else ()
        mean = _mean(contributions, name)
        bands.append(Band(name, _TOP + place * _ROW + 12, middle, mean, min(found), max(found), dots))
    shown = tuple(bands[:MOST_FEATURES])
    floor = _TOP + len(shown) * _ROW
    return Swarm(
        WIDTH,
        floor + _FOOT,
        shown,
        tuple(bands),
        tuple(Tick(_LEFT + (each - low) * scale, f"{each:.6g}") for each in marks(low, high, 4)),
        _LEFT - low * scale,
        floor,
        len(range(0, len(contributions), every)),
        len(contributions),
    )


def _mean(contributions: Sequence[Mapping[str, float]], name: str) -> float:
    return sum(abs(row[name]) for row in contributions) / len(contributions)


def _shades(values: Sequence[float | None]) -> list[int]:
    known = [each for each in values if each is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    if not high > low:
        return [_SHADES // 2] * len(values)
    return [
        _SHADES // 2 if each is None else min(_SHADES - 1, int((each - low) / (high - low) * _SHADES))
        for each in values
    ]


def _apart(spots: Sequence[tuple[float, int]], middle: float) -> tuple[Dot, ...]:
    """Dots that do not hide each other: those of one place go up and down from the middle, as far as there is room."""
    taken: dict[int, int] = {}
    dots = []
    for x, shade in spots:
        column = round(x / (2 * _RADIUS))
        number = taken[column] = taken.get(column, -1) + 1
        away = min((number + 1) // 2 * _RADIUS * 0.9, 14.0)
        dots.append(Dot(x, middle + (away if number % 2 else -away), shade))
    return tuple(dots)
