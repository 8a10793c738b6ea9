"""Compares trained models on the same splits: a report as text, as a page, and as a picture.

Text and page share their code with the report on models in production (`smendpoints.statistics`).
"""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from smendpoints.statistics.answers import Answers, reliability
from smendpoints.statistics.illustrated import illustrated
from smendpoints.statistics.models import Report
from smendpoints.statistics.models import compare as side_by_side
from smendpoints.statistics.render import square
from smtraining.calibrate import LEVELS
from smtraining.data import Dataset
from smtraining.evaluate import Repeated
from smtraining.metrics import reliability as in_bins
from smtraining.train import Trained

_MEASURES = (
    ("accuracy", "accuracy"),
    ("log_loss", "log loss"),
    ("brier", "Brier score"),
    ("calibration_error", "calibration error"),
)


def text(models: Sequence[Trained], dataset: Dataset, seed: int) -> str:
    """The report for a terminal: every model measured on the rows that every other one is measured on."""
    names = [model.name for model in models]
    lines = [
        f"{dataset.name}: {len(dataset.X)} rows, {len(dataset.feature_names)} features, {len(dataset.classes)} classes"
    ]
    lines += ["", f"One split (seed {seed}), {len(models[0].split.y_test)} held-out rows", _row("", names)]
    lines += [_row(label, [f"{model.scores[key]:.4f}" for model in models]) for key, label in _MEASURES]
    repeated = _repeated(models)
    if repeated:
        lines += ["", f"{repeated[0].splits} random splits, {len(repeated[0].y)} held-out rows", _row("", names)]
        found = [one.describe() for one in repeated]
        lines += [_row(label, [f"{scores[key]:.4f}" for scores in found]) for key, label in _MEASURES]
        lines += ["", "Conformal prediction sets on the held-out rows", _row("", names)]
        for level in LEVELS:
            covered = [one.coverage[level] for one in repeated]
            lines += [_row(f"coverage at {level:.2f}", [f"{one.covered:.3f}" for one in covered])]
            lines += [_row("  mean size", [f"{one.size:.2f}" for one in covered])]
            lines += [_row("  empty", [f"{one.empty:.1%}" for one in covered])]
        for name, model in report(models, dataset).models.items():
            lines += ["", *square(f"Confusion of {name} (rows true, columns predicted)", model.confusion or {})]
    return "\n".join(lines) + "\n"


def report(models: Sequence[Trained], dataset: Dataset) -> Report:
    """Each model that was measured on random splits by what it answered to the held-out rows, whose truth is known."""
    return side_by_side(
        {model.name: _answers(model.repeated, dataset) for model in models if model.repeated is not None}
    )


def page(models: Sequence[Trained], dataset: Dataset) -> str:
    """The report as an HTML page that needs nothing else."""
    repeated = _repeated(models)
    rows = len(repeated[0].y) if repeated else 0
    about = f"{len(dataset.X)} rows; {rows} held-out rows of {repeated[0].splits if repeated else 0} random splits."
    return illustrated(report(models, dataset), f"{dataset.name}: models compared", [about])


def picture(models: Sequence[Trained], dataset: Dataset) -> bytes:
    """The report as a PNG: measures, conformal sets, calibration, and one confusion matrix per model."""
    repeated = _repeated(models)
    if not repeated:
        raise ValueError("a picture needs at least one random split")
    figure = Figure(figsize=(13, 8), layout="constrained")
    figure.suptitle(f"{dataset.name}: {repeated[0].splits} random splits, {len(repeated[0].y)} held-out rows")
    measures, coverage, size, reliable, *confusions = figure.subplots(2, -(-(4 + len(models)) // 2)).ravel()
    found = [one.describe() for one in repeated]
    names = [label.replace(" ", "\n") for _, label in _MEASURES]
    _bars(measures, names, models, [[one[key] for key, _ in _MEASURES] for one in found])
    measures.set(title="measures", ylim=(0, 1.3))
    levels = [f"nominal {level:.2f}" for level in LEVELS]
    _bars(
        coverage, levels, models, [[one.coverage[level].covered for level in LEVELS] for one in repeated], inside=True
    )
    for i, level in enumerate(LEVELS):
        coverage.hlines(level, i - 0.45, i + 0.45, colors="black", linestyles="dashed")
    coverage.set(title="coverage of conformal sets (dashed: nominal)", ylim=(0.5, 1.0))
    _bars(size, levels, models, [[one.coverage[level].size for level in LEVELS] for one in repeated], inside=True)
    size.set(title="mean size of conformal sets")
    reliable.plot([0, 1], [0, 1], color="grey", linestyle="dotted")
    for i, (model, one) in enumerate(zip(models, repeated, strict=True)):
        _reliability(reliable, one, model.name, above=i % 2 == 0)
    reliable.set(
        xlabel="probability of the predicted class",
        ylabel="share that was right",
        title="calibration (points: rows)",
        ylim=(-0.05, 1.2),
    )
    reliable.legend(fontsize=8)
    for axis in confusions:
        axis.set_visible(False)
    for axis, model, scores in zip(confusions, models, found, strict=False):
        axis.set_visible(True)
        _confusion(axis, np.array(scores["confusion"]), dataset.classes)
        axis.set_title(f"confusion of {model.name}")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def _repeated(models: Sequence[Trained]) -> list[Repeated]:
    return [model.repeated for model in models if model.repeated is not None]


def _answers(one: Repeated, dataset: Dataset) -> Answers:
    said, rows = one.proba.argmax(axis=1), len(one.y)
    return Answers(
        requests=rows,
        predicted={name: int((said == k).sum()) for k, name in enumerate(dataset.classes)},
        reliability=reliability(one.proba.max(axis=1), np.ones(rows, bool), said == one.y),
        classes=dataset.classes,
        confusion=np.array(one.describe()["confusion"]),
    )


def _row(label: str, cells: Sequence[str]) -> str:
    return f"{label:<20}" + "".join(f"{cell:>20}" for cell in cells)


def _bars(
    axis: Axes,
    labels: Sequence[str],
    models: Sequence[Trained],
    heights: Sequence[Sequence[float]],
    *,
    inside: bool = False,
) -> None:
    """A bar for each label and model, with its number above it, or in it where a line may run along its top."""
    width = 0.8 / len(models)
    place = {"label_type": "center", "color": "white"} if inside else {"padding": 2, "rotation": 90}
    for i, (model, values) in enumerate(zip(models, heights, strict=True)):
        places = np.arange(len(labels)) + (i - (len(models) - 1) / 2) * width
        axis.bar_label(axis.bar(places, values, width, label=model.name), fmt="%.3f", fontsize=8, **place)
    axis.set_xticks(np.arange(len(labels)), labels, fontsize=8)
    if not inside:
        axis.legend(fontsize=8, loc="upper right")


def _reliability(axis: Axes, one: Repeated, name: str, *, above: bool) -> None:
    """A point for each bin, as large as it has rows, and their number beside it: a bin of few says little."""
    mean, observed, rows = in_bins(one.proba, one.y)
    (line,) = axis.plot(mean, observed, linewidth=1, label=name)
    axis.scatter(mean, observed, s=20 + 300 * rows / rows.sum(), color=line.get_color(), alpha=0.7)
    for x, y, count in zip(mean, observed, rows, strict=True):
        axis.annotate(
            str(count), (x, y), xytext=(-8, 6 if above else -12), textcoords="offset points", ha="right", fontsize=8
        )


def _confusion(axis: Axes, counts: np.ndarray, classes: Sequence[str]) -> None:
    axis.imshow(counts, cmap="Blues")
    for (i, j), count in np.ndenumerate(counts):
        axis.text(j, i, str(count), ha="center", va="center", color="white" if count > counts.max() / 2 else "black")
    axis.set_xticks(range(len(classes)), classes)
    axis.set_yticks(range(len(classes)), classes)
    axis.set(xlabel="predicted", ylabel="true")
