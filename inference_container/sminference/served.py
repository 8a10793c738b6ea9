"""One loaded model with all that answering for it takes: how its rows look and how its predictions are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from sminference.errors import RequestError
from sminference.explain import PARTS
from sminference.formats import Format, accepted_format, content_format, welcomes_all
from sminference.parsing import Shape, parse
from sminference.predictors.estimator import RefusedRowsError
from sminference.responses import ClassifierWriter, ValueWriter, numbers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sminference.config import Settings
    from sminference.explain import ExplainOptions
    from sminference.model import Model


DESCRIPTION = "smendpoints.dev/description/v1"
_SHOWN = 300
_EXPLAINED_AT_ONCE = 32  # rows


@dataclass(frozen=True, slots=True)
class Answer:
    """A response body with its media type, and what the log and the metrics want to know about it.

    `chosen` are the predicted classes where they are not the most probable ones.
    """

    body: bytes
    media_type: str
    rows: NDArray[np.float64]
    outputs: NDArray[Any]
    chosen: NDArray[np.intp] | None = None


class Served:
    """A model behind the HTTP formats. Safe to use from several threads."""

    def __init__(self, model: Model, settings: Settings) -> None:
        self.model = model
        self.label = f"{model.name}@{model.version}"
        self.shape = Shape(model.feature_names, settings.max_rows, model.input_limit, model.missing_values)
        self._max_explained_rows = settings.max_explained_rows
        self._default_accept, self._numbers_only = settings.default_accept, settings.numbers_only
        self._writer: ClassifierWriter | ValueWriter
        if model.outputs == "probabilities":
            self._writer, self._predict = ClassifierWriter(model.classes), model.predict_proba
        else:
            self._writer, self._predict = ValueWriter(model.classes), model.predict

    def describe(self) -> dict[str, Any]:
        """What a client has to know to ask the model, ready for JSON; with the ranges of training as `baseline`.

        For clients that reach `/invocations` alone, as all of SageMaker's do; `GET /` has more of the server.
        """
        return {
            "schema": DESCRIPTION,
            "model": self.model.name,
            "version": self.model.version,
            "description": self.model.description,
            "baseline": self.model.baseline,
            "explanations": list(PARTS),
            "limits": {"rows": self.shape.max_rows, "rows_with_explanations": self._max_explained_rows},
        }

    def answer(
        self, body: bytes, content_type: str | None, accept: str | None, explain: ExplainOptions | None = None
    ) -> Answer:
        """The answer to one request body, with explanations beside the predictions where `explain` is given
        and the settings do not ask for numbers alone.

        Raises:
            RequestError: the body or its type is wrong, or what is asked for is not there; says what to send instead.
        """
        # The answer's format first: a body whose answer nobody takes is not worth parsing.
        form, header_line = accepted_format(self._default_accept if welcomes_all(accept) else accept)
        source, header = content_format(content_type)
        rows = parse(body, source, self.shape, header=header)
        try:
            outputs = self._predict(rows)
            chosen = None if self.model.decide is None else self.model.decide(rows)
        except RefusedRowsError as error:
            raise RequestError(400, f"rows: expected values that the model takes, got {str(error)[:_SHOWN]}") from error
        if self._numbers_only:
            written = numbers(outputs, form)
        elif explain is None:
            written = self._writer.write(outputs, form, header=header_line, chosen=chosen)
        else:
            written = self._explained(rows, outputs, chosen, form, explain)
        return Answer(written, form.value, rows, outputs, chosen)

    def _explained(
        self,
        rows: NDArray[np.float64],
        outputs: NDArray[Any],
        chosen: NDArray[np.intp] | None,
        form: Format,
        explain: ExplainOptions,
    ) -> bytes:
        if form not in {Format.JSON, Format.JSON_LINES}:
            raise RequestError(406, "Accept: explanations come as application/json or application/jsonlines only")
        if len(rows) > self._max_explained_rows:
            raise RequestError(
                413, f"body: expected at most {self._max_explained_rows} rows to explain, got {len(rows)}"
            )
        # Written block by block: as objects, explanations take ten times the memory of their bytes.
        parts: list[bytes] = []
        for start in range(0, len(rows), _EXPLAINED_AT_ONCE):
            block = slice(start, start + _EXPLAINED_AT_ONCE)
            try:
                explanations = self.model.explain(rows[block], outputs[block], explain)
            except ValueError as error:
                raise RequestError(400, str(error)) from error
            predictions = self._writer.predictions(outputs[block], None if chosen is None else chosen[block])
            for prediction, item in zip(predictions, explanations, strict=True):
                prediction["explanation"] = item
                parts.append(orjson.dumps(prediction, option=orjson.OPT_SERIALIZE_NUMPY))
        if form is Format.JSON:
            model = orjson.dumps({"name": self.model.name, "version": self.model.version})
            return b'{"predictions":[' + b",".join(parts) + b'],"model":' + model + b"}"
        return b"\n".join(parts) + b"\n"
