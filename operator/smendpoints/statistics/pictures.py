"""Figures of several models as pictures (SVG); their colours are those of `document`'s style. Pure; knows no numpy."""

from collections.abc import Callable, Mapping, Sequence
from html import escape

from smendpoints.statistics.document import COLOURS

_WIDTH = 460.0
_LABEL, _FIGURE, _TOP, _FOOT = 120.0, 62.0, 26.0, 30.0
_BAR, _GAP = 12.0, 8.0
_LONGEST = 15
_DARKEST = 0.45  # a count can still be read on it, in both themes
Values = Sequence[float | None]


def bars(
    title: str,
    models: Sequence[str],
    groups: Mapping[str, Values],
    written: Callable[[float], str],
    limits: Sequence[float] = (),
) -> str:
    """A bar for each model in each group, from zero; `limits` are drawn across them."""
    highest = max([*(value or 0.0 for values in groups.values() for value in values), *limits, 1e-12])
    right = _WIDTH - _FIGURE
    height = _TOP + len(groups) * (_BAR * len(models) + _GAP) + 4
    parts = _legend(models)
    top = _TOP
    for name, values in groups.items():
        parts.append(_words(_LABEL - 8, top + _BAR * len(models) / 2 + 4, name, "end"))
        for number, value in enumerate(values):
            if value is not None:
                wide = (right - _LABEL) * max(value, 0.0) / highest
                place = f'x="{_LABEL:g}" y="{top:g}" width="{wide:.1f}" height="{_BAR - 2:g}"'
                parts.append(f'<rect class="m{number % COLOURS}" {place}/>')
                parts.append(_words(_LABEL + wide + 4, top + _BAR - 3, written(value), "start"))
            top += _BAR
        top += _GAP
    for limit in limits:
        x = f"{_LABEL + (right - _LABEL) * limit / highest:.1f}"
        parts.append(f'<line class="margin" x1="{x}" y1="{_TOP:g}" x2="{x}" y2="{height - 4:g}"/>')
    return _svg(title, height, parts)


def calibration(title: str, models: Mapping[str, Sequence[tuple[float, float, int]]]) -> str:
    """Confidence across and the share that was right upwards, a point for each bin, as large as it has answers."""
    size, left, top = 240.0, 60.0, 30.0
    floor = top + size
    parts = _legend(list(models))
    for share in (0.0, 0.5, 1.0):
        x, y = left + size * share, floor - size * share
        parts.append(f'<line class="grid" x1="{left:g}" y1="{y:g}" x2="{left + size:g}" y2="{y:g}"/>')
        parts.append(_words(left - 6, y + 4, f"{share:.0%}", "end"))
        parts.append(_words(x, floor + 16, f"{share:.0%}", "middle"))
    parts.append(f'<line class="zero" x1="{left:g}" y1="{floor:g}" x2="{left + size:g}" y2="{top:g}"/>')
    for number, points in enumerate(models.values()):
        most = max((known for _, _, known in points), default=1)
        placed = [(left + size * sure, floor - size * right, known) for sure, right, known in points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in placed)
        parts.append(f'<polyline class="l{number % COLOURS}" points="{line}"/>')
        parts += [
            f'<circle class="m{number % COLOURS}" cx="{x:.1f}" cy="{y:.1f}" r="{2 + 5 * (known / most) ** 0.5:.1f}"/>'
            for x, y, known in placed
        ]
    parts.append(_words(left + size / 2, floor + 34, "confidence", "middle"))
    parts.append(_words(left + size + 8, top + 4, "right", "start"))
    return _svg(title, floor + _FOOT + 10, parts)


def squares(title: str, counts: Mapping[str, Mapping[str, int]]) -> str:
    """Counts by two classes, the darker the larger their share of the row."""
    names = list(counts)
    side = min(44.0, (_WIDTH - _LABEL) / max(len(names), 1))
    parts = []
    for down, (name, row) in enumerate(counts.items()):
        y, total = _TOP + down * side, sum(row.values())
        parts.append(_words(_LABEL - 8, y + side / 2 + 4, name, "end"))
        for across, count in enumerate(row.values()):
            x = _LABEL + across * side
            share = count / total if total else 0.0
            place = f'x="{x:.1f}" y="{y:.1f}" width="{side:.1f}" height="{side:.1f}"'
            parts.append(f'<rect class="heat" fill-opacity="{_DARKEST * share:.3f}" {place}/>')
            if side >= 30:
                parts.append(_words(x + side / 2, y + side / 2 + 4, str(count), "middle", "count"))
    parts += [
        _words(_LABEL + (number + 0.5) * side, _TOP - 8, _short(name, max(3, int(side / 7))), "middle")
        for number, name in enumerate(names)
    ]
    return _svg(title, _TOP + len(names) * side + 6, parts)


def _legend(models: Sequence[str]) -> list[str]:
    parts, step = [], (_WIDTH - 10) / max(len(models), 1)
    for number, name in enumerate(models):
        x = 4 + number * step
        parts.append(f'<rect class="m{number % COLOURS}" x="{x:.1f}" y="4" width="10" height="10"/>')
        parts.append(_words(x + 14, 13, _short(name, max(3, int((step - 18) / 6.5))), "start"))
    return parts


def _words(x: float, y: float, said: str, anchor: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(_short(said, _LONGEST))}</text>'


def _short(said: str, most: int) -> str:
    return said if len(said) <= most else f"{said[: most - 1]}…"


def _svg(title: str, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {_WIDTH:g} {height:g}" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )
