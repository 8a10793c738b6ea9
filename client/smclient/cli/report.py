"""The report of an experiment as one HTML page: needs nothing else, runs no script, escapes what others wrote."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from smclient.cli.shares import count, look_cells, metric_cells, minute, source
from smclient.console.sequence import Picture, picture
from smclient.views.advice import advice
from smclient.views.challengers import ChallengerView, limit
from smclient.views.experiments import ExperimentView
from smclient.views.levels import percent
from smclient.views.text import line
from smendpoints import __version__
from smendpoints.statistics import document


def page(view: ExperimentView, now: datetime) -> str:
    """The whole page; `now` is written at its foot."""
    title = f"{view.namespace}/{view.name}"
    body = [
        f"<h1>{_text(title)}: {_text(view.verdict or view.phase or 'Waiting')}</h1>",
        f"<p>{_text(view.message)}</p>",
        f"<p><strong>What to do:</strong> {_prose(advice(view))}</p>",
        _facts(view),
        "<h2>Traffic</h2>",
        _arms(view),
        f'<p>Split check: <span class="{_SPLIT.get(view.split, "")}">{_text(view.split_reason)}</span>.</p>',
        _steps(view),
    ]
    for challenger in view.challengers:
        body += _challenger(view, challenger)
    body.append(
        f"<footer><p>As of {minute(view.counted_until)}; written {minute(now)} by kubectl smendpoint"
        f" {_text(__version__)}. Differences are challenger less control, of shares in percentage points; each"
        " interval holds at all looks together, so one may look and stop at any time.</p></footer>"
    )
    return document.page(line(title), body)


_SPLIT = {"right": "good", "broken": "bad"}


def _facts(view: ExperimentView) -> str:
    ended = ("Ended", minute(view.ended_at)) if view.ended_at is not None else ("Ends by", minute(view.ends_by))
    facts = [
        ("Endpoint", view.endpoint),
        ("Winner", view.winner or "-"),
        ("Goal", view.goal),
        ("Confidence", f"{100 * view.confidence:.4g}%"),
        ("On verdict", view.on_verdict),
        ("Requests of all arms", count(view.requests)),
        ("Began", minute(view.started_at)),
        ended,
    ]
    return document.facts((name, line(value)) for name, value in facts)


def _arms(view: ExperimentView) -> str:
    rows = [
        (
            arm.variant,
            "control" if arm.control else "challenger",
            percent(arm.share),
            count(arm.requests),
            f"given up {minute(arm.ended_at)}" if arm.ended_at else "winner" if arm.variant == view.winner else "",
        )
        for arm in view.arms
    ]
    return _table("The arms", ("Variant", "Role", "Of the arms' traffic", "Requests", ""), rows)


def _steps(view: ExperimentView) -> str:
    rows = [(percent(step.percent), minute(step.counts_from), minute(step.counts_until)) for step in view.steps]
    heads = ("To the challengers together", "Requests count from", "to")
    return _table("Steps of the traffic", heads, rows) if rows else ""


def _challenger(view: ExperimentView, challenger: ChallengerView) -> list[str]:
    rows = []
    for each in challenger.metrics:
        name, *cells = metric_cells(each, view.goal)
        rows.append((name, source(each), *cells))
    heads = ("Metric", "Of", "Control", "Challenger", "Difference", "Interval", "Margin", "Requests", "")
    marks = ["bad" if each.worse else "good" if each.passed else "" for each in challenger.metrics]
    parts = [
        f"<h2>{_text(challenger.variant)}: {_text(challenger.verdict or 'no look yet')}</h2>",
        f"<p>{_text(challenger.reason)}</p>" if challenger.reason else "",
        _table(f"{challenger.variant} beside the control; requests are those of the smaller", heads, rows, marks),
    ]
    drawn = picture(challenger.looks, view.started_at, limit(challenger))
    if drawn is not None:
        name = challenger.metrics[0].name
        looks = map(look_cells, reversed(challenger.looks))
        table = _table("Looks, the last first", ("Until", "Requests", "Difference", "Interval"), looks)
        cut = " The first intervals are wider than the picture." if drawn.cut else ""
        caption = f"{line(name)}: which differences were still possible, by time since the start.{cut}"
        parts.append(document.pictured(svg(drawn, f"{name}: the differences that were still possible"), caption, table))
    return parts


def svg(drawn: Picture, title: str) -> str:
    """The picture of a confidence sequence; colours are the style's."""
    left, right, floor = f"{drawn.left:.1f}", f"{drawn.right:.1f}", drawn.floor
    parts = [
        f'<svg role="img" viewBox="0 0 {drawn.width:g} {drawn.height:g}" xmlns="http://www.w3.org/2000/svg">',
        f"<title>{_text(title)}</title>",
    ]
    for tick in drawn.points:
        parts.append(f'<line class="grid" x1="{left}" y1="{tick.x:.1f}" x2="{right}" y2="{tick.x:.1f}"/>')
        parts.append(f'<text x="{drawn.left - 6:.1f}" y="{tick.x + 4:.1f}" text-anchor="end">{_text(tick.text)}</text>')
    parts += [
        f'<text x="{tick.x:.1f}" y="{floor + 18:.1f}" text-anchor="middle">{_text(tick.text)}</text>'
        for tick in drawn.times
    ]
    parts.append(f'<polygon class="band" points="{drawn.band}"/><polyline class="middle" points="{drawn.line}"/>')
    parts += [
        f'<line class="{name}" x1="{left}" y1="{height:.1f}" x2="{right}" y2="{height:.1f}"/>'
        for name, height in (("zero", drawn.zero_y), ("margin", drawn.margin_y))
        if height is not None
    ]
    if drawn.margin_y is not None:
        parts.append(f'<text x="{right}" y="{drawn.margin_y - 4:.1f}" text-anchor="end">margin</text>')
    return "".join([*parts, "</svg>"])


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], marks: Sequence[str] = ()) -> str:
    """A table; the mark of a row is the class of its last cell."""
    return document.table(line(caption), heads, [[line(cell) for cell in row] for row in rows], marks)


def _text(value: object) -> str:
    return escape(line(value))


def _prose(said: str) -> str:
    """A sentence; what stands in backticks is to be typed."""
    return "".join(
        f"<code>{_text(part)}</code>" if number % 2 else _text(part) for number, part in enumerate(said.split("`"))
    )
