"""The geometry of a confidence sequence: for a challenger, which differences were still possible, over time. Pure.

A sequence, unlike an interval at one moment, holds at all looks together: so all of them are drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from smclient.console.playground.waterfall import Tick, marks, widened
from smclient.views.challengers import LookView

WIDTH, HEIGHT = 460.0, 252.0
_LEFT, _RIGHT, _TOP, _FOOT = 46.0, 14.0, 18.0, 46.0  # at the foot two lines of what a phone shows larger
_MOST_TICKS = 6
_UNITS = (("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0))
_STEPS = tuple(
    float(each) for each in (1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
)


@dataclass(frozen=True)
class Place:
    """A point of the picture."""

    x: float
    y: float


@dataclass(frozen=True)
class Picture:
    """The picture. `band` and `line` are points of SVG's `points`; `margin_y` is None where there is no margin.

    `cut`: some bounds lie beyond the frame, and are drawn at its edge. `end`: the last difference, where the verdict
    stands; `anchor` is how its word lies beside it.
    """

    width: float
    height: float
    left: float
    right: float
    top: float
    floor: float
    band: str
    line: str
    dots: tuple[Place, ...]
    zero_y: float
    margin_y: float | None
    times: tuple[Tick, ...]
    points: tuple[Tick, ...]
    cut: bool
    end: Place
    anchor: str


def picture(looks: Sequence[LookView], start: datetime | None, margin: float | None) -> Picture | None:
    """Of the looks, oldest first, since the start of the experiment; None without a look that tells a difference.

    margin: in points, with its sign: the difference that a challenger must not pass; None or 0: there is none.
    """
    known = [each for each in looks if each.difference is not None]
    if not known:
        return None
    first = min(start, known[0].at) if start is not None else known[0].at
    seconds = max((known[-1].at - first).total_seconds(), 1.0)
    low, high = _frame(known, margin or 0.0)
    right, floor = WIDTH - _RIGHT, HEIGHT - _FOOT

    def across(elapsed: float) -> float:
        return _LEFT + (right - _LEFT) * elapsed / seconds

    def up(points: float) -> float:
        return floor - (floor - _TOP) * (min(max(points, low), high) - low) / (high - low)

    xs = [across((each.at - first).total_seconds()) for each in known]
    uppers = [Place(x, up(high if each.upper is None else each.upper)) for x, each in zip(xs, known, strict=True)]
    lowers = [Place(x, up(low if each.lower is None else each.lower)) for x, each in zip(xs, known, strict=True)]
    dots = tuple(Place(x, up(each.difference or 0.0)) for x, each in zip(xs, known, strict=True))
    bounds = [bound for each in known for bound in (each.lower, each.upper)]
    return Picture(
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=right,
        top=_TOP,
        floor=floor,
        band=_points([*uppers, *reversed(lowers)]),
        line=_points(dots),
        dots=dots,
        zero_y=up(0.0),
        margin_y=up(margin) if margin else None,
        times=tuple(Tick(across(each), _duration(each)) for each in _elapsed(seconds)),
        points=tuple(Tick(up(each), f"{each:+.3g}" if each else "0") for each in marks(low, high, 6)),
        cut=any(bound is None or not low <= bound <= high for bound in bounds),
        end=dots[-1],
        anchor="end" if dots[-1].x > WIDTH / 2 else "start",
    )


def _frame(looks: Sequence[LookView], margin: float) -> tuple[float, float]:
    """The lowest and the highest difference that is drawn: zero, the margin, and what was possible or seen in the
    later half of the looks. The first intervals are as wide as can be, and would hide all else.
    """
    later = looks[len(looks) // 2 :]
    ends = [bound for each in later for bound in (each.lower, each.upper) if bound is not None]
    seen = [each.difference for each in later if each.difference is not None]
    return widened(min(0.0, margin, *ends, *seen), max(0.0, margin, *ends, *seen))


def _elapsed(seconds: float) -> list[float]:
    """Round times since the start, a few."""
    step = next((each for each in _STEPS if seconds / each <= _MOST_TICKS), None)
    if step is None:
        days = seconds / 86400
        step = 86400.0 * next(each for each in (2, 5, 10, 20, 50, 100, 1000, 10**6) if days / each <= _MOST_TICKS)
    return [step * number for number in range(int(seconds / step + 1e-9) + 1)]


def _duration(seconds: float) -> str:
    """As `0`, `90 min`, `1 d`: in the largest unit that leaves a whole number."""
    if seconds == 0:
        return "0"
    letter, size = next((letter, size) for letter, size in _UNITS if seconds % size == 0 or size == 1)
    return f"{seconds / size:g} {letter}"


def _points(places: Sequence[Place]) -> str:
    return " ".join(f"{each.x:.1f},{each.y:.1f}" for each in places)
