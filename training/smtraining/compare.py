"""Compares trained models on the same splits: a report as text, and as a picture."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from smtraining.calibrate import LEVELS
from smtraining.data import Dataset
from smtraining.evaluate import Repeated
from smtraining.metrics import reliability
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
        for model, scores in zip(models, found, strict=True):
            lines += ["", f"Confusion of {model.name} (rows true, columns predicted)", _row("", dataset.classes)]
            lines += [
                _row(name, [str(n) for n in row])
                for name, row in zip(dataset.classes, scores["confusion"], strict=True)
            ]
    return "\n".join(lines) + "\n"


def picture(models: Sequence[Trained], dataset: Dataset) -> bytes:
    """The report as a PNG: measures, coverage, calibration, and one confusion matrix per model."""
    repeated = _repeated(models)
    if not repeated:
        raise ValueError("a picture needs at least one random split")
    figure = Figure(figsize=(12, 7), layout="constrained")
    axes = figure.subplots(2, 3)
    found = [one.describe() for one in repeated]
    _bars(axes[0, 0], [label for _, label in _MEASURES], models, [[one[key] for key, _ in _MEASURES] for one in found])
    axes[0, 0].set_title(f"measures on {len(repeated[0].y)} held-out rows")
    _bars(
        axes[0, 1],
        [f"nominal {level:.2f}" for level in LEVELS],
        models,
        [[one.coverage[level].covered for level in LEVELS] for one in repeated],
    )
    for i, level in enumerate(LEVELS):
        axes[0, 1].hlines(level, i - 0.45, i + 0.45, colors="black", linestyles="dashed")
    axes[0, 1].set_ylim(0.5, 1.0)
    axes[0, 1].set_title("coverage of conformal sets")
    axes[0, 2].plot([0, 1], [0, 1], color="grey", linestyle="dotted")
    for model, one in zip(models, repeated, strict=True):
        mean, observed, _ = reliability(one.proba, one.y)
        axes[0, 2].plot(mean, observed, marker="o", label=model.name)
    axes[0, 2].set(xlabel="probability of the predicted class", ylabel="share that was right")
    axes[0, 2].legend()
    axes[0, 2].set_title("calibration")
    for axis in axes[1]:
        axis.set_visible(False)
    for axis, model, scores in zip(axes[1], models, found, strict=False):
        axis.set_visible(True)
        _confusion(axis, np.array(scores["confusion"]), dataset.classes)
        axis.set_title(f"confusion of {model.name}")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def _repeated(models: Sequence[Trained]) -> list[Repeated]:
    return [model.repeated for model in models if model.repeated is not None]


def _row(label: str, cells: Sequence[str]) -> str:
    return f"{label:<20}" + "".join(f"{cell:>20}" for cell in cells)


def _bars(axis: Axes, labels: Sequence[str], models: Sequence[Trained], heights: Sequence[Sequence[float]]) -> None:
    width = 0.8 / len(models)
    for i, (model, values) in enumerate(zip(models, heights, strict=True)):
        places = np.arange(len(labels)) + (i - (len(models) - 1) / 2) * width
        axis.bar_label(axis.bar(places, values, width, label=model.name), fmt="%.3f", fontsize=8)
    axis.set_xticks(np.arange(len(labels)), labels, fontsize=8)
    axis.legend(fontsize=8)


def _confusion(axis: Axes, counts: np.ndarray, classes: Sequence[str]) -> None:
    axis.imshow(counts, cmap="Blues")
    for (i, j), count in np.ndenumerate(counts):
        axis.text(j, i, str(count), ha="center", va="center", color="white" if count > counts.max() / 2 else "black")
    axis.set_xticks(range(len(classes)), classes)
    axis.set_yticks(range(len(classes)), classes)
    axis.set(xlabel="predicted", ylabel="true")
