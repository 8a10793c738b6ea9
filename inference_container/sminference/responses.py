"""Predictions to response bodies. JSON fragments of a row are kept, since forests give the same probabilities often."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from sminference.formats import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Probabilities of that many rows and classes are kept as JSON.
_KEPT = 24_576


class ClassifierWriter:
    """Writes the probabilities of one classifier. Safe to use from several threads.

    `chosen` are the indices of the predicted classes; without them the most probable ones are predicted.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = tuple(classes)
        self._row_bytes = f"V{8 * len(self._classes)}"
        self._fragments: dict[bytes, bytes] = {}

    def predictions(self, proba: NDArray[np.float64], chosen: NDArray[np.intp] | None = None) -> list[dict[str, Any]]:
        """One object a row, as JSON has it."""
        indices = proba.argmax(axis=1) if chosen is None else chosen
        return [self._prediction(row, index) for row, index in zip(proba.tolist(), indices.tolist(), strict=True)]

    def _prediction(self, row: list[float], index: int) -> dict[str, Any]:
        return {
            "predicted_class": self._classes[index],
            "predicted_class_index": index,
            "probabilities": dict(zip(self._classes, row, strict=True)),
        }

    def _joined(self, proba: NDArray[np.float64], chosen: NDArray[np.intp] | None, separator: bytes) -> bytes:
        if chosen is not None:
            return separator.join(map(orjson.dumps, self.predictions(proba, chosen)))
        kept = self._fragments
        # The bytes of a row are its key: they tell equal probabilities at the speed of C.
        keys = np.ascontiguousarray(proba).view(self._row_bytes).ravel().tolist()
        parts = list(map(kept.get, keys))
        if None in parts:
            if len(kept) * len(self._classes) > _KEPT:
                # Replaced, not cleared: another thread may be reading it.
                kept = self._fragments = {}
            for row, part in enumerate(parts):
                if part is None:
                    prediction = self._prediction(proba[row].tolist(), int(proba[row].argmax()))
                    parts[row] = kept[keys[row]] = orjson.dumps(prediction)
        return separator.join(parts)  # type: ignore[arg-type]

    def write(
        self,
        proba: NDArray[np.float64],
        form: Format,
        *,
        header: bool = False,
        chosen: NDArray[np.intp] | None = None,
    ) -> bytes:
        """The response body for probabilities of shape (rows, classes)."""
        if form is Format.JSON:
            return b'{"predictions":[' + self._joined(proba, chosen, b",") + b"]}"
        if form is Format.JSON_LINES:
            return self._joined(proba, chosen, b"\n") + b"\n"
        if form is Format.NPY:
            return npy(proba)
        names = [self._classes[index] for index in (proba.argmax(axis=1) if chosen is None else chosen).tolist()]
        lines = [",".join([quoted(name), *map(repr, row)]) for name, row in zip(names, proba.tolist(), strict=True)]
        if header:
            lines.insert(0, ",".join(["predicted_class", *(quoted(f"probability_{name}") for name in self._classes)]))
        return ("\n".join(lines) + "\n").encode()


class ValueWriter:
    """Writes the predictions of a model without probabilities: values, or class indices where there are classes."""

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = tuple(classes)

    def predictions(self, values: NDArray[Any], chosen: object = None) -> list[dict[str, Any]]:  # noqa: ARG002
        """One object a row, as JSON has it."""
        if not self._classes:
            return [{"predicted_value": value} for value in values.tolist()]
        return [{"predicted_class": self._classes[index], "predicted_class_index": index} for index in values.tolist()]

    def write(self, values: NDArray[Any], form: Format, *, header: bool = False, chosen: object = None) -> bytes:  # noqa: ARG002
        """The response body for predictions of shape (rows,)."""
        if form is Format.JSON:
            return orjson.dumps({"predictions": self.predictions(values)})
        if form is Format.JSON_LINES:
            return b"".join(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in self.predictions(values))
        if form is Format.NPY:
            return npy(values)
        lines = [quoted(self._classes[value]) if self._classes else repr(value) for value in values.tolist()]
        if header:
            lines.insert(0, "predicted_class" if self._classes else "predicted_value")
        return ("\n".join(lines) + "\n").encode()


def numbers(outputs: NDArray[Any], form: Format) -> bytes:
    """What a model answers, shape (rows, columns) or (rows,), as rows of numbers alone: the request to a next model."""
    matrix = outputs.reshape(len(outputs), -1)
    if form is Format.NPY:
        return npy(matrix)
    rows = matrix.tolist()
    if form is Format.JSON:
        return orjson.dumps({"instances": rows})
    if form is Format.JSON_LINES:
        return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
    return "".join(",".join(map(repr, row)) + "\n" for row in rows).encode()


def npy(array: NDArray[Any]) -> bytes:
    """The array as numpy.save writes it."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def quoted(name: str) -> str:
    """A CSV cell (RFC 4180)."""
    return '"' + name.replace('"', '""') + '"' if any(mark in name for mark in ',"\r\n') else name
