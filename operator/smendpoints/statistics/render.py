"""A report on models as text for a terminal: a column for each model, `-` where nothing is known."""

from collections.abc import Mapping, Sequence

from smendpoints.statistics.models import Report, Table

_LABEL = 30
_CELL = 16


def text(report: Report) -> str:
    """The report as lines, each ended; models in the order of the report."""
    models = report.models.values()
    lines = [
        _row("", list(report.models)),
        *_line("requests", [each.requests for each in models], ","),
        *_line("error rate (5xx)", [each.error_rate for each in models], ".3%"),
        *_line("refused (4xx)", [each.refused_rate for each in models], ".3%"),
        *_block("latency", [each.latency for each in models], ",.1f", after=" (ms)"),
        *_line("captured requests", [each.captured for each in models], ","),
        *_line("mean confidence", [each.confidence for each in models], ".3f"),
        *_line("answers with a known truth", [each.known or None for each in models], ","),
        *_line("accuracy", [each.accuracy for each in models], ".2%"),
        *_line("calibration error", [each.calibration_error for each in models], ".3f"),
        *_titled("Predicted classes", _block(" ", [each.classes for each in models], ".1%")),
        *_titled("Drift against training (stability index)", _block(" ", [each.drift for each in models], ".3f")),
        *_titled(
            "Different classes for the same input",
            [
                _row(f"  {pair}", [f"{each.share:.1%}", f"of {each.inputs:,}"])
                for pair, each in report.disagreement.items()
            ],
        ),
    ]
    for name, each in report.models.items():
        if each.confusion:
            lines += ["", *square(f"Confusion of {name} (rows true, columns predicted)", each.confusion)]
    for pair, found in report.disagreement.items():
        if found.share:
            one, _, other = pair.partition(" / ")
            lines += ["", *square(f"The same inputs by {one} (rows) and {other} (columns)", found.answers)]
    return "\n".join(lines) + "\n"


def square(title: str, table: Table) -> list[str]:
    """Counts by two classes as lines."""
    rows = [_row(f"  {name}", [f"{count:,}" for count in row.values()]) for name, row in table.items()]
    return [title, _row("", list(table)), *rows]


def _line(label: str, values: Sequence[float | None], form: str) -> list[str]:
    """One line; none if no model has a value."""
    if all(value is None for value in values):
        return []
    return [_row(label, ["-" if value is None else format(value, form) for value in values])]


def _block(label: str, values: Sequence[Mapping[str, float] | None], form: str, after: str = "") -> list[str]:
    """A line for each key, in the order in which they come."""
    keys = dict.fromkeys(key for value in values for key in value or {})
    return [
        line
        for key in keys
        for line in _line(f"{label} {key}{after}", [(value or {}).get(key) for value in values], form)
    ]


def _titled(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, *lines] if lines else []


def _row(label: str, cells: Sequence[str]) -> str:
    return (f"{label:<{_LABEL}}" + "".join(f" {cell:>{_CELL - 1}}" for cell in cells)).rstrip()
