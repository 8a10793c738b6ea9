"""A report on models as HTML: each figure as a picture, with its table beside it; alone, or as parts of a page."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from smendpoints.statistics import pictures
from smendpoints.statistics.document import page, pictured, table
from smendpoints.statistics.models import Described, Report

_MOST = 20
"""Groups of bars in a picture; its table has them all."""
_SLIGHT, _LARGE = 0.1, 0.25
"""Of the stability index."""
Numbers = Mapping[str, float] | None
NO_VERDICT = "In what models differ is told here; whether that could be chance, a verdict says."


@dataclass(frozen=True)
class Part:
    """A part of a report: its title (text), and its HTML, whose classes are those of `document`'s style."""

    title: str
    html: str


def illustrated(report: Report, title: str, about: Iterable[str] = (), notes: Iterable[str] = ()) -> str:
    """The whole page. All are texts: `about` stands below the title, `notes` at the foot."""
    first, *others = parts(report)
    body = [f"<h1>{escape(title)}</h1>", *(f"<p>{escape(each)}</p>" for each in about), first.html]
    for each in others:
        body += [f"<h2>{escape(each.title)}</h2>", each.html]
    notes = [f"<p>{escape(each)}</p>" for each in notes]
    body.append(f"<footer>{''.join(notes)}<p>{NO_VERDICT}</p></footer>")
    return page(title, body)


def parts(report: Report) -> list[Part]:
    """What is known of the models, part by part; the first has the figures that are a number each."""
    models = report.models
    found = [
        Part("In figures", _figures(report)),
        *_bars(models, "Latency of the model", "milliseconds", lambda each: each.latency, lambda ms: f"{ms:,.1f}"),
        *_bars(
            models, "Predicted classes", "share of the answers", lambda each: each.classes, lambda share: f"{share:.1%}"
        ),
        *_calibration(models),
    ]
    for name, each in models.items():
        found += _square(f"Confusion of {name}", "rows true, columns predicted", each.confusion)
    found += _bars(
        models,
        "Drift against training",
        f"population stability index; {_SLIGHT:g} and {_LARGE:g}: a slight and a large change by common use",
        lambda each: each.drift,
        lambda index: f"{index:.3f}",
        limits=(_SLIGHT, _LARGE),
    )
    for pair, known in report.disagreement.items():
        one, _, other = pair.partition(" / ")
        told = f"{known.share:.1%} of {known.inputs:,} inputs were answered with different classes; rows {one}, columns"
        found += _square(f"Answers to the same inputs: {pair}", f"{told} {other}", known.answers)
    return found


def _figures(report: Report) -> str:
    models = report.models.values()
    rows = [
        ("Requests", [f"{each.requests:,}" for each in models]),
        ("Error rate (5xx)", [_written(each.error_rate, ".3%") for each in models]),
        ("Refused (4xx)", [_written(each.refused_rate, ".3%") for each in models]),
        ("Captured requests", [_written(each.captured, ",") for each in models]),
        ("Mean confidence", [_written(each.confidence, ".3f") for each in models]),
        ("Answers with a known truth", [f"{each.known:,}" for each in models]),
        ("Accuracy", [_written(each.accuracy, ".2%") for each in models]),
        ("Calibration error", [_written(each.calibration_error, ".3f") for each in models]),
    ]
    known = [[name, *cells] for name, cells in rows if any(cell != "-" for cell in cells)]
    return table("In figures", ["", *report.models], known)


def _bars(
    models: Mapping[str, Described],
    title: str,
    unit: str,
    of: Callable[[Described], Numbers],
    written: Callable[[float], str],
    limits: Sequence[float] = (),
) -> list[Part]:
    found = [of(each) or {} for each in models.values()]
    names = list(dict.fromkeys(name for each in found for name in each))
    if not names:
        return []
    groups = {name: [each.get(name) for each in found] for name in names}
    rows = [[name, *("-" if value is None else written(value) for value in values)] for name, values in groups.items()]
    largest = sorted(names, key=lambda name: -max(value or 0.0 for value in groups[name]))[:_MOST]
    drawn = {name: groups[name] for name in names if name in largest}
    cut = f" The {_MOST} largest of {len(names)} are drawn." if len(names) > _MOST else ""
    picture = pictures.bars(title, list(models), drawn, written, limits)
    beside = table(title, ["", *models], rows)
    return [Part(title, pictured(picture, f"{title}: {unit}.{cut}", beside))]


def _calibration(models: Mapping[str, Described]) -> list[Part]:
    found = {name: each.calibration for name, each in models.items() if each.calibration}
    if not found:
        return []
    rows = [
        [name, f"{each.known:,}", f"{each.confidence:.3f}", f"{each.right:.1%}"]
        for name, bins in found.items()
        for each in bins
    ]
    # A model without known truths keeps its colour in the other pictures.
    placed = {
        name: [(each.confidence, each.right, each.known) for each in model.calibration or ()]
        for name, model in models.items()
    }
    picture = pictures.calibration("Calibration", placed)
    caption = "Confidence and the share that was right; on the line they are the same."
    beside = table("Answers with a known truth", ["", "Answers", "Mean confidence", "Right"], rows)
    return [Part("Calibration", pictured(picture, caption, beside))]


def _square(title: str, told: str, counts: Mapping[str, Mapping[str, int]] | None) -> list[Part]:
    if not counts:
        return []
    rows = [[name, *(f"{count:,}" for count in row.values())] for name, row in counts.items()]
    beside = table(title, ["", *counts], rows)
    return [Part(title, pictured(pictures.squares(title, counts), f"{told}.", beside))]


def _written(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
