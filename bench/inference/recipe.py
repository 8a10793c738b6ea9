"""The usual recipe for a container, as the measure to beat: Flask, a bare pickle, predict and predict_proba.

`MODEL=model.pkl python -m gunicorn -w 2 recipe:app`: two workers, each for one request at a time. Written by us from
a description of it, with its faults.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
from flask import Flask, Response, jsonify, request

CLASSES = ["setosa", "versicolor", "virginica"]

app = Flask(__name__)
model = pickle.loads(Path(os.environ["MODEL"]).read_bytes())  # noqa: S301 - the recipe's own fault


@app.get("/ping")
def ping() -> tuple[str, int]:
    return "", 200


@app.post("/invocations")
def invocations() -> Response:
    rows = np.array(request.get_json()["instances"])
    predicted, probabilities = model.predict(rows), model.predict_proba(rows)
    return jsonify(
        {
            "predictions": [
                {
                    "predicted_class": CLASSES[int(index)],
                    "predicted_class_index": int(index),
                    "probabilities": dict(zip(CLASSES, map(float, row), strict=True)),
                }
                for index, row in zip(predicted, probabilities, strict=True)
            ]
        }
    )
